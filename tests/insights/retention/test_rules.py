"""A rule is agreed to, changed and looked at before anything goes."""

import pytest

from ingest.base import db
from ingest.base.settings import Settings
from ingest.calls import CallState
from ingest.retention import queries
from ingest.retention.rule import Rule, RuleChanged
from insights.retention import begun, carry_on
from tests.insights.retention.keeping import Bring, go_on, keep_to, latest, since_yesterday, there


def test_nothing_goes_for_ever_by_default(
    conn: db.Connection, settings: Settings, bring: Bring
) -> None:
    call = bring(20_000)
    go_on(settings)
    assert there(conn, call) == call
    assert queries.runs(conn) == []


def test_more_than_half_at_once_waits_for_a_word(
    conn: db.Connection, settings: Settings, bring: Bring
) -> None:
    keep_to(conn, None, 30)
    found = [bring(31) for _ in range(21)]  # agreed to is what was past when the rule was set
    conn.execute("update retention set calls_agreed = now() - interval '60 days'")
    conn.commit()
    go_on(settings)
    run = latest(conn)
    assert run.stopped is not None
    assert "21 of 21 calls would have gone at once, more than half" in run.stopped
    assert there(conn, found[0]) == found[0]
    since_yesterday(conn)
    queries.agree(conn, queries.kept(conn).rule.bounds(queries.clock(conn)))
    queries.ask(conn, "Ana")
    conn.commit()
    go_on(settings)
    assert there(conn, found[0]) is None
    assert (latest(conn).calls, latest(conn).asked_by) == (21, "Ana")


def test_what_was_agreed_to_with_the_rule_is_not_asked_again(
    conn: db.Connection, settings: Settings, bring: Bring
) -> None:
    found = [bring(31) for _ in range(21)]
    keep_to(conn, None, 30)
    go_on(settings)
    assert there(conn, found[0]) is None
    assert latest(conn).stopped is None


def test_another_rule_ends_the_run_at_once(
    conn: db.Connection, settings: Settings, bring: Bring
) -> None:
    call = bring(40)
    keep_to(conn, 30, 30)
    run = begun(conn)
    conn.commit()
    assert run is not None
    queries.set_rule(conn, Rule(), "Ben")
    conn.commit()
    carry_on(conn, run)
    go_on(settings)
    assert there(conn, call) == call
    assert [(c.call_days, c.changed_by) for c in queries.changes(conn)] == [
        (None, "Ben"),
        (30, "Ana"),
    ]


def test_a_rule_that_somebody_else_changed_is_looked_at_again(conn: db.Connection) -> None:
    kept = queries.set_rule(conn, Rule(30), "Ana", version=1)
    assert kept.version == 2
    with pytest.raises(RuleChanged, match="Ana has changed the rule meanwhile"):
        queries.set_rule(conn, Rule(31), "Ben", version=1)
    assert queries.kept(conn).rule == Rule(30)


def test_a_preview_counts_what_a_run_does(
    conn: db.Connection, settings: Settings, bring: Bring
) -> None:
    for days in (10, 25, 40, 80, 110):
        bring(days)
    held = bring(90)
    bring(95, CallState.HEARING)
    queries.hold(conn, held.id, "Ana")
    rule = Rule(30, 100)
    told = queries.preview(conn, rule)
    assert (told.now.recordings, told.now.calls) == (2, 1)
    assert (told.soon.recordings, told.soon.calls) == (3, 2)
    assert (told.held, told.busy, told.of.calls) == (1, 1, 7)
    assert [past.whole for past in told.oldest] == [True, False, False]
    keep_to(conn, 30, 100)
    go_on(settings)
    run = latest(conn)
    assert (run.recordings, run.calls, run.held, run.busy) == (2, 1, 1, 1)
