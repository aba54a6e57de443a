"""Themes as they are listed, on a real PostgreSQL: what they are worth, ranked, chosen."""

from datetime import date
from decimal import Decimal

import pytest

from ingest.base.db import Connection
from insights.themes.changes.queries import set_status
from insights.themes.queries import (
    count_by_status,
    list_themes,
    position,
)
from insights.themes.theme import Rank, Status, ThemeFilter
from tests.insights.themes.wishing import Wish, named, worth


def test_an_account_is_worth_its_largest_deal_or_itself(conn: Connection, said: Wish) -> None:
    said("a", account="Acme", deal_value_usd=Decimal(20), account_value_usd=Decimal(500))
    said("a", account="Acme", deal_value_usd=Decimal(10))
    said("a", account="Acme")
    assert worth(conn, "a") == (20, 0)
    said("b", account="Acme")
    assert worth(conn, "b") == (500, 500)
    said("b", account="Bolt", deal_value_usd=Decimal(7))
    said("b")
    assert worth(conn, "b") == (507, 500)
    said("c", account="Acme", deal_value_usd=Decimal(0))
    assert worth(conn, "c") == (0, 0), "a deal of nothing is known to be worth nothing"


@pytest.mark.usefixtures("ranked")
@pytest.mark.parametrize(
    ("rank", "order"),
    [
        (Rank.ACCOUNTS, ["many", "large", "late"]),
        (Rank.VALUE, ["large", "many", "late"]),
        (Rank.RECENCY, ["late", "many", "large"]),
    ],
)
def test_ranked_and_walked_on(conn: Connection, rank: Rank, order: list[str]) -> None:
    assert [found.name for found in list_themes(conn, rank=rank)] == order
    walked, after = [], None
    while page := list_themes(conn, rank=rank, after=after, limit=1):
        walked.append(page[0].name)
        after = position(page[0])
    assert walked == order


@pytest.mark.usefixtures("ranked")
@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (ThemeFilter(), {"many": 2, "large": 1, "late": 1}),
        (ThemeFilter(company=999), {}),
        (ThemeFilter(account="bolt"), {"many": 1}),
        (ThemeFilter(segment="smb"), {"many": 2}),
        (ThemeFilter(since=date(2026, 3, 2)), {"many": 1, "late": 1}),
        (ThemeFilter(until=date(2026, 3, 2)), {"many": 1, "large": 1}),
        (ThemeFilter(since=date(2026, 3, 2), until=date(2026, 3, 3)), {"many": 1}),
        (ThemeFilter(status=Status.PLANNED), {"late": 1}),
        (ThemeFilter(status=Status.NEW, segment="Mid"), {}),
    ],
)
def test_filters_choose_the_mentions_that_count(
    conn: Connection, reviewer: int, wanted: ThemeFilter, found: dict[str, int]
) -> None:
    set_status(conn, named(conn, "late").id, Status.PLANNED, "", reviewer)
    assert {each.name: each.mentions for each in list_themes(conn, wanted)} == found


@pytest.mark.usefixtures("ranked")
def test_how_many_there_are_of_each_status(conn: Connection, reviewer: int) -> None:
    set_status(conn, named(conn, "late").id, Status.PLANNED, "", reviewer)
    by_status = count_by_status(conn, ThemeFilter(status=Status.SHIPPED))
    assert list(by_status.items()) == [
        (Status.NEW, 2),
        (Status.PLANNED, 1),
        (Status.SHIPPED, 0),
        (Status.DECLINED, 0),
    ]
    assert count_by_status(conn, ThemeFilter(segment="mid"))[Status.NEW] == 0
