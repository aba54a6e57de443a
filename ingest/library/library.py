"""How the list of calls is sorted, and where it goes on: values only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, LiteralString

from ingest.calls import Call


class Sort(StrEnum):
    """The list's order; among equals the newest call comes first."""

    NEWEST = "newest"
    VALUE = "value"  # the largest deal first, those without a value last
    LENGTH = "length"  # the longest first

    def key(self, call: Call) -> float | None:
        """What the order goes by before the time."""
        match self:
            case Sort.NEWEST:
                return None
            case Sort.VALUE:
                return float(call.deal_value_usd or 0)
            case Sort.LENGTH:
                return call.seconds


@dataclass(frozen=True, slots=True)
class Condition:
    """What else is asked of a call, in SQL about `call`, by those who know what hangs on it."""

    sql: LiteralString
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a list goes on: after this call."""

    held_at: datetime
    id: int
    key: float | None = None  # the order's

    @classmethod
    def of(cls, call: Call, sort: Sort) -> "Place":
        """A call's place in this order."""
        return cls(call.held_at, call.id, sort.key(call))

    def fits(self, sort: Sort) -> bool:
        """Whether a list in this order can go on here."""
        return (self.key is None) == (sort is Sort.NEWEST)
