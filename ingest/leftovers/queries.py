"""SQL for sound that is to be taken out of the store: the table `leftover`.

It is noted in the transaction that lets go of a recording, and removed after that is committed; a
process that dies in between leaves a row, and the next run removes what it names. Sound on its way
into the store is noted as well, before its first byte lies there, and struck out by the transaction
that makes its call: so what an upload that was killed left behind is found, and no folder or bucket
has to be searched for what might be somebody else's.
"""

from dataclasses import dataclass

from ingest.base.db import Connection

ARRIVAL_HOURS = 24
"""Within this time sound that lies in the store is a call's, or nobody brings it any more."""

AGAIN_MINUTES = 10
"""How long a store that did not answer is left alone."""


@dataclass(frozen=True, slots=True)
class Remains:
    """Sound that could not be taken out of the store yet."""

    count: int
    trouble: str  # the latest


def expect(conn: Connection, sha256: str) -> None:
    """Note that this sound (SHA-256 in hex) is about to be stored; waits where it is just being
    removed."""
    conn.execute(
        """insert into leftover (sha256, due_at)
           values (decode(%s, 'hex'), now() + make_interval(hours => %s))
           on conflict (sha256) do update set due_at = excluded.due_at, trouble = null""",
        [sha256, ARRIVAL_HOURS],
    )


def forget(conn: Connection, sha256: str) -> None:
    """Strike a sound out: a call needs it, or it is removed."""
    conn.execute("delete from leftover where sha256 = decode(%s, 'hex')", [sha256])


def leave(conn: Connection, sha256: str) -> None:
    """Note that no call needs this sound any more."""
    conn.execute(
        """insert into leftover (sha256, due_at) values (decode(%s, 'hex'), now())
           on conflict (sha256) do update set due_at = excluded.due_at""",
        [sha256],
    )


def leave_orphans(conn: Connection) -> None:
    """Note the sound of recordings that are no call's, and forget these."""
    conn.execute(
        """with orphan as (delete from audio where not exists
                              (select from call where call.audio_sha256 = audio.sha256)
                           returning sha256)
           insert into leftover (sha256, due_at) select sha256, now() from orphan
           on conflict (sha256) do nothing"""
    )


def next_due(conn: Connection, sha256: str | None = None) -> str | None:
    """A sound (hex) that is to be removed now, this one or any, held until the transaction ends."""
    row = conn.execute(
        """select encode(sha256, 'hex') from leftover
            where due_at <= now() and sha256 = coalesce(decode(%s, 'hex'), sha256)
              and not exists (select from audio where audio.sha256 = leftover.sha256)
            order by due_at limit 1 for update skip locked""",
        [sha256],
    ).fetchone()
    return row[0] if row else None


def put_off(conn: Connection, sha256: str, trouble: str) -> None:
    """Try again later to remove it, and say why it could not be."""
    conn.execute(
        """update leftover set due_at = now() + make_interval(mins => %s), trouble = %s
            where sha256 = decode(%s, 'hex')""",
        [AGAIN_MINUTES, trouble, sha256],
    )


def remains(conn: Connection) -> Remains | None:
    """What could not be removed yet; None where all went well."""
    row = conn.execute(
        """select count(*), (array_agg(trouble order by due_at desc))[1]
             from leftover where trouble is not null"""
    ).fetchone()
    return Remains(*row) if row and row[0] else None
