"""Themes as kept: values only."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from insights.insight import Review


class SuggestionState(StrEnum):
    """What became of a doubt whether two themes are one."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REFUSED = "refused"


class Status(StrEnum):
    """What product makes of a theme."""

    NEW = "new"
    PLANNED = "planned"
    SHIPPED = "shipped"
    DECLINED = "declined"


class Rank(StrEnum):
    """What goes first in a list of themes."""

    ACCOUNTS = "accounts"
    VALUE = "value"
    RECENCY = "recency"


class Act(StrEnum):
    """What a person does to themes."""

    RENAME = "rename"
    MERGE = "merge"
    SPLIT = "split"
    SAME = "same"  # a suggestion accepted, which merges
    DIFFERENT = "different"  # a suggestion refused
    STATUS = "status"
    LINK = "link"  # to an issue elsewhere, or none any more
    UNDO = "undo"


@dataclass(frozen=True, slots=True)
class Theme:
    """One wish of a company's buyers, with how much stands behind it. What a person rejected does
    not count.

    An account is worth the largest deal in whose calls the wish was said; where no deal's value is
    known there, what the account itself is worth. Status and link are the whole's: those of a theme
    merged into it rest until that is undone.
    """

    id: int
    company_id: int
    company: str
    name: str
    aliases: tuple[str, ...]  # other names that mean it, also those of themes merged into it
    created_at: datetime
    status: Status
    status_since: datetime | None  # None while nobody has said anything
    issue_url: str | None
    mentions: int
    calls: int
    accounts: int  # distinct
    value_usd: Decimal  # of all accounts
    account_value_usd: Decimal  # the part of it that accounts are worth, not deals
    last_heard: datetime | None  # None where nothing stands behind it any more
    calls_since_shipped: int  # held after it was said to be shipped; 0 unless it is


@dataclass(frozen=True, slots=True)
class ThemeFilter:
    """Which themes are wanted, and which of their mentions count; None asks for nothing."""

    company: int | None = None
    status: Status | None = None
    account: str | None = None  # names match case aside
    segment: str | None = None
    stage: str | None = None
    rep: str | None = None
    lead_source: str | None = None
    campaign: str | None = None
    since: date | None = None  # the first day, in UTC
    until: date | None = None  # the day after the last
    min_confidence: float | None = None
    review: Review | None = None  # None: all but what was rejected


@dataclass(frozen=True, slots=True)
class ThemePosition:
    """Where a list of themes goes on: after this one, in whatever order."""

    accounts: int
    value_usd: Decimal
    mentions: int
    last_heard: datetime
    id: int


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Two themes that may be one wish."""

    id: int
    company_id: int
    company: str
    theme_id: int
    theme: str
    other_id: int
    other: str
    likeness: float  # cosine
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """Something that a person did to themes."""

    id: int
    company_id: int
    company: str
    act: Act
    told: str  # what was done, in words
    note: str | None  # why
    by: str
    at: datetime
    undoes: int | None  # the change that this one took back
    undone: bool


@dataclass(frozen=True, slots=True)
class ChangePosition:
    """Where a list of changes goes on: before this one."""

    id: int
