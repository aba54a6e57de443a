"""Mining again, as kept: values only."""

from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from insights.insight import Insight, Kind, Mined, MiningNote, Quote, Stance, Unlisted


class RemineState(StrEnum):
    """How far a remine has come."""

    LOOKING = "looking"  # comparing what is found now with what is kept
    LOOKED = "looked"  # waits for a person's yes; a dry run ends here
    APPLYING = "applying"
    APPLIED = "applied"


class PieceState(StrEnum):
    """How far a remine has come with one call."""

    WAITING = "waiting"
    LOOKED = "looked"
    APPLIED = "applied"
    SKIPPED = "skipped"  # on its way to be mined as it is, or without words
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Scope:
    """Which insights are looked for again; None takes all."""

    since: datetime | None = None  # calls held at or after
    company: str | None = None  # matched case aside
    kind: Kind | None = None


@dataclass(frozen=True, slots=True)
class Remine:
    """A remine, with how many calls are how far."""

    id: int
    state: RemineState
    asked_by: str
    created_at: datetime
    since: datetime | None
    company: str | None
    kind: Kind | None
    dry_run: bool
    calls: int
    waiting: int
    looked: int
    applied: int
    skipped: int
    failed: int
    appears: int  # insights, in all calls looked at
    disappears: int
    stays: int  # found again, or reviewed


@dataclass(frozen=True, slots=True)
class Piece:
    """One call of a remine, as a worker claimed it."""

    remine_id: int
    call_id: int
    kind: Kind | None
    apply: bool  # else it is only looked at
    basis: str | None  # what `found` was found in, as a checksum
    found: Mined | None  # from looking


@dataclass(frozen=True, slots=True)
class Example:
    """One insight that appears or disappears."""

    appears: bool
    quote: str
    turn: int
    call_id: int
    call_title: str


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to the insights of one label."""

    kind: Kind
    label: str
    appears: int
    disappears: int
    calls: int  # with such an insight
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class ChangedCall:
    """A call in which something appears or disappears."""

    id: int
    title: str
    held_at: datetime
    appears: int
    disappears: int


def to_json(mined: Mined) -> dict[str, Any]:
    """What mining brought, as JSON keeps it."""
    how = {"note": mined.how.note, "dropped": dict(mined.how.dropped)}
    return {
        "insights": [asdict(insight) for insight in mined.insights],
        "how": how,
        "names": [asdict(name) for name in mined.names],
    }


def from_json(kept: dict[str, Any]) -> Mined:
    """What `to_json` wrote."""
    insights = tuple(_insight(**row) for row in kept["insights"])
    names = tuple(_name(**row) for row in kept.get("names", ()))  # not kept before names were
    return Mined(insights, MiningNote(**kept["how"]), names)


def _name(*, quote: dict[str, Any], **row: Any) -> Unlisted:
    return Unlisted(quote=Quote(**quote), **row)


def _insight(
    *,
    kind: str,
    quote: dict[str, Any],
    stance: str | None,
    meaning: list[float] | None = None,  # not there in what an earlier Earshot looked at
    **row: Any,
) -> Insight:
    return Insight(
        kind=Kind(kind),
        quote=Quote(**quote),
        stance=Stance(stance) if stance else None,
        meaning=None if meaning is None else tuple(meaning),
        **row,
    )
