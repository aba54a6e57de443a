"""Calls with insights, put into the database in one go."""

from datetime import UTC, datetime
from typing import Any

from ingest import queries as calls
from ingest.base import db
from ingest.calls import Call, CallDetails
from insights.insight import Insight, Kind, Quote, Stance
from insights.queries import save_insights

MONDAY = datetime(2026, 2, 2, 12, tzinfo=UTC)


def said(
    label: str, kind: Kind = Kind.OBJECTION, *, start: int = 0, version: str = "model-1+2"
) -> Insight:
    """A mention of a label in the first turn, 2 seconds into the call."""
    stance = Stance.USING if kind is Kind.COMPETITOR else None
    quote = Quote(f"words of {label}", start, start + 5, 2.0, 4.0)
    return Insight(0, kind, label, quote, 0.9, kind.value, version, stance)


def mined(conn: db.Connection, *found: Insight, held_at: datetime = MONDAY, **details: Any) -> Call:
    """A call in which this was found."""
    given: dict[str, Any] = {"company": "Acme", "held_at": held_at} | details
    call = calls.add_call(conn, None, "call.json", CallDetails(**given), MONDAY)
    save_insights(conn, call, found)
    conn.execute("update call set state = 'done' where id = %s", [call.id])
    return calls.get_call(conn, call.id)
