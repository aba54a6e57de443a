"""SQL for users, tokens, sessions, log-in links and saved views.

Secrets come in as SHA-256 only.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import class_row, dict_row, kwargs_row

from api.users import Role, SavedView, Token, User
from ingest.base.db import Connection
from ingest.base.errors import NotFound, Refused

DATABASE_AWAY = psycopg.OperationalError
"""What a query or the pool raises while PostgreSQL cannot be reached."""

MOST_VIEWS = 50
"""Of a user: more than anybody finds one's way in."""

TOUCH_EVERY = timedelta(minutes=10)
"""A token's last use is written at most this often: a read should not cost a write."""


def _user(row: dict[str, Any]) -> User:
    return User(row["id"], row["name"], Role(row["role"]), row["rep"])


def _token(*, role: str, **row: Any) -> Token:
    return Token(role=Role(role), **row)


def _one_user(conn: Connection, sql: str, values: dict[str, Any]) -> User | None:
    with conn.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(sql, values).fetchone()
    return _user(row) if row else None


def put_user(conn: Connection, name: str, role: Role) -> User:
    """The user of this name (case aside), with this role from now on; new if there was none."""
    user = _one_user(
        conn,
        """insert into app_user (name, role) values (%(name)s, %(role)s)
           on conflict (lower(name)) do update set role = excluded.role
           returning id, name, role, rep""",
        {"name": name, "role": role},
    )
    assert user is not None, "an upsert returns its row"
    return user


def user_named(conn: Connection, name: str) -> User | None:
    """The user of this name, case aside."""
    query = "select id, name, role, rep from app_user where lower(name) = lower(%(name)s)"
    return _one_user(conn, query, {"name": name})


def list_users(conn: Connection) -> Sequence[User]:
    """Everybody by name."""
    with conn.cursor(row_factory=dict_row) as cursor:
        query = "select id, name, role, rep from app_user order by lower(name)"
        return [_user(row) for row in cursor.execute(query)]


def bind_user(conn: Connection, name: str, rep: str | None) -> User:
    """Have the user of this name (case aside) see this rep's calls alone; None: all calls."""
    user = _one_user(
        conn,
        """update app_user set rep = %(rep)s where lower(name) = lower(%(name)s)
           returning id, name, role, rep""",
        {"name": name, "rep": rep},
    )
    if user is None:
        raise NotFound(f"There is no user {name}: see `earshot rep list`.")
    return user


# Tokens -----------------------------------------------------------------------------------

_TOKENS = """select t.id, t.name, u.name as "user", u.role, t.created_at, t.last_used_at,
                    t.revoked_at
             from api_token t join app_user u on u.id = t.user_id"""


def add_token(conn: Connection, user_id: int, name: str, digest: bytes) -> Token:
    """Keep a new token's hash under a name that people know it by."""
    row = conn.execute(
        "insert into api_token (user_id, name, hash) values (%s, %s, %s) returning id",
        (user_id, name, digest),
    ).fetchone()
    assert row is not None, "an insert returns its row"
    with conn.cursor(row_factory=kwargs_row(_token)) as cursor:
        token = cursor.execute(f"{_TOKENS} where t.id = %s", (row[0],)).fetchone()
    assert token is not None, "it was written above"
    return token


def list_tokens(conn: Connection) -> Sequence[Token]:
    """Every token that is not revoked, the newest first."""
    with conn.cursor(row_factory=kwargs_row(_token)) as cursor:
        query = f"{_TOKENS} where t.revoked_at is null order by t.id desc"
        return cursor.execute(query).fetchall()


def revoke_token(conn: Connection, token_id: int, now: datetime) -> None:
    """End a token, and what it opened; NotFound where there is none that still works."""
    done = conn.execute(
        "update api_token set revoked_at = %s where id = %s and revoked_at is null",
        (now, token_id),
    )
    if not done.rowcount:
        raise NotFound(f"There is no token {token_id}, or it was revoked before.")
    conn.execute("delete from web_session where token_id = %s", (token_id,))


def user_by_token(conn: Connection, digest: bytes, now: datetime) -> User | None:
    """Whose token this is; notes its use now and then."""
    values = {"hash": digest, "now": now, "stale": now - TOUCH_EVERY}
    user = _one_user(
        conn,
        """select u.id, u.name, u.role, u.rep from api_token t join app_user u on u.id = t.user_id
           where t.hash = %(hash)s and t.revoked_at is null and u.disabled_at is null""",
        values,
    )
    if user:
        conn.execute(
            """update api_token set last_used_at = %(now)s where hash = %(hash)s
               and (last_used_at is null or last_used_at < %(stale)s)""",
            values,
        )
    return user


# Log-in links and sessions ----------------------------------------------------------------


def add_login_link(conn: Connection, user_id: int, digest: bytes, expires_at: datetime) -> None:
    """Keep a link's hash until it is used or expires."""
    conn.execute(
        "insert into login_link (user_id, hash, expires_at) values (%s, %s, %s)",
        (user_id, digest, expires_at),
    )


def user_by_login_link(conn: Connection, digest: bytes, now: datetime) -> User | None:
    """Whom a link would log in; does not use it up."""
    return _one_user(
        conn,
        """select u.id, u.name, u.role, u.rep from login_link l join app_user u on u.id = l.user_id
           where l.hash = %(hash)s and l.used_at is null and l.expires_at > %(now)s
             and u.disabled_at is null""",
        {"hash": digest, "now": now},
    )


def use_login_link(conn: Connection, digest: bytes, now: datetime) -> User | None:
    """Use a link up, once however many ask at the same time; None where it does not serve."""
    return _one_user(
        conn,
        """update login_link l set used_at = %(now)s from app_user u
           where l.hash = %(hash)s and l.used_at is null and l.expires_at > %(now)s
             and u.id = l.user_id and u.disabled_at is null
           returning u.id, u.name, u.role, u.rep""",
        {"hash": digest, "now": now},
    )


def add_session(
    conn: Connection,
    user_id: int,
    digest: bytes,
    expires_at: datetime,
    browser: str = "",
    token: bytes | None = None,
) -> None:
    """Keep a browser's log-in, and the token that opened it."""
    conn.execute(
        """insert into web_session (user_id, hash, expires_at, browser, token_id)
           values (%s, %s, %s, %s, (select id from api_token where hash = %s))""",
        (user_id, digest, expires_at, browser, token),
    )


def user_by_session(conn: Connection, digest: bytes, now: datetime) -> User | None:
    """Whose browser this is."""
    return _one_user(
        conn,
        """select u.id, u.name, u.role, u.rep from web_session s join app_user u on u.id = s.user_id
           where s.hash = %(hash)s and s.expires_at > %(now)s and u.disabled_at is null""",
        {"hash": digest, "now": now},
    )


def end_session(conn: Connection, digest: bytes) -> None:
    """Log a browser out."""
    conn.execute("delete from web_session where hash = %s", (digest,))


def forget_expired(conn: Connection, now: datetime) -> None:
    """Drop sessions and links that can no longer serve."""
    conn.execute("delete from web_session where expires_at <= %s", (now,))
    conn.execute("delete from login_link where expires_at <= %s", (now,))


# Saved views ------------------------------------------------------------------------------


class TooManyViews(Refused):
    """One more view than a user may keep."""

    code = "too-many-views"


def saved_views(conn: Connection, user_id: int) -> Sequence[SavedView]:
    """A user's views by name."""
    with conn.cursor(row_factory=class_row(SavedView)) as cursor:
        query = "select id, name, query from saved_view where user_id = %s order by lower(name)"
        return cursor.execute(query, (user_id,)).fetchall()


def save_view(conn: Connection, user_id: int, name: str, query: str) -> None:
    """Keep a view, in place of one of the same name (case aside). Raises TooManyViews."""
    # Whoever saves holds the user's row, so that two at a time do not pass the limit together.
    conn.execute("select 1 from app_user where id = %s for update", (user_id,))
    conn.execute(
        """insert into saved_view (user_id, name, query) values (%s, %s, %s)
           on conflict (user_id, lower(name)) do update
           set name = excluded.name, query = excluded.query""",
        (user_id, name, query),
    )
    if len(saved_views(conn, user_id)) > MOST_VIEWS:
        raise TooManyViews(f"You keep {MOST_VIEWS} views already: remove one before.")


def delete_view(conn: Connection, user_id: int, view_id: int) -> None:
    """Forget a user's view; NotFound where there is none, or it is somebody else's."""
    done = conn.execute("delete from saved_view where id = %s and user_id = %s", (view_id, user_id))
    if not done.rowcount:
        raise NotFound(f"You have no saved view {view_id}.")
