"""Which changes are told: published values, laws, and how an answer is put together."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.digest import ENOUGH_CALLS
from insights.evaluate import Share
from insights.insight import Kind
from insights.trends.rules import (
    FALSE_ALARMS,
    MOST_SERIES,
    build,
    chance,
    compared,
    false_rates,
    judge,
    least_chance,
    marks,
)
from insights.trends.trend import (
    BadSpan,
    CallCount,
    Counts,
    Dimension,
    LabelCount,
    Period,
    Question,
    Trends,
    Unit,
    Verdict,
    last_periods,
    periods,
)

MONDAY = date(2026, 2, 2)
WEEKS = periods(Unit.WEEK, MONDAY, MONDAY + timedelta(weeks=9))
LATER = MONDAY + timedelta(weeks=8)  # the ninth week is not over


@st.composite
def share(draw: st.DrawFn, most: int = 60) -> Share:
    total = draw(st.integers(1, most))
    return Share(draw(st.integers(0, total)), total)


# The test ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "before", "one_tail"),
    [
        # Fisher 1935, the lady tasting tea: 3 of 4 right; R's fisher.test, TeaTasting.
        (Share(3, 4), Share(1, 4), 17 / 70),
        (Share(4, 4), Share(0, 4), 1 / 70),
        # Fisher 1970, convictions of like-sex twins: R's fisher.test, Convictions, "less".
        (Share(10, 13), Share(2, 17), 0.0004651809),
        # Whales and sharks in two oceans: SciPy's fisher_exact, where both tails sum to 0.0350.
        (Share(8, 10), Share(1, 6), 280 / 11440),
    ],
)
def test_the_published_tails(now: Share, before: Share, one_tail: float) -> None:
    assert chance(now, before) == pytest.approx(2 * one_tail, rel=1e-6)


@given(share(), share())
def test_it_is_the_sum_over_all_tables_and_does_not_mind_the_order(a: Share, b: Share) -> None:
    """By the definition, in whole numbers."""
    p = chance(a, b)
    assert 0 < p <= 1
    assert chance(b, a) == pytest.approx(p)
    assert chance(_missed(a), _missed(b)) == pytest.approx(p)
    high, low = (a, b) if a.hits * b.total >= b.hits * a.total else (b, a)
    hits = a.hits + b.hits
    ways = sum(
        comb(high.total, n) * comb(low.total, hits - n)
        for n in range(high.hits, min(high.total, hits) + 1)
    )
    expected = min(1.0, 2 * ways / comb(a.total + b.total, hits))
    assert p == pytest.approx(1.0 if a.value == b.value else expected)


def _missed(of: Share) -> Share:
    return Share(of.total - of.hits, of.total)


@given(share(), share())
def test_a_larger_difference_is_less_likely_chance(a: Share, b: Share) -> None:
    if a.hits < a.total and a.hits * b.total >= b.hits * a.total:
        assert chance(Share(a.hits + 1, a.total), b) <= chance(a, b) * (1 + 1e-9)


@given(st.integers(1, 40), st.integers(1, 40), st.data())
def test_it_seldom_cries_wolf(n: int, m: int, data: st.DataObject) -> None:
    """However the hits are dealt out at random, p ≤ alpha comes up in at most alpha of the deals:
    what a test that holds means."""
    hits = data.draw(st.integers(0, n + m))
    dealt = range(max(0, hits - m), min(n, hits) + 1)
    for alpha in (0.01, 0.05, 0.1):
        alarms = sum(
            comb(n, k) * comb(m, hits - k)
            for k in dealt
            if chance(Share(k, n), Share(hits - k, m)) <= alpha * (1 - 1e-9)
        )
        assert alarms <= alpha * comb(n + m, hits)


@given(share(), share())
def test_no_distribution_of_the_same_hits_is_more_telling_than_the_least(
    a: Share, b: Share
) -> None:
    hits = a.hits + b.hits
    dealt = range(max(0, hits - b.total), min(a.total, hits) + 1)
    least = min(chance(Share(k, a.total), Share(hits - k, b.total)) for k in dealt)
    assert least_chance(a, b) == pytest.approx(least)


def test_large_and_extreme_counts_stay_numbers() -> None:
    assert 0 < chance(Share(40_000, 40_000), Share(0, 40_000)) < 1e-300
    assert chance(Share(20_000, 40_000), Share(20_100, 40_000)) == pytest.approx(0.4840, abs=1e-3)


# False discoveries ------------------------------------------------------------------------

NEUHAUS = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240]
NEUHAUS += [0.4262, 0.5719, 0.6528, 0.7590, 1.0]
"""The example of Benjamini and Hochberg 1995, section 4.1: at 0.05 the first four are told."""


def test_the_published_example_of_false_discoveries() -> None:
    rates = false_rates(NEUHAUS)
    assert sum(rate <= 0.05 for rate in rates) == 4
    assert rates[:3] == pytest.approx([0.0015, 0.003, 0.0095])


@given(st.lists(st.floats(1e-9, 1.0), max_size=30), st.sampled_from([0.05, 0.1, 0.3]))
def test_they_are_those_that_the_procedure_tells(chances: list[float], limit: float) -> None:
    rates = false_rates(chances)
    assert all(p <= rate <= 1 for p, rate in zip(chances, rates, strict=True))
    ordered = sorted(chances)
    passed = [k for k, p in enumerate(ordered, 1) if p * (len(ordered) / k) <= limit]
    told = sum(rate <= limit for rate in rates)
    assert told == max(passed, default=0)
    by_p = [rate for _, rate in sorted(zip(chances, rates, strict=True))]
    assert by_p == sorted(by_p)


def test_none_is_told_of_too_few_calls_and_rare_ones_drown_nobody() -> None:
    clear = (Share(12, 20), Share(1, 20))
    few = (Share(4, ENOUGH_CALLS - 1), Share(0, 20))
    once = [(Share(1, 20), Share(0, 20))] * 300
    told, few_calls, *rest = judge([clear, few, *once])
    assert (told.verdict, few_calls.verdict) == (Verdict.MORE, Verdict.TOO_FEW_CALLS)
    assert told.chance == told.false_rate
    assert few_calls.chance is None
    assert {change.verdict for change in rest} == {Verdict.RARE}


def test_a_change_is_told_less_easily_among_many() -> None:
    weak, noise = (Share(9, 20), Share(2, 20)), (Share(5, 20), Share(5, 20))
    assert judge([weak])[0].verdict is Verdict.MORE
    assert judge([weak, *[noise] * 10])[0].verdict is Verdict.UNSURE
    assert judge([weak[::-1]])[0].verdict is Verdict.LESS
    assert judge([]) == []


@given(st.lists(st.tuples(share(), share()), max_size=12))
def test_what_is_told_is_sure_and_has_calls(pairs: Sequence[tuple[Share, Share]]) -> None:
    for (now, before), change in zip(pairs, judge(pairs), strict=True):
        assert (change.now, change.before) == (now, before)
        if change.verdict in (Verdict.MORE, Verdict.LESS):
            assert change.false_rate is not None
            assert change.false_rate <= FALSE_ALARMS
            assert min(now.total, before.total) >= ENOUGH_CALLS
            assert (now.value > before.value) is (change.verdict is Verdict.MORE)


# Periods ----------------------------------------------------------------------------------


@given(st.sampled_from(Unit), st.dates(date(1970, 1, 1), date(2200, 1, 1)), st.integers(1, 99))
def test_periods_follow_each_other_and_hold_every_day(unit: Unit, day: date, days: int) -> None:
    found = periods(unit, day, day + timedelta(days))
    assert found[0].start <= day
    assert found[-1].start < day + timedelta(days) <= found[-1].stop
    for one, other in pairwise(found):
        assert one.stop == other.start
    assert all(Period.of(unit, period.stop - timedelta(1)) == period for period in found)
    assert last_periods(unit, len(found), day + timedelta(days)) == found


def test_periods_have_names() -> None:
    day = date(2027, 1, 1)
    names = [Period.of(unit, day).name for unit in Unit]
    assert names == ["2027-01-01", "2026-W53", "2027-01"]
    assert Period.of(Unit.MONTH, date(2028, 2, 9)).stop == date(2028, 3, 1)


def test_too_many_periods_and_none_at_all() -> None:
    assert len(periods(Unit.DAY, MONDAY, MONDAY + timedelta(120))) == 120
    with pytest.raises(BadSpan, match="more than 120 days: ask for a shorter time, or for longer"):
        periods(Unit.DAY, MONDAY, MONDAY + timedelta(121))
    with pytest.raises(BadSpan, match=r"more than 120 months: ask for a shorter time\."):
        periods(Unit.MONTH, date(1970, 1, 1), date(2999, 1, 1))
    with pytest.raises(BadSpan, match="let “since” be before “until”"):
        periods(Unit.WEEK, MONDAY, MONDAY)


# Versions ---------------------------------------------------------------------------------


def versions(*of_weeks: str) -> dict[date, frozenset[str]]:
    """ "ab": versions a and b in that week."""
    pairs = zip(WEEKS, of_weeks, strict=False)
    return {week.start: frozenset(names) for week, names in pairs if names}


@pytest.mark.parametrize(
    ("of_weeks", "marked"),
    [
        (("a", "a", "a"), []),
        (("a", "ab", "b"), [1]),  # the old one going is no second mark
        (("a", "", "b", "b"), [2]),
        (("", "", "a"), []),
        (("ab", "a"), [0]),
        (("a", "b", "a"), [1, 2]),
        ((), []),
    ],
)
def test_a_mark_is_where_a_version_sets_in(of_weeks: tuple[str, ...], marked: list[int]) -> None:
    assert marks(WEEKS, versions(*of_weeks)) == tuple(WEEKS[n] for n in marked)


def test_only_whole_periods_are_compared_and_versions_noted() -> None:
    spans = compared(WEEKS, LATER, versions(*"aaaabbbbc"))
    assert spans
    assert (spans.before, spans.now) == (WEEKS[0:4], WEEKS[4:8])
    assert spans.versions == ("a", "b")
    assert spans.across
    short = compared(WEEKS[:4], LATER, versions(*"aaaa"))
    assert short
    assert (short.before, short.now, short.across) == (WEEKS[0:2], WEEKS[2:4], False)
    assert compared(WEEKS[:2], WEEKS[1].start, {}) is None


# An answer --------------------------------------------------------------------------------


def answer(*labels: LabelCount, calls: int = 5, by: Dimension | None = None) -> Trends:
    """Of nine weeks with so many calls each, of which eight are over."""
    groups = {label.group for label in labels} or {None}
    counted = [CallCount(week.start, group, calls) for week in WEEKS for group in groups]
    question = Question(Kind.OBJECTION, WEEKS, by=by)
    return build(question, Counts(tuple(counted), labels, ()), LATER)


def label(week: int, calls: int, name: str = "price", group: str | None = None) -> LabelCount:
    return LabelCount(WEEKS[week].start, group, name, calls + 1, calls)


def test_an_answer_adds_up() -> None:
    told = answer(label(0, 1), label(6, 5), label(7, 5), label(8, 2), label(1, 2, "trust"))
    price, trust = told.series
    assert [point.share.hits for point in price.points] == [1, 0, 0, 0, 0, 0, 5, 5, 2]
    assert {point.share.total for point in price.points} == {5}
    assert price.points[0].mentions == 2
    assert price.change
    assert (price.change.now, price.change.before) == (Share(10, 20), Share(1, 20))
    assert price.told
    assert price.change.verdict is Verdict.MORE
    assert trust.change
    assert trust.change.verdict is Verdict.RARE
    assert told.calls == (5,) * 9
    assert not told.whole(WEEKS[8])


def test_each_group_has_its_own_calls_and_names_differ_in_more_than_case() -> None:
    told = answer(
        label(0, 1, group="SMB"), label(0, 2, group="smb"), label(0, 1), by=Dimension.SEGMENT
    )
    found = {series.group: series.points[0].share for series in told.series}
    assert found == {"SMB": Share(3, 10), None: Share(1, 5)}
    assert told.calls == (15,) * 9


def test_what_is_told_comes_first_and_the_rarest_are_left_out() -> None:
    often = [label(n, 4, "need") for n in range(9)]
    rise = [label(n, 5, "price") for n in (6, 7)]
    many = [label(0, 1, f"wish {n}") for n in range(MOST_SERIES)]
    told = answer(*often, *rise, *many)
    assert [series.label for series in told.series[:2]] == ["price", "need"]
    assert (len(told.series), told.left_out) == (MOST_SERIES, 2)


def test_nothing_is_an_answer_too() -> None:
    told = build(Question(Kind.OBJECTION, WEEKS), Counts((), (), ()), LATER)
    assert (told.series, told.calls, told.marks) == ((), (0,) * 9, ())
