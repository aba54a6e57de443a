"""How the pages tell for how long something is kept: the values of the part of Settings, and of a
call's page."""

from dataclasses import dataclass
from datetime import UTC, datetime

from ingest.base.db import Connection
from ingest.calls import Call
from ingest.leftovers.queries import Remains, remains
from ingest.retention import queries
from ingest.retention.rule import Bounds, Change, Counts, Hold, Kept, Preview, Rule, Run, day
from insights.digest import count_words

RUNS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Offer:
    """Periods that somebody looks at before they are kept to."""

    rule: Rule
    version: int  # of the rule that was in force then
    told: str
    preview: Preview


@dataclass(frozen=True, slots=True)
class Keeping:
    """The part of Settings."""

    kept: Kept
    told: str
    offer: Offer | None
    last: Run | None
    stopped: str | None  # why the last run let nothing go
    runs: tuple[Run, ...]
    changes: tuple[Change, ...]
    holds: tuple[Hold, ...]
    remains: Remains | None


def keeping(conn: Connection, wanted: Rule | None = None) -> Keeping:
    """The rule, what came of it, and what `wanted` would do in its place."""
    kept = queries.kept(conn)
    runs = queries.runs(conn, RUNS_SHOWN)
    last = runs[0] if runs else None
    return Keeping(
        kept=kept,
        told=rule_words(kept.rule),
        offer=_offer(conn, kept, wanted) if wanted else None,
        last=last,
        stopped=last.stopped if last and last.started_at > kept.changed_at else None,
        runs=tuple(runs),
        changes=tuple(queries.changes(conn, RUNS_SHOWN)),
        holds=tuple(queries.holds(conn)),
        remains=remains(conn),
    )


def _offer(conn: Connection, kept: Kept, wanted: Rule) -> Offer:
    found = queries.preview(conn, wanted)
    return Offer(wanted, kept.version, going_words(found, wanted), found)


def rule_words(rule: Rule | Change) -> str:
    """ "Recordings are kept for 90 days after the call was held, all else for ever." """
    sound, calls = rule.recording_days, rule.call_days
    since = " after the call was held" if sound or calls else ""
    if sound is None:
        return f"Calls and their recordings are kept {_lasting(calls)}{since}."
    return f"Recordings are kept {_lasting(sound)}{since}, all else {_lasting(calls)}."


def _lasting(days: int | None) -> str:
    return "for ever" if days is None else f"for {count_words(days, 'day')}"


def going_words(found: Preview, rule: Rule) -> str:
    """What would go, in one or two sentences."""
    if not rule.limits:
        return "Nothing goes."
    now = f"{counted(found.now)} would go tonight" if found.now else "Nothing would go tonight"
    if found.soon == found.now:
        return f"{now}, nothing more within 30 days."
    return f"{now}; within 30 days{', with those,' if found.now else ''} {counted(found.soon)}."


def counted(counts: Counts | Run) -> str:
    """ "12 recordings and 3 whole calls"."""
    parts = [
        count_words(counts.recordings, "recording") if counts.recordings else "",
        count_words(counts.calls, "whole call") if counts.calls else "",
    ]
    return " and ".join(part for part in parts if part) or "Nothing"


def left_words(found: Preview | Run) -> str:
    """What is past and stays; empty where nothing does."""
    parts = [
        f"{count_words(found.held, 'call')} on hold" if found.held else "",
        f"{count_words(found.busy, 'call')} on the way" if found.busy else "",
    ]
    told = " and ".join(part for part in parts if part)
    return f"{told} stay{'s' if found.held + found.busy == 1 else ''}." if told else ""


def kept_words(conn: Connection, call: Call, now: datetime) -> str:
    """For how long a call is there; empty where it has no end."""
    return _until(queries.ends_of(conn, call), now)


def gone_words(call: Call) -> str:
    """Why there is nothing to play; empty where there is, or never was."""
    at = call.recording_gone_at
    if at is None:
        return ""
    return f"The recording went on {day(at)} by the retention rule; the transcript stays."


def _until(ends: Bounds, now: datetime) -> str:
    if ends.sound and ends.sound != ends.calls:
        whole = f", the call until {_last(ends.calls, now)}" if ends.calls else ""
        return f"The recording is kept until {_last(ends.sound, now)}{whole}."
    return f"The call is kept until {_last(ends.calls, now)}." if ends.calls else ""


def _last(end: datetime, now: datetime) -> str:
    """The day to whose end something is there: it goes with the first run after it is past."""
    return day(max(end, now).astimezone(UTC))
