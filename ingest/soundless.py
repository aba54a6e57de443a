"""Calls brought as transcripts, without sound: each once, known again by its words."""

from dataclasses import replace
from datetime import datetime

from ingest import queries
from ingest.base.db import Connection
from ingest.calls import Accepted, Call, CallDetails
from ingest.details import clean_filename, default_title, for_rep
from ingest.intake import fill_in


def call_by_words(conn: Connection, sha256: str) -> Call | None:
    """The call brought as the transcript of that SHA-256 (hex)."""
    row = conn.execute(
        "select id from call where words_sha256 = decode(%s, 'hex')", [sha256]
    ).fetchone()
    return queries.get_call(conn, row[0]) if row else None


def take(
    conn: Connection,
    sha256: str,
    filename: str,
    details: CallDetails,
    now: datetime,
    rep: str | None = None,
) -> Accepted:
    """Add the call of a transcript, to be mined, or find it and note what was not known of it.

    The caller keeps the words of a new one and queues it, in this transaction; until its end
    others who bring the same words wait. Raises BadMetadata and, where who brings it is bound to
    another `rep`, AnotherReps, with nothing written.
    """
    details = for_rep(details, rep)
    _take_turns(conn, sha256)
    if known := call_by_words(conn, sha256):
        return Accepted(fill_in(conn, known, details, rep), duplicate=True)
    filename = clean_filename(filename)
    titled = replace(details, title=details.title or default_title(filename))
    return Accepted(queries.add_call(conn, None, filename, titled, now, words_sha256=sha256))


def _take_turns(conn: Connection, sha256: str) -> None:
    """There is no row yet to hold, so it is a number made of the hash."""
    number = int.from_bytes(bytes.fromhex(sha256)[:8], signed=True)
    conn.execute("select pg_advisory_xact_lock(%s)", [number])


def recordings_before(conn: Connection, call_id: int) -> list[int]:
    """The recordings that wait to be mined, the oldest first, where that call is a transcript:
    a history of thousands must not keep today's calls waiting."""
    rows = conn.execute(
        """select id from call
            where state = 'heard' and audio_sha256 is not null
              and exists (select from call brought
                           where brought.id = %s and brought.audio_sha256 is null)
            order by id""",
        [call_id],
    )
    return [number for (number,) in rows]
