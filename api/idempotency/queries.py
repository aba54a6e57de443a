"""SQL for idempotency keys. A key comes in as the SHA-256 of who asks and of the key itself."""

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from ingest.base.db import Connection

KEPT_HOURS = 24


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of a request that came with a key before."""

    request: bytes | None  # SHA-256; None while it is at work
    status: int | None
    headers: Sequence[tuple[str, str]] | None
    body: bytes | None  # None where the answer held a secret


def begin(conn: Connection, key: bytes) -> Kept | None:
    """Take a key for the request in hand; or what is known of the one that took it before."""
    conn.execute(
        "delete from idempotency_key where created_at < now() - make_interval(hours => %s)",
        (KEPT_HOURS,),
    )
    taken = conn.execute(
        "insert into idempotency_key (key) values (%s) on conflict do nothing", (key,)
    )
    if taken.rowcount:
        return None
    with conn.cursor(row_factory=class_row(Kept)) as cursor:
        return cursor.execute(
            "select request, status, headers, body from idempotency_key where key = %s", (key,)
        ).fetchone()


def keep(conn: Connection, key: bytes, kept: Kept) -> None:
    """Note what was asked and answered."""
    conn.execute(
        """update idempotency_key set request = %s, status = %s, headers = %s, body = %s
            where key = %s""",
        (kept.request, kept.status, Jsonb(kept.headers), kept.body, key),
    )


def release(conn: Connection, key: bytes) -> None:
    """Give a key back: nothing was written under it."""
    conn.execute("delete from idempotency_key where key = %s", (key,))
