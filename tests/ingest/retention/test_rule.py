"""How long things are kept: the rules, by examples and laws."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.retention.rule import (
    LONGEST_DAYS,
    NOTHING,
    BadRule,
    Bounds,
    Counts,
    Kept,
    Rule,
    gone,
    too_many,
)

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
YESTERDAY = NOW - timedelta(days=1)

periods = st.none() | st.integers(1, LONGEST_DAYS)
moments = st.integers(0, 4_000_000_000).map(lambda second: datetime.fromtimestamp(second, UTC))


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    calls = draw(periods)
    return Rule(draw(st.none() | st.integers(1, calls or LONGEST_DAYS)), calls)


def is_past(held_at: datetime, bound: datetime | None) -> bool:
    """As the database has it."""
    return bound is not None and held_at <= bound


@given(rules(), moments, moments)
def test_nothing_younger_than_its_period_is_past(
    rule: Rule, held_at: datetime, now: datetime
) -> None:
    bounds = rule.bounds(now)
    for days, bound in ((rule.sound_days, bounds.sound), (rule.call_days, bounds.calls)):
        assert is_past(held_at, bound) == (days is not None and now - held_at >= timedelta(days))


@given(rules(), moments, moments)
def test_what_is_told_of_a_call_is_what_becomes_of_it(
    rule: Rule, held_at: datetime, now: datetime
) -> None:
    bounds, ends = rule.bounds(now), rule.ends(held_at)
    for bound, end in ((bounds.sound, ends.sound), (bounds.calls, ends.calls)):
        assert is_past(held_at, bound) == (end is not None and end <= now)


@given(rules(), moments)
def test_a_call_is_never_kept_shorter_than_its_recording(rule: Rule, held_at: datetime) -> None:
    ends = rule.ends(held_at)
    if ends.calls is not None:
        assert ends.sound is not None
        assert ends.sound <= ends.calls


@given(moments)
def test_for_ever_is_for_ever(now: datetime) -> None:
    assert Rule().bounds(now) == NOTHING
    assert not Rule().limits


@pytest.mark.parametrize(
    ("recordings", "calls", "said"),
    [
        (0, None, "1 to 36,500 days"),
        (-1, 90, "1 to 36,500 days"),
        (None, LONGEST_DAYS + 1, "1 to 36,500 days"),
        (91, 90, "keep calls for 91 days or longer, or recordings for 90 or less"),
    ],
)
def test_what_is_no_rule_is_refused(recordings: int | None, calls: int | None, said: str) -> None:
    with pytest.raises(BadRule, match=said):
        Rule(recordings, calls)


def test_a_recording_without_a_period_goes_with_its_call() -> None:
    assert Rule(None, 30).bounds(NOW) == Bounds(NOW - timedelta(30), NOW - timedelta(30))
    assert Rule(30, None).bounds(NOW) == Bounds(NOW - timedelta(30), None)
    assert Rule(30, 30).bounds(NOW) == Rule(None, 30).bounds(NOW)


def test_a_run_comes_once_a_day_and_not_on_the_day_of_a_change() -> None:
    kept = Kept(Rule(30), 2, YESTERDAY, "Ana", NOTHING, None)
    assert kept.run_due(NOW, None)
    assert kept.run_due(NOW, YESTERDAY)
    assert not kept.run_due(NOW, NOW - timedelta(hours=12))
    assert kept.run_due(NOW, NOW - timedelta(hours=12, seconds=1))
    assert not replace(kept, changed_at=NOW).run_due(NOW, None)
    assert not replace(kept, rule=Rule()).run_due(NOW, None)


def test_who_asks_for_a_run_need_not_wait() -> None:
    asked = Kept(Rule(30), 2, NOW, "Ana", NOTHING, "Ana")
    assert asked.run_due(NOW, NOW)
    assert not replace(asked, rule=Rule()).run_due(NOW, None)


def test_a_clock_that_was_ahead_keeps_no_run_from_coming() -> None:
    kept = Kept(Rule(30), 2, YESTERDAY, "Ana", NOTHING, None)
    assert kept.run_due(NOW, NOW + timedelta(days=400))


@pytest.mark.parametrize(
    ("going", "of", "many"),
    [
        (Counts(0, 20), Counts(0, 20), False),  # a small house may let go of all it has
        (Counts(0, 21), Counts(0, 41), True),
        (Counts(0, 21), Counts(0, 42), False),  # half is not more than half
        (Counts(21, 0), Counts(30, 1000), True),
        (Counts(500, 0), Counts(1000, 1000), False),
    ],
)
def test_more_than_half_at_once_is_doubted(going: Counts, of: Counts, many: bool) -> None:
    assert too_many(going, of) is many


def test_what_is_gone_says_when_and_why() -> None:
    assert "The recording of call 7 went on 2 March 2026 by the retention rule" in str(gone(7, NOW))
