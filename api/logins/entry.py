"""A way in for somebody named at the command line."""

from api import queries
from api.auth import create_user
from api.logins.queries import people, set_role
from api.users import Role, User
from ingest.base.db import Connection
from ingest.base.errors import Refused


class NoRole(Refused):
    """Somebody new of whom nobody said what they are here for."""

    code = "no-role"


def named(conn: Connection, name: str, role: Role | None = None, rep: str | None = None) -> User:
    """The user of this name, in the role that they have, or this one where it is said. Who is new
    needs one, but for the very first user, who is an admin. Bound to a rep where one is named.

    Raises NoRole, BadRep; LastAdmin and RoleIsTheProviders, as on the page.
    """
    known = queries.user_named(conn, name)
    if known is None:
        return create_user(conn, name, role or _of_the_first(conn, name), rep)
    if role not in (None, known.role):
        set_role(conn, known.id, role)
    return create_user(conn, name, role or known.role, rep)


def _of_the_first(conn: Connection, name: str) -> Role:
    if people(conn):
        raise NoRole(
            f"There is no user {name} yet: say with --role what they are here for, or with --name "
            "who it is; `earshot user list` shows who there is."
        )
    return Role.ADMIN
