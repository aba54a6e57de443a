"""Rivals counted on a real database."""

import random
import re
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ingest.base.db import Connection
from ingest.base.errors import NotFound
from ingest.calls import Call
from insights.catalogue.queries import company_called
from insights.counting import OBJECTIONS
from insights.insight import Insight, Kind, Review, Stance
from insights.queries import find_insights, insights_of
from insights.reviews.queries import review
from insights.reviews.rules import Judgement
from insights.rivals import queries
from insights.rivals.queries import count
from insights.rivals.rival import Named, Stood, Together
from insights.rollups.queries import rebuild_rollups
from insights.stored import InsightFilter
from insights.trends.queries import quotes
from insights.trends.rows import values_of
from insights.trends.trend import Filter, Question, Unit, periods
from tests.insights.trending import MONDAY, mined, said

START = MONDAY.date()
WEEKS = periods(Unit.WEEK, START, START + timedelta(weeks=4))
ASKED = Question(Kind.COMPETITOR, WEEKS, Filter(company="acme"))


def rival(label: str, stance: Stance = Stance.USING, start: int = 0) -> Insight:
    return replace(said(label, Kind.COMPETITOR, start=start), stance=stance)


def test_mentions_calls_accounts_and_stances(conn: Connection, reviewer: int) -> None:
    mined(conn, rival("Osprey"), rival("Osprey", Stance.LEFT, 50), account="Hartsoe")
    mined(conn, rival("Osprey", Stance.LEFT), rival("Merlin", start=50), account="Hartsoe")
    call = mined(conn, rival("Osprey"), account="Cantle")
    mined(conn, rival("Osprey"), company="Bolt")
    mined(conn, rival("Osprey"), held_at=MONDAY - timedelta(days=1))
    counted = count(conn, ASKED)
    assert set(counted.named) == {Named("Osprey", 4, 3, 2), Named("Merlin", 1, 1, 1)}
    assert set(counted.stood) == {
        Stood("Osprey", Stance.USING, 2),
        Stood("Osprey", Stance.LEFT, 2),
        Stood("Merlin", Stance.USING, 1),
    }
    left, number = quotes(conn, replace(ASKED, label="Osprey"), stance=Stance.LEFT)
    assert ({mention.stance for mention in left}, number) == ({"left"}, 2)
    review(conn, insights_of(conn, call.id)[0].id, Judgement(Review.REJECTED), reviewer)
    assert Named("Osprey", 3, 2, 1) in count(conn, ASKED).named


def test_objections_in_calls_that_name_a_rival(conn: Connection, reviewer: int) -> None:
    mined(conn, rival("Osprey"), rival("Merlin", start=20), said("price", start=50))
    mined(conn, rival("Osprey"), said("price", start=50), said("price", start=90))
    mined(conn, said("price"), said("trust", start=50))
    call = mined(conn, rival("Osprey"), said("trust", start=50))
    counted = count(conn, ASKED)
    assert counted.objected == {"price": 3, "trust": 2}
    assert set(counted.together) == {
        Together("Osprey", "price", 2),
        Together("Merlin", "price", 1),
        Together("Osprey", "trust", 1),
    }
    beside = Filter(company="Acme", rival="osprey")
    asked = replace(ASKED, kind=Kind.OBJECTION, among=beside, label="price")
    assert quotes(conn, asked)[1] == 3, "the quotes behind the two calls"
    for found in insights_of(conn, call.id):
        review(conn, found.id, Judgement(Review.REJECTED), reviewer)
    counted = count(conn, ASKED)
    assert counted.objected == {"price": 3, "trust": 1}
    assert ("Osprey", "trust") not in {(each.label, each.objection) for each in counted.together}


def test_the_list_of_insights_takes_the_same_calls(conn: Connection, reviewer: int) -> None:
    details: dict[str, Any] = {"stage": "Demo", "lead_source": "webinar", "campaign": "spring"}
    one = mined(conn, rival("Osprey"), said("price", start=50), **details)
    mined(conn, rival("Merlin"), said("price", start=50), stage="closed", lead_source="fair")
    for wanted in (
        InsightFilter(kind=Kind.OBJECTION, rival="OSPREY"),
        InsightFilter(kind=Kind.OBJECTION, stage="demo"),
        InsightFilter(kind=Kind.OBJECTION, lead_source="Webinar"),
        InsightFilter(kind=Kind.OBJECTION, campaign="Spring"),
    ):
        assert [each.call_id for each in find_insights(conn, wanted, None, 9)] == [one.id]
    osprey = insights_of(conn, one.id)[0]
    review(conn, osprey.id, Judgement(Review.REJECTED), reviewer)
    assert [each.id for each in find_insights(conn, InsightFilter(rejected=True), None, 9)] == [
        osprey.id
    ]
    assert len(find_insights(conn, InsightFilter(rejected=False), None, 9)) == 3
    assert not find_insights(conn, InsightFilter(rival="osprey"), None, 9), "it is not named there"


def ended(conn: Connection, *found: Insight, days: int = 0, **details: Any) -> Call:
    return mined(conn, *found, held_at=MONDAY + timedelta(days=days), **details)


@pytest.mark.parametrize(
    ("outcome", "stage", "won"),
    [
        ("won", "closed", True),
        ("Lost", "closed", False),
        (None, "Closed Won", True),
        (None, "closed-lost", False),
        ("lost", "Closed Won", False),
        ("lost: they won elsewhere", None, False),
        ("pending", "closed won", None),
        (None, "wonderful", None),
        (None, "discovery", None),
        (None, None, None),
    ],
)
def test_how_a_deal_ended(
    conn: Connection, outcome: str | None, stage: str | None, won: bool | None
) -> None:
    ended(conn, outcome=outcome, stage=stage, account="Hartsoe")
    assert [deal.won for deal in count(conn, ASKED).deals] == ([] if won is None else [won])


def test_an_account_is_one_deal_with_all_its_calls(conn: Connection) -> None:
    ended(conn, rival("Osprey"), account="Hartsoe", deal_value_usd=900)
    ended(conn, rival("Osprey"), days=2, account="Hartsoe", outcome="lost")
    last = ended(conn, rival("Merlin"), days=9, account="Hartsoe", outcome="won")
    ended(conn, rival("Osprey"), days=10, account="Hartsoe")
    one = ended(conn, days=1, outcome="won")
    other = ended(conn, rival("Osprey"), days=1, outcome="lost")
    ended(conn, account="Hartsoe", company="Bolt", outcome="lost")
    ended(conn, account="Cantle", days=-9, outcome="lost")
    ended(conn, rival("Osprey"), account="Cantle")
    found = count(conn, ASKED).deals
    assert [(deal.call_id, deal.won, deal.rivals) for deal in found] == [
        (last.id, True, ("Merlin", "Osprey")),
        (other.id, False, ("Osprey",)),
        (one.id, True, ()),
    ]
    assert (found[0].account, found[1].account) == ("Hartsoe", None)
    assert count(conn, replace(ASKED, among=Filter(company="Bolt"))).deals[0].won is False


def test_objections_are_kept_by_their_place() -> None:
    """In databases that are there: a new one may only come last."""
    assert OBJECTIONS[:11] == (
        *("price", "authority", "need", "timing", "incumbent", "trust", "security"),
        *("integration", "product_gap", "effort", "terms"),
    )


@pytest.mark.parametrize("seed", range(3))
def test_what_is_kept_beside_a_rival_is_what_is_counted(
    conn: Connection, reviewer: int, seed: int
) -> None:
    dice = random.Random(seed)
    for _ in range(40):
        found = [rival(label) for label in dice.sample(["Osprey", "Merlin"], dice.randrange(3))]
        found += [said(label, start=50) for label in dice.sample(OBJECTIONS, dice.randrange(4))]
        mined(conn, *found, account=dice.choice([None, "Hartsoe", "Cantle"]))
    for insight in find_insights(conn, InsightFilter(), None, 200):
        if dice.random() < 0.2:
            review(conn, insight.id, Judgement(Review.REJECTED), reviewer)
    in_calls: defaultdict[int, set[tuple[Kind, str]]] = defaultdict(set)
    for each in find_insights(conn, InsightFilter(rejected=False), None, 200):
        in_calls[each.call_id].add((each.kind, each.label))
    pairs = Counter(
        (label, objection)
        for found_there in in_calls.values()
        for kind, label in found_there
        for other, objection in found_there
        if (kind, other) == (Kind.COMPETITOR, Kind.OBJECTION)
    )
    kept = count(conn, ASKED)
    assert {(each.label, each.objection): each.calls for each in kept.together} == pairs != {}
    every = replace(ASKED, among=replace(ASKED.among, min_confidence=0.0))
    anew = count(conn, every)
    for name in ("named", "stood", "together", "deals"):
        assert set(getattr(anew, name)) == set(getattr(kept, name)), name
    assert anew.objected == kept.objected


@pytest.mark.parametrize("seed", range(3))
def test_deals_are_those_found_buyer_by_buyer(conn: Connection, seed: int) -> None:
    dice = random.Random(seed)
    buyers: defaultdict[str | int, list[tuple[Call, list[str]]]] = defaultdict(list)
    for _ in range(80):
        named = dice.sample(["Osprey", "Merlin", "Kestrel"], dice.randrange(3))
        call = ended(
            conn,
            *(rival(label, start=20 * n) for n, label in enumerate(named)),
            days=dice.randrange(-2, 30),
            company=dice.choice(["Acme", "Acme", "Bolt"]),
            account=dice.choice([None, "Hartsoe", "Cantle", "Ostrow", "Vale"]),
            outcome=dice.choice([None, None, "won", "lost", "pending"]),
            stage=dice.choice([None, "demo", "Closed Lost", "closed won"]),
        )
        day = call.held_at.date()
        if call.company == "Acme" and START <= day < START + timedelta(weeks=4):
            buyers[call.account or call.id].append((call, named))
    expected = []
    for held in buyers.values():
        told = [(call, (call.outcome or call.stage or "").lower()) for call, _ in held]
        ends = [each for each in told if re.search(r"\b(won|lost)\b", each[1])]
        rivals = tuple(sorted({label for _, named in held for label in named}))
        if ends:
            last, how = max(ends, key=lambda end: (end[0].held_at, end[0].id))
            won = "lost" not in how
            expected.append((last.held_at, last.id, last.account, last.title, won, rivals))
    assert expected
    assert [
        (each.ended_at, each.call_id, each.account, each.title, each.won, each.rivals)
        for each in count(conn, ASKED).deals
    ] == sorted(expected, reverse=True)


def test_a_company_is_found_by_its_name(conn: Connection) -> None:
    mined(conn)
    assert company_called(conn, "ACME").name == "Acme"
    with pytest.raises(NotFound, match="“Nobody”"):
        company_called(conn, "Nobody")


def test_years_of_calls_are_read_by_their_indexes(conn: Connection) -> None:
    conn.execute(
        """insert into company (name) values ('Acme');
           insert into account (name) select 'a' || i from generate_series(1, 2000) i;
           insert into call (company_id, account_id, title, filename, held_at, state, outcome)
           select 1, 1 + i % 2000, 't', 'f', timestamptz '2023-01-01' + i * interval '1 hour',
                  'done', case when i % 9 = 0 then 'won' end from generate_series(1, 30000) as i;
           insert into mined_call (call_id, day, company_id)
           select id, (held_at at time zone 'UTC')::date, company_id from call;
           insert into insight (call_id, turn, kind, label, stance, quote, char_start, char_end,
                                confidence, detector, version)
           select id, n, case n when 1 then 'objection' else 'competitor' end, 'label',
                  case n when 2 then 'using' end, 'q', 0, 1, 1, 'd', '1'
             from call, generate_series(1, 2) n;
           analyze call"""
    )
    rebuild_rollups(conn)
    conn.execute("analyze mined_call; analyze call_mentions")
    for query, spans, index in (
        (queries.said_query(ASKED), "day", "call_mentions_by_kind"),
        (queries.ended_query(ASKED), "held_at", "call_ended"),
    ):
        plan = str(conn.execute(f"explain {query}", values_of(ASKED)).fetchall())
        assert f"({spans} >= " in plan, plan
        assert index in plan, plan
        assert "Seq Scan on call" not in plan, plan
