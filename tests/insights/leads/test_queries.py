"""Leads counted on a real database."""

import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from statistics import quantiles
from typing import Any

import pytest

from ingest import queries as calls
from ingest.base.db import Connection
from ingest.calls import Call, CallDetails
from insights.insight import Kind
from insights.leads.lead import Lead, Reach, Wait
from insights.leads.queries import SLOWEST, reach, waited
from insights.trends.trend import Dimension, Filter, Question, Unit, periods
from tests.conftest import AddCall
from tests.insights.trending import MONDAY, mined

START = MONDAY.date()
WEEKS = periods(Unit.WEEK, START, START + timedelta(weeks=4))
ASKED = Question(Kind.OBJECTION, WEEKS, by=Dimension.LEAD_SOURCE)


def waits(conn: Connection, question: Question) -> list[Wait]:
    return waited(conn, question).origins


def slowest(conn: Connection, question: Question) -> list[Lead]:
    return waited(conn, question).slowest


def called(conn: Connection, days: float, account: str | None = "Hartsoe", **details: Any) -> Call:
    """A call so many days after MONDAY, with a lead that came in on MONDAY."""
    given = {"lead_source": "webinar", "lead_created_at": MONDAY} | details
    return mined(conn, held_at=MONDAY + timedelta(days=days), account=account, **given)


def test_accounts_by_origin(conn: Connection) -> None:
    called(conn, 1)
    called(conn, 2, lead_source="Webinar")
    called(conn, 2, account="Cantle")
    called(conn, 2, lead_source=None, account=None)
    called(conn, 40, account="Nobody")
    assert set(reach(conn, ASKED)) == {Reach("webinar", 2), Reach(None, 0)}
    by_campaign = replace(ASKED, by=Dimension.CAMPAIGN)
    assert reach(conn, by_campaign) == [Reach(None, 2)]


def test_only_the_first_call_counts(conn: Connection) -> None:
    first = called(conn, 3)
    called(conn, 8)
    called(conn, 1, company="Bolt")
    called(conn, 6, account=None)
    called(conn, 7, account=None)
    found = slowest(conn, replace(ASKED, among=Filter(company="Acme")))
    assert [lead.wait.days for lead in found] == [7, 6, 3]
    assert (found[-1].call_id, found[-1].account, found[-1].group) == (
        first.id,
        "Hartsoe",
        "webinar",
    )
    late = replace(
        ASKED,
        periods=periods(Unit.WEEK, START + timedelta(days=7), START + timedelta(days=14)),
        among=Filter(account="Hartsoe"),
    )
    assert waits(conn, late) == [], "its first call was held before"


def test_a_second_lead_of_an_account_waits_for_a_call_of_its_own(conn: Connection) -> None:
    called(conn, 2)
    called(conn, 12, lead_created_at=MONDAY + timedelta(days=8))
    assert [lead.wait.days for lead in slowest(conn, ASKED)] == [4, 2]


def test_a_first_call_whose_lead_is_not_dated_was_the_first(conn: Connection) -> None:
    called(conn, 2, lead_created_at=None)
    called(conn, 9)
    assert slowest(conn, ASKED) == []


def test_a_first_call_that_could_not_be_heard_was_held(conn: Connection, add_call: AddCall) -> None:
    details = {"company": "Acme", "account": "Hartsoe", "lead_created_at": MONDAY}
    add_call(held_at=MONDAY + timedelta(days=1), **details)
    called(conn, 9)
    (lead,) = slowest(conn, ASKED)
    assert (lead.wait, lead.group) == (timedelta(days=1), None)


def test_clocks_and_calendars(conn: Connection) -> None:
    created = datetime(2026, 2, 4, 15, tzinfo=UTC)
    midnight = datetime(2026, 2, 4, tzinfo=UTC)
    mined(conn, held_at=midnight, account="A", lead_created_at=created)
    mined(conn, held_at=midnight - timedelta(1), account="B", lead_created_at=created)
    (lead,) = slowest(conn, ASKED)
    assert (lead.account, lead.wait) == ("A", timedelta(0)), "the day alone is known"


def test_quartiles_and_the_slowest(conn: Connection) -> None:
    days = [1.5, 2, 3, 5, 8, 13, 21]
    for n, wait in enumerate(days):
        called(conn, wait, account=f"Account {n}")
    (webinar,) = waits(conn, ASKED)
    expected = quantiles(days, n=4, method="inclusive")
    assert [each / timedelta(days=1) for each in webinar.quartiles] == pytest.approx(expected)
    assert (webinar.group, webinar.leads, webinar.enough) == ("webinar", 7, True)
    called(conn, 26, account="Late", lead_source="fair")
    (of_all,) = waits(conn, replace(ASKED, by=None))
    assert (of_all.group, of_all.leads) == (None, 8)
    found = slowest(conn, replace(ASKED, among=Filter(lead_source="webinar")))
    assert [lead.wait / timedelta(days=1) for lead in found] == [21, 13, 8, 5, 3]
    assert len(found) == SLOWEST


def met(conn: Connection, dice: random.Random) -> Call:
    """Any call; many are held at the same hour, or on the day their lead came in."""
    came = dice.choice([None, *(MONDAY + timedelta(days=6 * n) for n in range(4))])
    details: dict[str, Any] = {
        "company": dice.choice(["Acme", "Bolt"]),
        "account": dice.choice([None, "Hartsoe", "Cantle", "Ostrow"]),
        "lead_source": dice.choice([None, "webinar", "Webinar", "fair"]),
        "lead_created_at": came,
        "held_at": MONDAY + timedelta(days=dice.randrange(-3, 32), hours=12 * dice.randrange(2)),
    }
    if dice.random() < 0.8:
        return mined(conn, **details)
    return calls.add_call(conn, None, "x.json", CallDetails(**details), MONDAY)


def was_first(call: Call, others: Iterable[Call]) -> bool:
    """Whether a lead is dated and no other call of it was held before, since it came in."""
    came = call.lead_created_at
    if came is None or call.held_at.date() < came.date():
        return False
    return not any(
        other.account == call.account is not None
        and other.company == call.company
        and other.lead_created_at in (None, came)
        and other.held_at.date() >= came.date()
        and (other.held_at, other.id) < (call.held_at, call.id)
        for other in others
    )


@pytest.mark.parametrize("seed", range(3))
def test_first_calls_are_those_found_call_by_call(conn: Connection, seed: int) -> None:
    dice = random.Random(seed)
    held = [met(conn, dice) for _ in range(90)]
    for among in (Filter(), Filter(company="acme"), Filter(account="cantle", lead_source="fair")):
        asked = [
            call
            for call in held
            if START <= call.held_at.date() < START + timedelta(weeks=4)
            and among.company in (None, call.company.lower())
            and among.account in (None, call.account and call.account.lower())
            and among.lead_source in (None, call.lead_source)
        ]
        by_source = defaultdict(list)
        for call in asked:
            if was_first(call, held):
                assert call.lead_created_at
                wait = max(call.held_at - call.lead_created_at, timedelta(0))
                by_source[call.lead_source and call.lead_source.lower()].append((-wait, call.id))
        found = waited(conn, replace(ASKED, among=among))
        assert {each.group: each.leads for each in found.origins} == {
            source: len(leads) for source, leads in by_source.items()
        }
        assert (found.of_all.leads if found.of_all else 0) == sum(map(len, by_source.values()))
        named = [lead for leads in by_source.values() for lead in sorted(leads)[:SLOWEST]]
        assert [(-lead.wait, lead.call_id) for lead in found.slowest] == sorted(named)
        accounts = defaultdict(set)
        for call in asked:
            if call.state == "done":
                accounts[call.lead_source and call.lead_source.lower()].add(call.account)
        assert set(reach(conn, replace(ASKED, among=among))) == {
            Reach(source, len(names - {None})) for source, names in accounts.items()
        }
