"""Lead quality as values: what the database counts, and the answer."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from insights.digest import ENOUGH_CALLS
from insights.evaluate import Share
from insights.trends.contrast import Contrast
from insights.trends.trend import Dimension, Question

BY = (Dimension.LEAD_SOURCE, Dimension.CAMPAIGN)
"""Where a lead may come from; None as the name of either: it was not noted."""

ENOUGH_LEADS = ENOUGH_CALLS
"""Below so many leads a median tells of single ones."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How many buyers the calls of one origin are held with."""

    group: str | None  # in lower case, as in all that is counted here
    accounts: int


@dataclass(frozen=True, slots=True)
class Wait:
    """How long leads of one origin waited for their first call."""

    group: str | None
    leads: int
    quartiles: tuple[timedelta, timedelta, timedelta]  # a quarter, half, three quarters of them

    @property
    def enough(self) -> bool:
        """Whether there are leads enough for quartiles to say something."""
        return self.leads >= ENOUGH_LEADS


@dataclass(frozen=True, slots=True)
class Lead:
    """One lead and its first call."""

    group: str | None
    account: str | None
    call_id: int
    title: str
    created_at: datetime
    held_at: datetime
    wait: timedelta


@dataclass(frozen=True, slots=True)
class Objected:
    """One objection in the calls of one origin."""

    label: str
    mentions: int
    calls: Share  # of those of the origin
    contrast: Contrast | None  # None of what is not noted, which is compared with nothing

    @property
    def told(self) -> bool:
        """Whether it stands out."""
        return self.contrast is not None and self.contrast.told


@dataclass(frozen=True, slots=True)
class Origin:
    """A lead source or a campaign."""

    group: str | None
    calls: int  # mined
    accounts: int
    objections: tuple[Objected, ...]  # one each that came up anywhere, as in `Leads.labels`
    wait: Wait | None  # None where no first call was held, or no lead is dated
    slowest: tuple[Lead, ...]  # the leads that waited longest


@dataclass(frozen=True, slots=True)
class Leads:
    """The answer."""

    question: Question
    by: Dimension
    calls: int  # mined
    labels: tuple[str, ...]  # objections, most calls first
    origins: tuple[Origin, ...]  # most calls first; what is not noted last
    wait: Wait | None  # of all leads
