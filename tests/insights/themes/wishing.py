"""Wishes, and the themes that they come to be in."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from ingest.base.db import Connection
from ingest.calls import Call
from insights.insight import Insight
from insights.queries import insights_of
from insights.rollups.queries import rollup_differences
from insights.themes.queries import list_themes
from insights.themes.theme import Theme
from tests.insights.test_queries import request
from tests.insights.test_theme_rules import at

Wish = Callable[..., Call]
SHIPPED_AT = datetime(2026, 3, 1, tzinfo=UTC)


def wish(label: str, degrees: float | None = None, start: int = 0) -> Insight:
    return replace(request(label, start), meaning=None if degrees is None else at(degrees))


def names(conn: Connection) -> list[tuple[str, int]]:
    """Each theme with its mentions; the counts must agree whenever this is asked."""
    assert rollup_differences(conn) == []
    return [(found.name, found.mentions) for found in list_themes(conn)]


def named(conn: Connection, name: str) -> Theme:
    return next(found for found in list_themes(conn) if found.name == name)


def labels(conn: Connection, call: Call) -> list[tuple[str, str | None]]:
    return [(found.label, found.mined_label) for found in insights_of(conn, call.id)]


def worth(conn: Connection, name: str) -> tuple[float, float]:
    found = named(conn, name)
    return float(found.value_usd), float(found.account_value_usd)
