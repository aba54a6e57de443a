"""Heard batches in PostgreSQL: the table `heard_batch`."""

from ingest.base.db import Connection
from transcribe.kept.batch import HeardBatch, from_json, to_json


def keep(conn: Connection, call_id: int, ear: str, number: int, batch: HeardBatch) -> None:
    """Keep a batch, in place of one that could not be used; the caller holds the call's lease, and
    commits."""
    conn.execute(
        """insert into heard_batch (call_id, ear, number, content) values (%s, %s, %s, %s::jsonb)
           on conflict (call_id, ear, number) do update set content = excluded.content""",
        [call_id, ear, number, to_json(batch)],
    )


def batches(conn: Connection, call_id: int) -> dict[int, HeardBatch]:
    """What is kept of a call, by its number; what cannot be read is left out."""
    rows = conn.execute(
        "select number, content::text from heard_batch where call_id = %s order by number",
        [call_id],
    )
    read = ((number, from_json(content)) for number, content in rows)
    return {number: batch for number, batch in read if batch is not None}


def forget_other_ears(conn: Connection, call_id: int, owner: str, ear: str) -> None:
    """Remove what another model or other settings heard, if `owner` has the call's lease; the
    caller commits."""
    conn.execute(
        """with held as (select id from call where id = %s and lease_owner = %s for update)
           delete from heard_batch using held where call_id = held.id and ear <> %s""",
        [call_id, owner, ear],
    )


def forget(conn: Connection, call_id: int) -> None:
    """Remove all of a call: its transcript is saved; the caller commits."""
    conn.execute("delete from heard_batch where call_id = %s", [call_id])
