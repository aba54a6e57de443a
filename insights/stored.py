"""Insights and rivals as kept: values only."""

from dataclasses import dataclass
from datetime import date, datetime

from insights.insight import Competitor, Kind, Review, Stance
from transcribe.transcript import Speaker


@dataclass(frozen=True, slots=True)
class StoredInsight:
    """One mention with who said it, where and when, so that a list needs no other look-up."""

    id: int
    call_id: int
    turn: int
    kind: Kind
    label: str
    stance: Stance | None  # competitors only
    unlisted: bool
    quote: str
    char_start: int  # of the quote in its turn's text
    char_end: int
    start: float | None  # seconds into the call
    end: float | None
    confidence: float
    detector: str
    version: str
    review: Review
    found_label: str | None  # as its detector had it, where a person set another
    found_stance: Stance | None
    competitor_id: int | None
    theme_id: int | None
    call_title: str
    held_at: datetime
    company_id: int
    account_id: int | None
    account: str | None
    segment: str | None
    rep: str | None
    speaker: Speaker  # unknown where the turn is gone
    speaker_name: str | None
    mined_label: str | None = None  # a request's theme in the words of who found it
    sound: bool = True  # there is a recording to hear it in


@dataclass(frozen=True, slots=True)
class InsightFilter:
    """Which insights are wanted; None asks for nothing."""

    call_id: int | None = None
    company: str | None = None  # names match case aside
    kind: Kind | None = None
    label: str | None = None
    stance: Stance | None = None
    account: str | None = None
    segment: str | None = None
    rep: str | None = None
    since: datetime | None = None  # held at or after
    until: datetime | None = None  # held before
    review: Review | None = None
    min_confidence: float | None = None
    stage: str | None = None
    lead_source: str | None = None
    campaign: str | None = None
    rival: str | None = None  # named in the call
    rejected: bool | None = None  # by a person; what is, counts nowhere


@dataclass(frozen=True, slots=True)
class Position:
    """Where a list of insights goes on: after this one, newest call first."""

    held_at: datetime
    id: int


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """A rival as a company's catalogue has it."""

    id: int
    company_id: int
    company: str
    name: str
    aliases: tuple[str, ...]

    @property
    def competitor(self) -> Competitor:
        """The rival as the miner needs it."""
        return Competitor(self.name, self.aliases)


@dataclass(frozen=True, slots=True)
class Seller:
    """Who sells, by id and name."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Company:
    """A selling company, with what its catalogue must not hold: its own names."""

    id: int
    name: str
    product: str | None
    calls: int
    rivals: int


@dataclass(frozen=True, slots=True, order=True)
class Difference:
    """A roll-up row that does not agree with the insights it sums up."""

    day: date
    company_id: int
    account_id: int  # 0 for calls without an account
    kind: str  # empty: the row of `daily_calls`
    label: str
    kept_mentions: int
    kept_calls: int
    counted_mentions: int
    counted_calls: int
