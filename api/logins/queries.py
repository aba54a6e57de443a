"""SQL for people, their passwords and their sessions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from psycopg.errors import UniqueViolation
from psycopg.rows import class_row, kwargs_row

from api.people import LastAdmin, NameTaken, Person, RoleIsTheProviders, Session
from api.users import Role, User
from ingest.base.db import Connection
from ingest.base.errors import NotFound

_PEOPLE = """select id, name, role, created_at, disabled_at, password is not null as has_password,
                    issuer, rep from app_user"""


def _person(*, role: str, **row: Any) -> Person:
    return Person(role=Role(role), **row)


def people(conn: Connection) -> Sequence[Person]:
    """Everybody, by name."""
    with conn.cursor(row_factory=kwargs_row(_person)) as cursor:
        return cursor.execute(f"{_PEOPLE} order by lower(name)").fetchall()


def person(conn: Connection, user_id: int) -> Person:
    """One of them; NotFound."""
    with conn.cursor(row_factory=kwargs_row(_person)) as cursor:
        found = cursor.execute(f"{_PEOPLE} where id = %s", (user_id,)).fetchone()
    if found is None:
        raise NotFound(f"There is no user {user_id}.")
    return found


def add_person(conn: Connection, name: str, role: Role) -> Person:
    """Somebody new. Raises NameTaken."""
    try:
        with conn.transaction():
            row = conn.execute(
                "insert into app_user (name, role) values (%s, %s) returning id", (name, role)
            ).fetchone()
    except UniqueViolation:
        raise NameTaken(f"There is a user {name} already: choose another name.") from None
    assert row is not None, "an insert returns its row"
    return person(conn, row[0])


def set_role(conn: Connection, user_id: int, role: Role) -> None:
    """Change what somebody may. Raises NotFound, LastAdmin, RoleIsTheProviders."""
    admins = _hold_admins(conn)
    known = person(conn, user_id)
    if known.role is role:
        return
    if known.provider:
        raise RoleIsTheProviders(
            f"{known.name} gets a role from {known.provider} at each log-in: change it there."
        )
    if admins == {user_id}:
        raise LastAdmin(
            f"{known.name} is the only admin who may log in: make somebody else one first."
        )
    conn.execute("update app_user set role = %s where id = %s", (role, user_id))


def disable(conn: Connection, user_id: int, now: datetime) -> None:
    """Let somebody in no more, and end their sessions. Raises NotFound, LastAdmin."""
    admins = _hold_admins(conn)
    known = person(conn, user_id)
    if admins == {user_id}:
        raise LastAdmin(
            f"{known.name} is the only admin who may log in: make somebody else one first."
        )
    conn.execute(
        "update app_user set disabled_at = coalesce(disabled_at, %s) where id = %s", (now, user_id)
    )
    conn.execute("delete from web_session where user_id = %s", (user_id,))
    conn.execute("delete from login_link where user_id = %s", (user_id,))


def enable(conn: Connection, user_id: int) -> None:
    """Let somebody in again; tokens that were not revoked serve again. Raises NotFound."""
    person(conn, user_id)
    conn.execute("update app_user set disabled_at = null where id = %s", (user_id,))


def _hold_admins(conn: Connection) -> set[int]:
    """Who may change things, held until the transaction ends: two admins who demote each other at
    the same time come one after the other."""
    rows = conn.execute(
        """select id from app_user where role = 'admin' and disabled_at is null
           order by id for update"""
    ).fetchall()
    return {row[0] for row in rows}


# Passwords --------------------------------------------------------------------------------


def password_of(conn: Connection, name: str) -> tuple[User, str | None] | None:
    """The user of this name, case aside, who may log in, and what is kept of the password."""
    row = conn.execute(
        """select id, name, role, password from app_user
           where lower(name) = lower(%s) and disabled_at is null""",
        (name,),
    ).fetchone()
    return (User(row[0], row[1], Role(row[2])), row[3]) if row else None


def set_password(conn: Connection, user_id: int, hashed: str) -> None:
    """Keep a password's hash."""
    conn.execute("update app_user set password = %s where id = %s", (hashed, user_id))


# Sessions ---------------------------------------------------------------------------------


def sessions(conn: Connection, user_id: int, this: bytes, now: datetime) -> Sequence[Session]:
    """The browsers in which a user is logged in: this one first, then the latest."""
    with conn.cursor(row_factory=class_row(Session)) as cursor:
        return cursor.execute(
            """select created_at, browser, hash = %s as this from web_session
               where user_id = %s and expires_at > %s
               order by hash = %s desc, created_at desc""",
            (this, user_id, now, this),
        ).fetchall()


def end_sessions(conn: Connection, user_id: int, but: bytes = b"") -> None:
    """Log a user's browsers out, but for one."""
    conn.execute("delete from web_session where user_id = %s and hash <> %s", (user_id, but))


# Through a provider -----------------------------------------------------------------------


def known_by(conn: Connection, issuer: str, subject: str) -> Person | None:
    """Whom a provider knows by this subject."""
    with conn.cursor(row_factory=kwargs_row(_person)) as cursor:
        query = f"{_PEOPLE} where issuer = %s and subject = %s"
        return cursor.execute(query, (issuer, subject)).fetchone()


def add_known(conn: Connection, issuer: str, subject: str, name: str, role: Role) -> None:
    """Somebody new whom a provider vouches for; nobody where the name is taken, or the person came
    in meanwhile."""
    conn.execute(
        """insert into app_user (name, role, issuer, subject) values (%s, %s, %s, %s)
           on conflict do nothing""",
        (name, role, issuer, subject),
    )


def role_as_told(conn: Connection, user_id: int, role: Role) -> None:
    """Give somebody the role that the provider says."""
    conn.execute("update app_user set role = %s where id = %s", (role, user_id))
