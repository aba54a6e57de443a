"""Trends as values: what is asked, what the database counts, what is answered."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from ingest.base.errors import Refused
from insights.digest import ENOUGH_CALLS, Week
from insights.evaluate import Share
from insights.insight import Kind, Review

MOST_PERIODS = 120
"""Periods in one answer: ten years of months, two of weeks, four months of days."""


class BadSpan(Refused):
    """A time that no answer can be about."""

    code = "bad-span"


class Unit(StrEnum):
    """How long one period is."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Dimension(StrEnum):
    """What trends are split by; each is also the name of a filter."""

    SEGMENT = "segment"
    STAGE = "stage"
    REP = "rep"
    LEAD_SOURCE = "lead_source"
    CAMPAIGN = "campaign"
    COMPANY = "company"


class Verdict(StrEnum):
    """What can be said of a label's change."""

    MORE = "more"
    LESS = "less"
    UNSURE = "unsure"  # what there is may well be chance
    RARE = "rare"  # in so few calls that no distribution of them would be telling
    TOO_FEW_CALLS = "too_few_calls"


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A day, an ISO week or a month, in UTC."""

    unit: Unit
    start: date

    @classmethod
    def of(cls, unit: Unit, day: date) -> "Period":
        """The period that a day lies in."""
        match unit:
            case Unit.DAY:
                return cls(unit, day)
            case Unit.WEEK:
                return cls(unit, Week.of(day).monday)
            case Unit.MONTH:
                return cls(unit, day.replace(day=1))

    @property
    def stop(self) -> date:
        """The first day after it."""
        match self.unit:
            case Unit.DAY:
                return self.start + timedelta(1)
            case Unit.WEEK:
                return self.start + timedelta(7)
            case Unit.MONTH:
                return (self.start.replace(day=1) + timedelta(31)).replace(day=1)

    @property
    def name(self) -> str:
        """ISO 8601: 2026-02-09, 2026-W07 or 2026-02."""
        match self.unit:
            case Unit.DAY:
                return self.start.isoformat()
            case Unit.WEEK:
                return str(Week.of(self.start))
            case Unit.MONTH:
                return f"{self.start:%Y-%m}"


def periods(unit: Unit, since: date, until: date) -> tuple[Period, ...]:
    """The whole periods in which the days since ≤ day < until lie, oldest first. Raises BadSpan."""
    if since >= until:
        raise BadSpan(f"{since} to {until} holds no day: let “since” be before “until”.")
    found = [Period.of(unit, since)]
    while found[-1].stop < until:
        found.append(Period.of(unit, found[-1].stop))
        if len(found) > MOST_PERIODS:
            raise BadSpan(
                f"{since} to {until} are more than {MOST_PERIODS} {unit}s:"
                f" ask for a shorter time{'' if unit is Unit.MONTH else ', or for longer periods'}."
            )
    return tuple(found)


def last_periods(unit: Unit, number: int, until: date) -> tuple[Period, ...]:
    """So many periods, the last with the day before `until` in it."""
    found = [Period.of(unit, until - timedelta(1))]
    while len(found) < number:
        found.insert(0, Period.of(unit, found[0].start - timedelta(1)))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which calls are meant, and which of their mentions count; names match case aside, None asks
    for nothing."""

    company: str | None = None
    account: str | None = None
    segment: str | None = None
    stage: str | None = None
    rep: str | None = None
    lead_source: str | None = None
    campaign: str | None = None
    rival: str | None = None  # named in the call
    min_confidence: float | None = None  # of the mentions that count
    review: Review | None = None  # likewise; None: all but what was rejected

    @property
    def whole(self) -> bool:
        """Whether all mentions count that stand."""
        return self.min_confidence is None and self.review is None

    def also(self, dimension: Dimension, group: str) -> "Filter":
        """Of these calls, those of one group."""
        named: dict[str, Any] = {dimension.value: group}
        return replace(self, **named)


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody wants to know."""

    kind: Kind
    periods: tuple[Period, ...]  # neighbours, oldest first; one at least
    among: Filter = Filter()
    label: str | None = None  # only this one, case aside
    by: Dimension | None = None

    @property
    def unit(self) -> Unit:
        return self.periods[0].unit

    @property
    def since(self) -> date:
        return self.periods[0].start

    @property
    def until(self) -> date:
        """The first day after it."""
        return self.periods[-1].stop


@dataclass(frozen=True, slots=True)
class CallCount:
    """Calls mined, of one period and group."""

    start: date  # of the period
    group: str | None  # the value of what is split by; None: not known, or nothing is split
    calls: int


class LabelCount(NamedTuple):
    """One label in one period and group; a tuple, as there may be twenty thousand."""

    start: date
    group: str | None
    label: str
    mentions: int
    calls: int  # with at least one


class Weight(NamedTuple):
    """In how many calls one series came up; a tuple, as there may be thousands."""

    label: str
    group: str | None
    calls: int  # in all the time asked for
    now: int  # in the later of the two spans compared
    before: int  # in the earlier one


@dataclass(frozen=True, slots=True)
class Weighed:
    """The series that may be told, where most are not."""

    weights: tuple[Weight, ...]
    series: int  # that there are in all


@dataclass(frozen=True, slots=True)
class Point:
    """One label in one period."""

    mentions: int
    share: Share  # of the calls mined, those with at least one mention

    @property
    def enough(self) -> bool:
        """Whether there are calls enough for the share to say something."""
        return self.share.total >= ENOUGH_CALLS


@dataclass(frozen=True, slots=True)
class Change:
    """The latest whole periods of a label beside as many before."""

    now: Share
    before: Share
    verdict: Verdict
    chance: float | None = None  # p: how likely chance alone differs as much; None: not tested
    false_rate: float | None = None  # q: the share of false alarms if all as sure are told

    @property
    def told(self) -> bool:
        """Whether it is more than chance."""
        return self.verdict in (Verdict.MORE, Verdict.LESS)


@dataclass(frozen=True, slots=True)
class Heaviest:
    """The series that an answer has: changes that are told first, then what came up most."""

    judged: tuple[tuple[Weight, Change | None], ...]
    of: int  # series that there are in all


@dataclass(frozen=True, slots=True)
class Counts:
    """What the database holds for a question."""

    calls: tuple[CallCount, ...]
    labels: tuple[LabelCount, ...]
    versions: tuple[tuple[date, str], ...]  # of the detectors, by the start of their periods
    heaviest: Heaviest | None = None  # whose `labels` these are; None where they are of all series


@dataclass(frozen=True, slots=True)
class Series:
    """One label, of one group where a question splits."""

    label: str
    group: str | None
    points: tuple[Point, ...]  # one a period
    change: Change | None  # None where nothing is compared

    @property
    def told(self) -> bool:
        """Whether a change is told."""
        return self.change is not None and self.change.told


@dataclass(frozen=True, slots=True)
class Compared:
    """Two spans of equally many whole periods, one right after the other."""

    before: tuple[Period, ...]
    now: tuple[Period, ...]
    versions: tuple[str, ...]  # of the detectors that found what is compared

    @property
    def across(self) -> bool:
        """Whether a change may be the detector's rather than the buyers'."""
        return len(self.versions) > 1


@dataclass(frozen=True, slots=True)
class Trends:
    """The answer."""

    question: Question
    today: date
    calls: tuple[int, ...]  # mined, one number a period, of all groups
    series: tuple[Series, ...]  # changes that are told first, then what came up in most calls
    first: int  # series before those
    left_out: int  # series beyond those, each in fewer calls
    marks: tuple[Period, ...]  # in which another version of the detector set in
    compared: Compared | None  # None where there are no two whole periods

    def whole(self, period: Period) -> bool:
        """Whether the period is over."""
        return period.stop <= self.today
