"""Insights on a real PostgreSQL: kept once, found again, and counted right whatever happens."""

import contextlib
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ingest import queries as ingest
from ingest.base import db
from ingest.base.db import Connection
from ingest.base.errors import NotFound
from ingest.calls import Call, CallDetails, CallState
from insights.catalogue.queries import (
    add_competitor,
    delete_competitor,
    full_catalogue,
    set_competitor,
)
from insights.insight import Competitor, Insight, Kind, Quote, Review, Stance
from insights.queries import (
    catalogue,
    find_insights,
    insight,
    insights_of,
    save_insights,
)
from insights.reviews.queries import review
from insights.reviews.rules import BadReview, Judgement
from insights.rollups.queries import moving_rollups, rebuild_rollups, rollup_differences
from insights.stored import InsightFilter, Position, StoredInsight
from tests.conftest import NOON, AddCall
from transcribe import queries as transcripts
from transcribe.transcript import Speaker, Transcript, Turn


def mention(kind: Kind, label: str, start: int = 0, turn: int = 0, sure: float = 0.9) -> Insight:
    stance = Stance.USING if kind is Kind.COMPETITOR else None
    quote = Quote("what they said", start, start + 14, 1.5, 3.0)
    return Insight(turn, kind, label, quote, sure, kind.value, "1", stance, unlisted=bool(stance))


def objection(label: str = "price", start: int = 0, turn: int = 0, sure: float = 0.9) -> Insight:
    return mention(Kind.OBJECTION, label, start, turn, sure)


def rival(label: str, start: int = 0) -> Insight:
    return mention(Kind.COMPETITOR, label, start)


def request(label: str, start: int = 0) -> Insight:
    return mention(Kind.FEATURE_REQUEST, label, start)


def mined(conn: Connection, call: Call, *insights: Insight) -> None:
    """Save a call's insights as the miner does, which leaves the call done."""
    save_insights(conn, call, insights)
    conn.execute("update call set state = 'done' where id = %s", [call.id])


def counted(conn: Connection) -> list[tuple[Any, ...]]:
    return conn.execute(
        """select day::text, account.name, kind, label, mentions, calls from daily_mentions
           left join account on account.id = account_id where mentions > 0 order by 1, 2, 3, 4"""
    ).fetchall()


def test_a_saved_insight_comes_back_with_who_said_it_when(
    conn: Connection, add_call: AddCall
) -> None:
    call = add_call(account="Acme", segment="SMB", rep="Dana", title="First call")
    turns = (Turn(Speaker.SELLER, "Well?"), Turn(Speaker.BUYER, "what they said", name="Ana"))
    transcripts.save(conn, call.id, Transcript(turns, 60.0))
    save_insights(conn, call, [objection(turn=1)])
    (found,) = insights_of(conn, call.id)
    assert insight(conn, found.id) == found
    assert (found.kind, found.label, found.quote) == (Kind.OBJECTION, "price", "what they said")
    assert (found.start, found.end, found.confidence, found.version) == (1.5, 3.0, 0.9, "1")
    assert (found.speaker, found.speaker_name) == (Speaker.BUYER, "Ana")
    assert (found.call_title, found.account, found.segment, found.rep) == (
        "First call",
        "Acme",
        "SMB",
        "Dana",
    )
    assert (found.held_at, found.review, found.stance) == (NOON, Review.UNREVIEWED, None)


def test_the_same_again_changes_nothing(conn: Connection, add_call: AddCall) -> None:
    call = add_call(account="Acme")
    found = [objection(), rival("Attrivo"), request("Export to CSV"), objection(start=40)]
    save_insights(conn, call, found)
    before = insights_of(conn, call.id), counted(conn)
    save_insights(conn, call, reversed(found))
    assert (insights_of(conn, call.id), counted(conn)) == before
    assert ("2026-03-02", "Acme", "objection", "price", 2, 1) in before[1]


def test_one_that_is_the_same_keeps_its_id(conn: Connection, add_call: AddCall) -> None:
    call = add_call()
    save_insights(conn, call, [objection(start=0), objection("need", start=50)])
    first, second = insights_of(conn, call.id)
    moved = replace(objection(start=8, sure=0.4), version="2")
    save_insights(conn, call, [moved, objection("trust", start=50)])
    kept, new = insights_of(conn, call.id)
    assert (kept.id, kept.char_start, kept.version) == (first.id, 8, "2")
    assert (new.id > second.id, new.label, new.review) == (True, "trust", Review.UNREVIEWED)


def test_a_call_without_insights_counts_as_a_call(conn: Connection, add_call: AddCall) -> None:
    save_insights(conn, add_call(), [])
    assert conn.execute("select sum(calls) from daily_calls").fetchone() == (1,)
    assert counted(conn) == []


def test_a_theme_is_one_however_its_letters(conn: Connection, add_call: AddCall) -> None:
    save_insights(conn, add_call(), [request("Export to CSV")])
    save_insights(conn, add_call(), [request("export to csv")])
    other = add_call(company="Another")
    save_insights(conn, other, [request("export to csv")])
    assert conn.execute("select name from theme order by id").fetchall() == [
        ("Export to CSV",),
        ("export to csv",),
    ], "one a company"
    assert counted(conn) == [
        ("2026-03-02", None, "feature_request", "Export to CSV", 2, 2),
        ("2026-03-02", None, "feature_request", "export to csv", 1, 1),
    ]


def test_a_rival_has_the_catalogues_name(conn: Connection, add_call: AddCall) -> None:
    call = add_call()
    entry = add_competitor(conn, call.company_id, Competitor("HubSpot", ("Hub Spot",)))
    save_insights(conn, call, [rival("hub spot"), rival("Attrivo", start=30)])
    listed, unlisted = insights_of(conn, call.id)
    assert (listed.label, listed.competitor_id, listed.unlisted) == ("HubSpot", entry.id, False)
    assert (unlisted.label, unlisted.competitor_id, unlisted.unlisted) == ("Attrivo", None, True)
    assert [entry.competitor for entry in catalogue(conn, call.company_id)] == [
        Competitor("HubSpot", ("Hub Spot",))
    ]


def test_a_call_that_is_gone(conn: Connection, add_call: AddCall) -> None:
    call = add_call()
    ingest.delete_call(conn, call.id)
    with pytest.raises(NotFound):
        save_insights(conn, call, [objection()])


def test_a_call_moved_by_its_bringer_counts_where_it_stood_until_mined_again(
    conn: Connection, add_call: AddCall
) -> None:
    """An upload of the same sound may tell more of a call; it only queues the call again."""
    call = add_call(account="Acme")
    mined(conn, call, objection())
    ingest.update_details(conn, call.id, CallDetails(account="Bolt"))
    ingest.retry(conn, call.id, CallState.HEARD)
    assert rollup_differences(conn) == []
    mined(conn, call, objection())
    assert rollup_differences(conn) == []
    assert counted(conn) == [("2026-03-02", "Bolt", "objection", "price", 1, 1)]


def test_differences_are_found_and_mended(conn: Connection, add_call: AddCall) -> None:
    mined(conn, add_call(account="Acme"), objection())
    conn.execute("update daily_mentions set mentions = 5")
    conn.execute("delete from daily_calls")
    calls, mentions = rollup_differences(conn)
    assert (calls.kind, calls.kept_calls, calls.counted_calls) == ("", 0, 1)
    assert (mentions.label, mentions.kept_mentions, mentions.counted_mentions) == ("price", 5, 1)
    rebuild_rollups(conn)
    assert rollup_differences(conn) == []
    assert counted(conn) == [("2026-03-02", "Acme", "objection", "price", 1, 1)]


def test_what_a_call_counts_for_is_compared_mention_by_mention(
    conn: Connection, add_call: AddCall
) -> None:
    mined(conn, add_call(account="Acme"), rival("HubSpot"), objection())
    for wrong in (
        "update call_mentions set mentions = 5 where kind = 'objection'",
        "update call_mentions set label = 'other' where kind = 'objection'",
        "update call_mentions set stances = '{left}' where kind = 'competitor'",
        "update call_mentions set objections = 2 where kind = 'competitor'",
        "update call_mentions set objections = null",
        "update call_mentions set confirmed = 1",
        "update call_mentions set confidences = '{0.1}' where kind = 'objection'",
        "update call_mentions set day = day + 1",
        "update call_mentions set account_id = null",
        "update call_mentions set stage = 'Demo' where kind = 'objection'",
        "update call_mentions set lead_source = 'Webinar'",
        "delete from call_mentions",
    ):
        conn.execute(wrong.encode())
        assert rollup_differences(conn) != [], wrong
        rebuild_rollups(conn)
        assert rollup_differences(conn) == []


POOL = [
    mention(kind, label, start, turn)
    for kind, label in (
        (Kind.OBJECTION, "price"),
        (Kind.OBJECTION, "need"),
        (Kind.COMPETITOR, "HubSpot"),
        (Kind.COMPETITOR, "hubspot"),
        (Kind.COMPETITOR, "HS"),
        (Kind.FEATURE_REQUEST, "Export to CSV"),
        (Kind.FEATURE_REQUEST, "export to csv"),
    )
    for start in (0, 5, 30)
    for turn in (0, 1)
]


SOME = (POOL, [found for found in POOL if found.kind is not Kind.FEATURE_REQUEST])
"""A theme's row is held by one transaction at a time, which would hide any other disorder."""


class Anything:
    """Whatever may happen to calls and catalogues, in any order."""

    def __init__(self, conn: Connection, add_call: AddCall, reviewer: int, seed: int) -> None:
        self.conn = conn
        self.add_call = add_call
        self.reviewer = reviewer
        self.chance = random.Random(seed)
        self.calls = [add_call() for _ in range(4)]
        self.company_id = self.calls[0].company_id

    def step(self) -> None:
        call = self.chance.choice(self.calls)
        happening = [self.mine, self.mine, self.move, self.note, self.review, self.list_rival]
        self.chance.choice([*happening, self.delete])(call)

    def mine(self, call: Call) -> None:
        mined(self.conn, call, *self.chance.sample(POOL, self.chance.randrange(8)))

    def move(self, call: Call) -> None:
        details = CallDetails(
            account=self.chance.choice([None, "Acme", "Bolt"]),
            company=self.chance.choice([None, "My company", "Another"]),
            held_at=NOON + self.chance.randrange(4) * timedelta(hours=9),
        )
        with moving_rollups(self.conn, call.id):
            ingest.update_details(self.conn, call.id, details)

    def note(self, call: Call) -> None:
        details = CallDetails(
            stage=self.chance.choice([None, "Demo", "Closing"]),
            rep=self.chance.choice([None, "Ned", "Ann"]),
            lead_source=self.chance.choice([None, "Webinar"]),
            campaign=self.chance.choice([None, "Spring"]),
        )
        ingest.update_details(self.conn, call.id, details, self.chance.choice([(), ("stage",)]))

    def review(self, call: Call) -> None:
        if found := insights_of(self.conn, call.id):
            said = Judgement(self.chance.choice([*Review]))
            review(self.conn, self.chance.choice(found).id, said, self.reviewer)

    def list_rival(self, call: Call) -> None:
        names = Competitor(
            self.chance.choice(["HubSpot", "Hub Spot"]), self.chance.choice([(), ("HS",)])
        )
        entries = catalogue(self.conn, self.company_id)
        if not entries:
            add_competitor(self.conn, self.company_id, names)
        elif self.chance.random() < 0.7:
            set_competitor(self.conn, entries[0].id, names)
        else:
            delete_competitor(self.conn, entries[0].id)

    def delete(self, call: Call) -> None:
        with moving_rollups(self.conn, call.id):
            ingest.delete_call(self.conn, call.id)
        self.calls.remove(call)
        self.calls.append(self.add_call())


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_the_counts_agree(
    conn: Connection, add_call: AddCall, reviewer: int, seed: int
) -> None:
    anything = Anything(conn, add_call, reviewer, seed)
    for number in range(80):
        anything.step()
        assert rollup_differences(conn) == [], f"after step {number}"
    before = counted(conn)
    rebuild_rollups(conn)
    assert counted(conn) == before


def review_any(conn: Connection, chance: random.Random, reviewer: int) -> None:
    """Review, or relabel, an insight that may be gone by then."""
    found = find_insights(conn, InsightFilter(), None, 50)
    conn.commit()
    if not found:
        return
    chosen = chance.choice(found)
    label = chance.choice([None, "Export"]) if chosen.kind is Kind.FEATURE_REQUEST else None
    said = Judgement(Review.CONFIRMED, label) if label else Judgement(chance.choice([*Review]))
    with contextlib.suppress(NotFound, BadReview):
        review(conn, chosen.id, said, reviewer)


def test_workers_side_by_side_neither_deadlock_nor_lose_a_count(
    database_url: str, conn: Connection, add_call: AddCall, reviewer: int
) -> None:
    """Same day, same labels and themes, in other orders, a catalogue edited meanwhile, a person
    who reviews and one who notes the stage."""
    calls = [add_call(account="Acme") for _ in range(8)]
    add_competitor(conn, calls[0].company_id, Competitor("HubSpot"))
    conn.commit()

    def work(number: int) -> None:
        chance = random.Random(number)
        with db.connect(database_url) as own:
            for _ in range(15):
                if number == 0:
                    (entry,) = full_catalogue(own)
                    name = chance.choice(["HubSpot", "Hub Spot"])
                    set_competitor(own, entry.id, Competitor(name, ("HS", "hubs")))
                elif number == 1:
                    review_any(own, chance, reviewer)
                elif number == 2:
                    details = CallDetails(stage=chance.choice(["Demo", "Closing"]))
                    ingest.update_details(own, chance.choice(calls).id, details)
                else:
                    mined(own, chance.choice(calls), *chance.sample(SOME[number % 2], 8))
                own.commit()

    with ThreadPoolExecutor(7) as threads:
        list(threads.map(work, range(7)))
    assert rollup_differences(conn) == []


def test_found_by_filter_and_position(conn: Connection, add_call: AddCall) -> None:
    for day in range(3):
        save_insights(
            conn,
            add_call(account="Acme", held_at=NOON + timedelta(days=day)),
            [objection(), rival("Attrivo", 30)],
        )
    everything = find_insights(conn, InsightFilter(), None, 100)
    assert [found.held_at for found in everything] == sorted(
        (found.held_at for found in everything), reverse=True
    )
    walked: list[StoredInsight] = []
    after = None
    while page := find_insights(conn, InsightFilter(), after, 2):
        walked += page
        after = Position(page[-1].held_at, page[-1].id)
    assert walked == list(everything)
    wanted = InsightFilter(
        kind=Kind.COMPETITOR, account="ACME", since=NOON + timedelta(days=1), min_confidence=0.9
    )
    assert len(find_insights(conn, wanted, None, 100)) == 2


def test_a_rare_label_is_found_by_its_index(conn: Connection, add_call: AddCall) -> None:
    call = add_call()
    save_insights(conn, call, [objection("trust")])
    conn.execute(
        """insert into insight (call_id, turn, kind, label, quote, char_start, char_end,
                                confidence, detector, version)
           select %s, n, 'objection', 'price', 'q', 0, 1, 1, 'objection', '1'
           from generate_series(1, 20000) n""",
        [call.id],
    )
    conn.execute("analyze insight")
    plan = conn.execute(
        """explain select * from insight i join call c on c.id = i.call_id
           where i.kind = 'objection' and lower(i.label) = lower('Trust')
           order by c.held_at desc, i.id desc limit 50"""
    ).fetchall()
    assert "insight_by_label" in str(plan)
