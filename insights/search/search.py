"""A search as values: what is looked for, where the list goes on, what is found."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from ingest.base.errors import Refused
from insights.insight import Kind, Review
from transcribe.transcript import Speaker


class NothingSought(Refused):
    """Words that no index can look for."""

    code = "nothing-sought"


class TooBroad(Refused):
    """A search that takes longer than anybody waits."""

    code = "search-too-broad"


class NoMeanings(Refused):
    """Search by meaning on a server that cannot keep meanings."""

    code = "no-meanings"
    status = 501


class By(StrEnum):
    """What is looked for."""

    WORDS = "words"
    MEANING = "meaning"


class Order(StrEnum):
    """How the calls are listed."""

    RELEVANCE = "relevance"  # those first in which it is said most, and most closely together
    NEWEST = "newest"  # of words so common that a rank would say little
    NEAREST = "nearest"  # by meaning: those first with the turn that comes nearest


@dataclass(frozen=True, slots=True)
class Among:
    """Which calls, and which of their turns, are meant; names match case aside, None asks for
    nothing. With a kind, label, confidence or review state the words have to be in such a quote."""

    company: str | None = None
    account: str | None = None
    segment: str | None = None
    stage: str | None = None
    rep: str | None = None
    lead_source: str | None = None
    campaign: str | None = None
    since: datetime | None = None  # held at or after
    until: datetime | None = None  # held before
    kind: Kind | None = None
    label: str | None = None
    min_confidence: float | None = None  # of the quote
    review: Review | None = None  # likewise; None: all but what was rejected


@dataclass(frozen=True, slots=True)
class Place:
    """Where a list goes on: after this call. A list by relevance has its rank, one by time none."""

    held_at: datetime
    call_id: int
    rank: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Range:
    """Characters [start, end) of a passage's text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Quoted:
    """An insight of a passage's turn."""

    id: int
    kind: Kind
    label: str


@dataclass(frozen=True, slots=True)
class Passage:
    """A turn in which the words are, or that means what is looked for; of a long one the best
    stretch."""

    turn: int
    speaker: Speaker
    speaker_name: str | None
    start: float | None  # seconds into the call, where its turn begins
    text: str
    marks: tuple[Range, ...]  # the words found, or the sentence that comes nearest
    insights: tuple[Quoted, ...]
    similarity: float | None = None  # by meaning: the cosine


@dataclass(frozen=True, slots=True)
class FoundCall:
    """A call in which it was found."""

    call_id: int
    title: str
    held_at: datetime
    company: str
    account: str | None
    segment: str | None
    stage: str | None
    rep: str | None
    sound: bool  # there is a recording to hear it in
    matches: int  # turns in which it was found
    passages: tuple[Passage, ...]  # the best of them, as they follow in the call
    similarity: float | None = None  # of the nearest of them


@dataclass(frozen=True, slots=True)
class Found:
    """One page of what was found."""

    order: Order
    calls: tuple[FoundCall, ...]
    more: Place | None  # where the next page begins
    in_calls: int | None  # in all; None where counting them would take too long
    in_turns: int | None
