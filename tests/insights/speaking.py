"""Calls in which something was said, put into the database in one go."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from ingest import queries as calls
from ingest.base import db
from ingest.calls import Call, CallDetails
from insights.insight import Insight, Kind, Quote, Stance
from insights.queries import save_insights
from insights.search.search import Found
from transcribe import queries as transcripts
from transcribe.transcript import Speaker, Transcript, Turn

NOON = datetime(2026, 2, 2, 12, tzinfo=UTC)


def spoken(
    conn: db.Connection, *said: str | Turn, found: Sequence[Insight] = (), **details: Any
) -> Call:
    """A call of these turns, ten seconds each, the buyer's where nothing else is said."""
    given: dict[str, Any] = {"company": "Acme", "held_at": NOON} | details
    call = calls.add_call(conn, None, "call.json", CallDetails(**given), NOON)
    turns = tuple(
        each if isinstance(each, Turn) else Turn(Speaker.BUYER, each, 10.0 * n, 10.0 * n + 9)
        for n, each in enumerate(said)
    )
    transcripts.save(conn, call.id, Transcript(turns, 10.0 * len(turns)))
    save_insights(conn, call, found)
    conn.execute("update call set state = 'done' where id = %s", [call.id])
    return calls.get_call(conn, call.id)


def quoted(
    text: str, quote: str, label: str, kind: Kind = Kind.OBJECTION, turn: int = 0
) -> Insight:
    """An insight whose quote is in the text of that turn."""
    start = text.index(quote)
    stance = Stance.USING if kind is Kind.COMPETITOR else None
    where = Quote(quote, start, start + len(quote), 2.0, 4.0)
    return Insight(turn, kind, label, where, 0.9, kind.value, "1", stance)


def marked(answer: Found) -> list[str]:
    """The words marked, call by call and passage by passage."""
    return [
        passage.text[mark.start : mark.end]
        for call in answer.calls
        for passage in call.passages
        for mark in passage.marks
    ]
