"""Mining old calls again: compared, then applied, and reviews stand; on a real PostgreSQL."""

from datetime import timedelta
from typing import Any

import pytest

from ingest.base import db
from ingest.base.errors import NotFound
from ingest.base.settings import Settings
from insights import queries as kept
from insights.catalogue.queries import add_competitor
from insights.insight import Competitor, Kind, Review
from insights.remines import queries
from insights.remines.remine import RemineState, Scope
from insights.reviews.queries import review as judge
from insights.reviews.rules import Judgement
from tests.conftest import NOON
from tests.insights.keywords import Keywords, objections
from tests.insights.remining import NEW, AddMined, apply, ask, labels, looked


def test_looking_shows_what_would_appear_and_disappear_and_changes_nothing(
    conn: db.Connection, settings: Settings, mined: AddMined
) -> None:
    first = mined(title="First call")
    second = mined(objections("price", "high"), held_at=NOON + timedelta(days=1))
    found = looked(conn, settings)
    assert (found.state, found.calls, found.looked) == (RemineState.LOOKED, 2, 2)
    assert (found.appears, found.disappears, found.stays) == (2, 1, 2)
    timing, high = queries.changes(conn, found.id, examples=1)
    assert (timing.kind, timing.label, timing.appears, timing.calls) == (
        Kind.OBJECTION,
        "timing",
        2,
        2,
    )
    assert [(e.appears, e.quote, e.call_id) for e in timing.examples] == [
        (True, "timing", second.id)
    ], "the latest call's"
    assert (high.label, high.disappears, high.examples[0].appears) == ("high", 1, False)
    changed = queries.changed_calls(conn, found.id, 10)
    assert [(c.id, c.appears, c.disappears) for c in changed] == [
        (second.id, 1, 1),
        (first.id, 1, 0),
    ]
    assert queries.count_changed_calls(conn, found.id) == 2
    assert labels(conn, first) == [("price", "1")]


def test_the_same_miner_again_finds_no_difference(
    conn: db.Connection, settings: Settings, mined: AddMined, reviewer: int
) -> None:
    call = mined(NEW)
    (first, *_) = kept.insights_of(conn, call.id)
    judge(conn, first.id, Judgement(Review.REJECTED), reviewer)
    found = looked(conn, settings)
    assert (found.appears, found.disappears, found.stays) == (0, 0, 2)
    assert queries.changes(conn, found.id, 3) == []


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ({}, [0, 1, 2]),
        ({"company": "ACME"}, [0, 1]),
        ({"since": NOON}, [1, 2]),
        ({"company": "Bolt", "since": NOON + timedelta(days=2)}, []),
    ],
)
def test_only_calls_in_the_scope(
    conn: db.Connection,
    settings: Settings,
    mined: AddMined,
    scope: dict[str, Any],
    expected: list[int],
) -> None:
    ids = [
        mined(held_at=NOON - timedelta(days=1)).id,
        mined().id,
        mined(company="Bolt", held_at=NOON).id,
    ]
    asked = ask(conn, **scope)
    chosen = conn.execute("select call_id from remine_call order by 1").fetchall()
    assert [call_id for (call_id,) in chosen] == [ids[n] for n in expected]
    assert asked.state is (RemineState.LOOKING if expected else RemineState.LOOKED)


def test_an_unknown_company_is_said(conn: db.Connection) -> None:
    with pytest.raises(NotFound, match="no company Nobody"):
        queries.ask(conn, Scope(company="Nobody"), "an admin", dry_run=True)


def test_only_one_kind(conn: db.Connection, settings: Settings, mined: AddMined) -> None:
    call = mined(objections("price", "high"))
    add_competitor(conn, call.company_id, Competitor("Attrivo"))
    conn.commit()
    found = looked(conn, settings, kind=Kind.COMPETITOR)
    assert [(c.label, c.appears) for c in queries.changes(conn, found.id, 3)] == [("Attrivo", 1)]
    apply(conn, settings, found)
    assert labels(conn, call) == [("price", "1"), ("high", "1"), ("Attrivo", "2")]


def test_a_theme_is_only_made_when_it_is_applied(
    conn: db.Connection, settings: Settings, mined: AddMined
) -> None:
    wish = Keywords({"cheaper": (Kind.FEATURE_REQUEST, "Lower prices")}, "2")
    mined(Keywords({}))
    found = looked(conn, settings, wish)
    assert conn.execute("select count(*) from theme").fetchone() == (0,)
    apply(conn, settings, found, wish)
    assert conn.execute("select name from theme").fetchall() == [("Lower prices",)]


# -- applying -------------------------------------------------------------------------------


def test_applying_replaces_the_insights_and_keeps_their_ids(
    conn: db.Connection, settings: Settings, mined: AddMined
) -> None:
    call = mined(objections("price", "high"))
    before = kept.insights_of(conn, call.id)
    found = apply(conn, settings, looked(conn, settings))
    assert (found.state, found.applied) == (RemineState.APPLIED, 1)
    assert (found.appears, found.disappears, found.stays) == (1, 1, 1)
    assert labels(conn, call) == [("price", "2"), ("timing", "2")]
    assert kept.insights_of(conn, call.id)[0].id == before[0].id
    assert conn.execute("select found from remine_call").fetchone() == (None,)
    again = apply(conn, settings, found)
    assert (again.state, labels(conn, call)) == (
        RemineState.APPLIED,
        [("price", "2"), ("timing", "2")],
    )


@pytest.mark.parametrize("review", [Review.CONFIRMED, Review.REJECTED])
def test_what_a_person_has_reviewed_stands(
    conn: db.Connection, settings: Settings, mined: AddMined, reviewer: int, review: Review
) -> None:
    call = mined(objections("price", "high"))
    for found in kept.insights_of(conn, call.id):
        judge(conn, found.id, Judgement(review), reviewer)
    conn.commit()
    before = kept.insights_of(conn, call.id)
    done = apply(conn, settings, looked(conn, settings))
    conn.rollback()
    after = kept.insights_of(conn, call.id)
    assert [i for i in after if i.review is review] == before
    assert [(i.label, i.review) for i in after if i not in before] == [
        ("timing", Review.UNREVIEWED)
    ]
    assert (done.appears, done.disappears, done.stays) == (1, 0, 2)


def test_words_that_a_person_has_judged_get_no_second_label(
    conn: db.Connection, settings: Settings, mined: AddMined, reviewer: int
) -> None:
    """Neither a rejected objection under another name, nor a relabelled one under its old one."""
    call = mined()
    (price,) = kept.insights_of(conn, call.id)
    judge(conn, price.id, Judgement(Review.REJECTED), reviewer)
    conn.commit()
    renamed = objections(price="budget", version="2")
    apply(conn, settings, looked(conn, settings, renamed), renamed)
    assert labels(conn, call) == [("price", "1")]


def test_reviewed_between_looking_and_applying(
    conn: db.Connection, settings: Settings, mined: AddMined, reviewer: int
) -> None:
    call = mined(objections("high"))
    found = looked(conn, settings)
    (high,) = kept.insights_of(conn, call.id)
    judge(conn, high.id, Judgement(Review.CONFIRMED), reviewer)
    conn.commit()
    done = apply(conn, settings, found)
    assert labels(conn, call) == [("price", "2"), ("high", "1"), ("timing", "2")]
    assert (done.appears, done.disappears, done.stays) == (2, 0, 1), "as it was really done"


def test_what_was_shown_is_applied_without_mining_again(
    conn: db.Connection, settings: Settings, mined: AddMined
) -> None:
    call = mined()
    found = looked(conn, settings)
    apply(conn, settings, found, objections("high", version="2"))
    assert labels(conn, call) == [("price", "2"), ("timing", "2")]


def test_a_catalogue_edited_meanwhile_or_another_model_is_mined_with(
    conn: db.Connection, settings: Settings, mined: AddMined
) -> None:
    call = mined()
    found = looked(conn, settings)
    add_competitor(conn, call.company_id, Competitor("Attrivo"))
    conn.commit()
    apply(conn, settings, found)
    assert labels(conn, call) == [("price", "2"), ("timing", "2"), ("Attrivo", "2")]
    newest = objections("high", version="3")
    apply(conn, settings, looked(conn, settings), newest)
    assert labels(conn, call) == [("high", "3"), ("Attrivo", "3")]


def test_a_dry_run_is_never_applied_nor_one_still_looking(
    conn: db.Connection, settings: Settings, mined: AddMined
) -> None:
    mined()
    asked = ask(conn)
    with pytest.raises(queries.NotToApply, match="still looking"):
        queries.ask_to_apply(conn, asked.id)
    dry = looked(conn, settings, dry_run=True)
    with pytest.raises(queries.NotToApply, match="dry run"):
        queries.ask_to_apply(conn, dry.id)
    with pytest.raises(NotFound):
        queries.ask_to_apply(conn, 999)


def test_what_nobody_applied_is_forgotten_later(
    conn: db.Connection, settings: Settings, mined: AddMined
) -> None:
    mined()
    old, applied = ask(conn), apply(conn, settings, looked(conn, settings))
    conn.execute("update remine set created_at = now() - interval '8 days'")
    ask(conn)
    with pytest.raises(NotFound):
        queries.remine(conn, old.id)
    assert queries.remine(conn, applied.id).state is RemineState.APPLIED
