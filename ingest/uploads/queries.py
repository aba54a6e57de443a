"""SQL for uploads in pieces. Nothing here commits."""

from collections.abc import Collection, Mapping
from typing import Any

from psycopg import sql
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from ingest.base.db import Connection
from ingest.base.errors import NotFound
from ingest.uploads.upload import Unfinished, Upload

KEPT_HOURS = 24
"""An upload to which nothing comes for so long is forgotten."""

_COLUMNS = sql.SQL("id, bytes, metadata, expires_at, call_id, refusal")


def add(conn: Connection, user_id: int, size: int, metadata: str) -> Upload:
    """A new upload of this user's, of which nothing has come yet."""
    query = sql.SQL(
        """insert into upload (user_id, bytes, metadata, expires_at)
           values (%s, %s, %s, now() + make_interval(hours => %s)) returning {}"""
    ).format(_COLUMNS)
    with conn.cursor(row_factory=class_row(Upload)) as cursor:
        return cursor.execute(query, (user_id, size, metadata, KEPT_HOURS)).fetchall()[0]


def unfinished(conn: Connection, user_id: int) -> Unfinished:
    """What this user has begun and not finished. Until the transaction ends the user begins
    nothing else: of two requests at once the second counts the first's."""
    conn.execute("select from app_user where id = %s for no key update", (user_id,))
    with conn.cursor(row_factory=class_row(Unfinished)) as cursor:
        return cursor.execute(
            """select count(*), coalesce(sum(bytes), 0)::bigint as bytes,
                      (array_agg(id order by expires_at))[1] as oldest
                 from upload where user_id = %s
                  and call_id is null and refusal is null and expires_at > now()""",
            (user_id,),
        ).fetchall()[0]


def get(conn: Connection, user_id: int, upload_id: str) -> Upload:
    """This user's upload. Raises NotFound, also where it has expired or is another's."""
    query = sql.SQL(
        "select {} from upload where id = %s and user_id = %s and expires_at > now()"
    ).format(_COLUMNS)
    with conn.cursor(row_factory=class_row(Upload)) as cursor:
        found = cursor.execute(query, (upload_id, user_id)).fetchone()
    if found is None:
        raise NotFound("There is no such upload of yours, or it has expired: begin a new one.")
    return found


def rep_of_user(conn: Connection, upload_id: str) -> str | None:
    """The rep that the upload's user is bound to."""
    row = conn.execute(
        "select rep from app_user where id = (select user_id from upload where id = %s)",
        (upload_id,),
    ).fetchone()
    return row[0] if row else None


def put_off(conn: Connection, user_id: int, upload_id: str) -> Upload:
    """The same, its last hours counted anew, as something comes. Raises NotFound."""
    conn.execute(
        """update upload set expires_at = now() + make_interval(hours => %s)
            where id = %s and user_id = %s and expires_at > now()""",
        (KEPT_HOURS, upload_id, user_id),
    )
    return get(conn, user_id, upload_id)


def among(conn: Connection, upload_ids: Collection[str]) -> dict[str, Upload]:
    """Those of these uploads that there are and that have not ended, by their ids."""
    query = sql.SQL(
        "select {} from upload where id = any(%s) and call_id is null and refusal is null"
    ).format(_COLUMNS)
    with conn.cursor(row_factory=class_row(Upload)) as cursor:
        return {found.id: found for found in cursor.execute(query, (list(upload_ids),))}


def became(conn: Connection, upload_id: str, call_id: int) -> None:
    """Note the call that an upload became."""
    conn.execute("update upload set call_id = %s where id = %s", (call_id, upload_id))


def refuse(conn: Connection, upload_id: str, refusal: Mapping[str, Any]) -> None:
    """Note why a whole upload became no call."""
    conn.execute("update upload set refusal = %s where id = %s", (Jsonb(refusal), upload_id))


def remove(conn: Connection, upload_id: str) -> None:
    """Forget an upload; its call stays."""
    conn.execute("delete from upload where id = %s", (upload_id,))


def forget_expired(conn: Connection) -> None:
    """Forget what has expired."""
    conn.execute("delete from upload where expires_at < now()")
