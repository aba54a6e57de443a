"""Rivals over some weeks as values: what the database counts, and the answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from insights.digest import Mention
from insights.evaluate import Share
from insights.insight import Stance
from insights.trends.contrast import Contrast
from insights.trends.trend import Series, Trends


@dataclass(frozen=True, slots=True)
class Named:
    """How often one rival was named."""

    label: str
    mentions: int
    calls: int
    accounts: int


@dataclass(frozen=True, slots=True)
class Stood:
    """Mentions of one rival in one stance."""

    label: str
    stance: Stance
    mentions: int


@dataclass(frozen=True, slots=True)
class Together:
    """Calls in which a rival is named and an objection is made."""

    label: str
    objection: str
    calls: int


@dataclass(frozen=True, slots=True)
class Deal:
    """A buyer whose deal was won or lost: all calls with an account are one deal, and a call
    without an account is one by itself. The last outcome noted is the deal's."""

    account: str | None
    call_id: int  # that says how it ended
    title: str
    ended_at: datetime
    value_usd: Decimal | None
    won: bool
    rivals: tuple[str, ...]  # named in any of its calls


@dataclass(frozen=True, slots=True)
class Counts:
    """What the database holds beside the trends."""

    named: tuple[Named, ...]
    stood: tuple[Stood, ...]
    together: tuple[Together, ...]
    objected: dict[str, int]  # calls by objection
    deals: tuple[Deal, ...]  # the latest first


@dataclass(frozen=True, slots=True)
class Companion:
    """An objection that comes up with a rival more, or less, than without it."""

    label: str
    contrast: Contrast  # calls in which the rival is named, beside those in which it is not


@dataclass(frozen=True, slots=True)
class Rival:
    """One rival."""

    label: str
    listed: bool  # in the catalogue
    voice: Share  # of the mentions of all rivals
    calls: Share  # of the calls mined
    accounts: int
    series: Series  # week by week, with its change
    stances: tuple[Stood, ...]  # most mentions first
    objections: tuple[Companion, ...]  # that stand out
    won: Contrast  # of the deals decided in which it was named, beside those in which it was not
    deals: tuple[Deal, ...]  # in which it was named


@dataclass(frozen=True, slots=True)
class Rivals:
    """The answer."""

    trends: Trends
    calls: int  # mined
    rivals: Sequence[Rival]  # changes that are told first, then those named in most calls
    unnamed: tuple[str, ...]  # in the catalogue, and not named by anybody
    pairs: int  # of a rival and an objection that were looked at
    won: Share  # of all deals decided


@dataclass(frozen=True, slots=True)
class Voices:
    """What was said of one rival in one stance."""

    stance: Stance
    mentions: int
    quotes: tuple[Mention, ...]  # the latest
