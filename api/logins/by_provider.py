"""Whom the provider let in, as a user of Earshot: known by issuer and subject alone."""

from api.logins import queries
from api.logins.vouched import NotVouched, Vouched
from api.people import LONGEST_NAME, BadName, Person, clean_name, names_like
from api.users import Role, User
from ingest.base.db import Connection


def user_of(conn: Connection, vouched: Vouched, provider: str) -> User:
    """The user, new if there was none, in the role that the provider says. Raises NotVouched."""
    known = queries.known_by(conn, vouched.issuer, vouched.subject)
    if vouched.role is None:
        if known:
            queries.end_sessions(conn, known.id)
            conn.commit()  # what follows refuses, which would take it back
        raise NotVouched(
            f"{provider} knows you, but gives you no role in Earshot: ask your administrator for"
            " one."
        )
    person = known or _new(conn, vouched, vouched.role)
    if person.disabled_at:
        raise NotVouched(f"{person.name} may not log in any more: ask an admin of Earshot.")
    queries.role_as_told(conn, person.id, vouched.role)
    return User(person.id, person.name, vouched.role)


def _new(conn: Connection, vouched: Vouched, role: Role) -> Person:
    """Somebody new, by a name that nobody has: never a user who was here before."""
    try:
        wanted = clean_name(vouched.name[:LONGEST_NAME])
    except BadName:
        wanted = "Somebody"
    for name in names_like(wanted):
        queries.add_known(conn, vouched.issuer, vouched.subject, name, role)
        if person := queries.known_by(conn, vouched.issuer, vouched.subject):
            break
    assert person is not None, "there is always another number"
    return person
