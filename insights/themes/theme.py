"""Themes as kept: values only."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class SuggestionState(StrEnum):
    """What became of a doubt whether two themes are one."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REFUSED = "refused"


class Act(StrEnum):
    """What a person does to themes."""

    RENAME = "rename"
    MERGE = "merge"
    SPLIT = "split"
    SAME = "same"  # a suggestion accepted, which merges
    DIFFERENT = "different"  # a suggestion refused
    UNDO = "undo"


@dataclass(frozen=True, slots=True)
class Theme:
    """One wish of a company's buyers, with how much stands behind it. What a person rejected does
    not count."""

    id: int
    company_id: int
    company: str
    name: str
    aliases: tuple[str, ...]  # other names that mean it, also those of themes merged into it
    created_at: datetime
    mentions: int
    calls: int
    accounts: int  # distinct
    value_usd: Decimal  # of the deals: the largest of each account


@dataclass(frozen=True, slots=True)
class ThemePosition:
    """Where a list of themes goes on: after this one."""

    accounts: int
    value_usd: Decimal
    mentions: int
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
    by: str
    at: datetime
    undoes: int | None  # the change that this one took back
    undone: bool


@dataclass(frozen=True, slots=True)
class ChangePosition:
    """Where a list of changes goes on: before this one."""

    id: int
