"""Reviews on a real PostgreSQL: kept as history, safe from mining, counted right."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.base.db import Connection
from ingest.base.errors import NotFound
from ingest.calls import Call
from insights.catalogue.queries import add_competitor, set_competitor
from insights.insight import Competitor, Insight, Kind, Review, Stance
from insights.queries import insights_of, save_insights
from insights.reviews.figures import enough
from insights.reviews.queries import (
    NEXT,
    add_missed,
    backlogs,
    detector_figures,
    next_to_review,
    review,
)
from insights.reviews.rules import Backlog, BadReview, Judgement, Missed, QueuePosition
from insights.rollups.queries import rollup_differences
from tests.conftest import AddCall
from tests.insights.saying import buyer, transcript
from tests.insights.test_queries import counted, mined, objection, request, rival
from transcribe import queries as transcripts

CONFIRM = Judgement(Review.CONFIRMED)
REJECT = Judgement(Review.REJECTED)
UNDO = Judgement(Review.UNREVIEWED)
WORDS = "what they said of the price, and what they said of Attrivo and of exports"


@pytest.fixture
def call(conn: Connection, add_call: AddCall) -> Call:
    """A call whose words are known and whose insights are counted."""
    made = add_call()
    transcripts.save(conn, made.id, transcript(buyer(WORDS), buyer(WORDS)))
    mined(conn, made)
    return made


def states(conn: Connection, call: Call) -> list[tuple[str, str]]:
    return [(found.label, found.review.value) for found in insights_of(conn, call.id)]


def history(conn: Connection) -> list[tuple[Any, ...]]:
    return conn.execute(
        """select before_review, before_label, before_stance, review, label, stance
           from reviews order by id"""
    ).fetchall()


def test_each_review_is_kept_with_what_was_before(
    conn: Connection, call: Call, reviewer: int
) -> None:
    mined(conn, call, rival("Attrivo"))
    (found,) = insights_of(conn, call.id)
    relabel = Judgement(Review.CONFIRMED, "Bolt", Stance.LEFT)
    for said in (CONFIRM, CONFIRM, relabel, UNDO, REJECT):
        review(conn, found.id, said, reviewer)
    assert history(conn) == [
        ("unreviewed", "Attrivo", "using", "confirmed", "Attrivo", "using"),
        ("confirmed", "Attrivo", "using", "confirmed", "Bolt", "left"),
        ("confirmed", "Bolt", "left", "unreviewed", "Attrivo", "using"),
        ("unreviewed", "Attrivo", "using", "rejected", "Attrivo", "using"),
    ]
    who = conn.execute("select distinct insight_id, call_id, user_id from reviews").fetchall()
    assert who == [(found.id, call.id, reviewer)]
    with pytest.raises(NotFound):
        review(conn, 999, CONFIRM, reviewer)


def test_history_is_only_added_to(conn: Connection, call: Call, reviewer: int) -> None:
    mined(conn, call, objection())
    review(conn, insights_of(conn, call.id)[0].id, CONFIRM, reviewer)
    with pytest.raises(psycopg.errors.RaiseException, match="change none"):
        conn.execute("update reviews set review = 'rejected'")


def test_a_rejected_insight_counts_no_more(conn: Connection, call: Call, reviewer: int) -> None:
    mined(conn, call, objection(), objection(start=40))
    first, _ = insights_of(conn, call.id)
    review(conn, first.id, REJECT, reviewer)
    once = [("2026-03-02", None, "objection", "price", 1, 1)]
    assert counted(conn) == once
    mined(conn, call, objection(), objection(start=40))
    assert counted(conn) == once, "it stays rejected"
    review(conn, first.id, UNDO, reviewer)
    assert counted(conn) == [("2026-03-02", None, "objection", "price", 2, 1)]


def test_relabelled_it_counts_under_the_new_name(
    conn: Connection, call: Call, reviewer: int
) -> None:
    entry = add_competitor(conn, call.company_id, Competitor("HubSpot", ("Hub Spot",)))
    mined(conn, call, rival("Attrivo"), request("CSV", 30))
    mention, wish = insights_of(conn, call.id)
    review(conn, mention.id, Judgement(Review.CONFIRMED, "hub spot"), reviewer)
    review(conn, wish.id, Judgement(Review.CONFIRMED, "Export"), reviewer)
    now, wished = insights_of(conn, call.id)
    assert (now.label, now.competitor_id, now.unlisted) == ("HubSpot", entry.id, False)
    assert (now.found_label, now.found_stance) == ("Attrivo", Stance.USING)
    assert (wished.label, wished.found_label) == ("Export", "CSV")
    assert wished.theme_id not in (None, wish.theme_id)
    assert [(kind, label) for _, _, kind, label, _, _ in counted(conn)] == [
        ("competitor", "HubSpot"),
        ("feature_request", "Export"),
    ]
    for found in (mention, wish):
        review(conn, found.id, UNDO, reviewer)
    assert list(insights_of(conn, call.id)) == [mention, wish], "all as it was"
    review(conn, mention.id, Judgement(Review.CONFIRMED, "ATTRIVO"), reviewer)
    assert insights_of(conn, call.id)[0] == replace(mention, review=Review.CONFIRMED)


def test_two_of_one_label_do_not_come_to_stand_in_one_place(
    conn: Connection, call: Call, reviewer: int
) -> None:
    mined(conn, call, objection("price"), objection("need"))
    need, price = insights_of(conn, call.id)
    with pytest.raises(BadReview, match=f"is here already .insight {need.id}"):
        review(conn, price.id, Judgement(Review.CONFIRMED, need.label), reviewer)
    review(conn, need.id, REJECT, reviewer)
    with pytest.raises(BadReview, match="is rejected"):
        review(conn, price.id, Judgement(Review.CONFIRMED, need.label), reviewer)


def test_mining_again_leaves_what_is_reviewed(conn: Connection, call: Call, reviewer: int) -> None:
    mined(conn, call, objection("price"), objection("need", 30), rival("Attrivo", 50), request("A"))
    said = {
        "price": REJECT,
        "need": Judgement(Review.CONFIRMED, "trust"),
        "Attrivo": REJECT,
        "A": Judgement(Review.CONFIRMED, "B"),
    }
    for found in insights_of(conn, call.id):
        review(conn, found.id, said[found.label], reviewer)
    before = insights_of(conn, call.id)
    again = [
        replace(objection("price", 4), version="2"),
        objection("timing", 6),  # the rejected one under another name, at other words
        objection("need", 32),
        objection("security", 28),
        rival("Attrivo", 52),
        request("C"),
    ]
    for found_again in (again, list(reversed(again)), []):
        mined(conn, call, *found_again)
        assert insights_of(conn, call.id) == before
        assert rollup_differences(conn) == []
    mined(conn, call, *again, rival("Bolt", 52), objection("price", 60))
    new = [found.label for found in insights_of(conn, call.id) if found not in before]
    assert new == ["Bolt", "price"], "another rival and other words are other mentions"


def test_a_neighbour_of_a_rejected_one_that_was_there_stays(
    conn: Connection, call: Call, reviewer: int
) -> None:
    both = objection("price"), objection("need", 8)
    mined(conn, call, *both)
    review(conn, insights_of(conn, call.id)[0].id, REJECT, reviewer)
    mined(conn, call, *both)
    assert states(conn, call) == [("price", "rejected"), ("need", "unreviewed")]


def test_what_was_missed_is_added_confirmed(conn: Connection, call: Call, reviewer: int) -> None:
    mined(conn, call, replace(objection("need", 0, turn=1), version="7+1"))
    at = WORDS.index("of the price")
    number = add_missed(
        conn, call.id, Missed(Kind.OBJECTION, "price", turn=0, span=(at, at + 12)), reviewer
    )
    mention = Missed(Kind.COMPETITOR, "attrivo", Stance.USING, turn=1, quote="of Attrivo")
    add_missed(conn, call.id, mention, reviewer)
    found, _, named = insights_of(conn, call.id)
    assert (found.id, found.quote, found.char_start) == (number, "of the price", at)
    assert (found.detector, found.version, found.confidence) == ("person", "7+1", 1.0)
    assert (found.review, found.speaker.value) == (Review.CONFIRMED, "buyer")
    assert (named.label, named.stance, named.unlisted) == ("attrivo", Stance.USING, True)
    assert history(conn)[0] == (None, None, None, "confirmed", "price", None)
    assert len(counted(conn)) == 3
    assert rollup_differences(conn) == []
    mined(conn, call, replace(objection("price", at), version="8+1"))
    assert [i.detector for i in insights_of(conn, call.id)] == ["person", "person"]
    with pytest.raises(BadReview, match=f"is here already .insight {number}"):
        add_missed(conn, call.id, Missed(Kind.OBJECTION, "price", quote="of the price", turn=0), 1)


def test_missed_where_there_is_nothing_to_read(
    conn: Connection, add_call: AddCall, reviewer: int
) -> None:
    said = Missed(Kind.OBJECTION, "price", quote="dear")
    for call_id in (add_call().id, 999):
        with pytest.raises(NotFound):
            add_missed(conn, call_id, said, reviewer)


def test_the_catalogue_takes_no_reviewed_mention_away(
    conn: Connection, call: Call, reviewer: int
) -> None:
    """Two names for one rival at one quote are one mention, unless people spoke of both."""
    mined(conn, call, rival("HS"), rival("HubSpot"), rival("Hub"))
    for found in insights_of(conn, call.id):
        if found.label != "Hub":
            review(conn, found.id, REJECT if found.label == "HS" else CONFIRM, reviewer)
    entry = add_competitor(conn, call.company_id, Competitor("HubSpot", ("HS", "Hub")))
    assert sorted(states(conn, call)) == [("HS", "rejected"), ("HubSpot", "confirmed")]
    set_competitor(conn, entry.id, Competitor("HS", ("HubSpot",)))
    assert rollup_differences(conn) == []
    assert {review for _, review in states(conn, call)} == {"confirmed", "rejected"}


def test_figures_by_kind_and_version(conn: Connection, add_call: AddCall, reviewer: int) -> None:
    whole, part = add_call(), add_call()
    for each in (whole, part):
        transcripts.save(conn, each.id, transcript(buyer(WORDS)))
        found = [replace(objection("price", start), version="7") for start in (0, 20, 40, 60)]
        mined(conn, each, *found)
    said = (CONFIRM, REJECT, Judgement(Review.CONFIRMED, "need"), CONFIRM)
    for found_one, judgement in zip(insights_of(conn, whole.id), said, strict=True):
        review(conn, found_one.id, judgement, reviewer)
    review(conn, insights_of(conn, part.id)[0].id, CONFIRM, reviewer)
    for each in (whole, part):
        missed = Missed(Kind.OBJECTION, "trust", quote="and of exports")
        add_missed(conn, each.id, missed, reviewer)
    (figures,) = detector_figures(conn)
    assert (figures.kind, figures.version) == (Kind.OBJECTION, "7")
    assert (figures.confirmed, figures.relabelled, figures.rejected) == (3, 1, 1)
    assert (figures.missed, figures.calls) == (2, 1)
    assert (figures.precision.hits, figures.precision.total) == (3, 5)
    assert (figures.recall.hits, figures.recall.total) == (3, 4), "of the call reviewed as a whole"
    assert not enough(figures.precision)


def test_nothing_reviewed_is_no_figure(conn: Connection, call: Call, reviewer: int) -> None:
    mined(conn, call, objection())
    assert detector_figures(conn) == []
    review(conn, insights_of(conn, call.id)[0].id, CONFIRM, reviewer)
    review(conn, insights_of(conn, call.id)[0].id, UNDO, reviewer)
    assert detector_figures(conn) == []


POOL = [
    *(objection(label, start) for label in ("price", "need") for start in (0, 8, 30)),
    *(rival(label, start) for label in ("HubSpot", "HS") for start in (0, 8)),
    *(request(label, start) for label in ("CSV", "csv", "Export") for start in (0, 30)),
]
LABELS = ["price", "need", "HubSpot", "hs", "Export", "csv"]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("mine"), st.lists(st.sampled_from(POOL), max_size=6)),
        st.tuples(
            st.integers(0, 9),
            st.builds(
                Judgement,
                st.sampled_from(Review),
                st.none() | st.sampled_from(LABELS),
                st.none() | st.sampled_from(Stance),
            ),
        ),
        st.tuples(
            st.just("missed"),
            st.builds(
                Missed,
                st.sampled_from(Kind),
                st.sampled_from(LABELS),
                st.none() | st.just(Stance.LEFT),
                st.integers(0, 1),
                st.none(),
                st.tuples(st.integers(0, 30), st.integers(20, 60)),
            ),
        ),
    ),
    max_size=12,
)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_whatever_is_reviewed_the_counts_agree_and_mining_leaves_it(
    conn: Connection, call: Call, reviewer: int, steps: Sequence[tuple[Any, Any]]
) -> None:
    with conn.transaction(force_rollback=True):
        for what, said in steps:
            happen(conn, call, reviewer, what, said)
            assert rollup_differences(conn) == []
            assert len(detector_figures(conn)) <= len(insights_of(conn, call.id))


def happen(conn: Connection, call: Call, reviewer: int, what: Any, said: Any) -> None:
    """One step; one that is refused changes nothing."""
    before = list(insights_of(conn, call.id))
    try:
        if what == "mine":
            remined(conn, call, said)
        elif what == "missed":
            add_missed(conn, call.id, said, reviewer)
        elif before:
            review(conn, before[what % len(before)].id, said, reviewer)
    except BadReview:
        assert list(insights_of(conn, call.id)) == before


def remined(conn: Connection, call: Call, found: Sequence[Insight]) -> None:
    """Mining leaves every reviewed insight as it is and says nothing more of a rejected one."""
    reviewed = [i for i in insights_of(conn, call.id) if i.review is not Review.UNREVIEWED]
    there = {i.id for i in insights_of(conn, call.id)}
    save_insights(conn, call, found)
    now = insights_of(conn, call.id)
    assert [i for i in now if i.id in {old.id for old in reviewed}] == reviewed
    for new in (i for i in now if i.id not in there):
        beside = [
            old
            for old in reviewed
            if (old.turn, old.kind) == (new.turn, new.kind)
            and old.char_start < new.char_end
            and new.char_start < old.char_end
            and old.kind is not Kind.COMPETITOR
        ]
        assert beside == []


def sure(confidence: float, insight: Insight) -> Insight:
    return replace(insight, confidence=confidence)


def walked(conn: Connection, kind: Kind | None = None) -> list[str]:
    """The queue from its start to its end."""
    labels, after = [], None
    while found := next_to_review(conn, kind, after):
        labels.append(found.label)
        after = QueuePosition(found.confidence, found.id)
    return labels


def test_the_queue_goes_from_the_least_sure_on(
    conn: Connection, call: Call, add_call: AddCall, reviewer: int
) -> None:
    assert next_to_review(conn) is None
    mined(conn, call, sure(0.9, rival("Attrivo")), sure(0.5, objection("price", 20)))
    other = add_call()
    mined(conn, other, sure(0.5, request("export", 40)), sure(0.1, rival("Bolt", 60)))
    assert walked(conn) == ["Bolt", "price", "export", "Attrivo"], "of equals the first found"
    assert walked(conn, Kind.COMPETITOR) == ["Bolt", "Attrivo"]
    add_missed(conn, call.id, Missed(Kind.OBJECTION, "timing", quote=WORDS, turn=0), reviewer)
    found = {insight.label: insight.id for insight in insights_of(conn, other.id)}
    review(conn, found["export"], REJECT, reviewer)
    assert walked(conn) == ["Bolt", "price", "Attrivo"]
    assert backlogs(conn) == {
        Kind.OBJECTION: Backlog(1, 1),
        Kind.COMPETITOR: Backlog(2, 0),
        Kind.FEATURE_REQUEST: Backlog(0, 1),
    }
    review(conn, found["export"], UNDO, reviewer)
    assert walked(conn, Kind.FEATURE_REQUEST) == ["export"]


def test_the_queue_has_its_index(conn: Connection, call: Call) -> None:
    conn.execute(
        """insert into insight (call_id, turn, kind, label, quote, char_start, char_end,
                                confidence, detector, version)
           select %s, 0, 'objection', 'price', 'x', n, n + 1, n / 5000.0, 'objection', '1'
           from generate_series(1, 5000) n""",
        (call.id,),
    )
    conn.execute("analyze insight")
    plan = conn.execute(f"explain {NEXT}", {"kind": None, "confidence": 0.5, "id": 1}).fetchall()
    assert any("insight_to_review" in line for (line,) in plan), plan
