"""Figures: known answers by hand, and laws that hold for any truth and any finding."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.evaluate import Calls, label_counts, pairs, score, theme_pairs, wilson
from insights.insight import Insight, Kind, Quote, Stance


def mention(
    turn: int = 0, kind: Kind = Kind.OBJECTION, label: str = "price", at: int = 0
) -> Insight:
    stance = Stance.USING if kind is Kind.COMPETITOR else None
    return Insight(turn, kind, label, Quote("abc", at, at + 3), 0.9, "d", "1", stance)


insights = st.builds(
    mention, st.integers(0, 3), st.sampled_from(Kind), st.sampled_from(["price", "need"])
)
calls: st.SearchStrategy[Calls] = st.dictionaries(
    st.sampled_from(["a", "b", "c"]), st.lists(insights, max_size=6)
)


def test_figures_by_hand() -> None:
    truth = {"a": [mention(0), mention(1), mention(2, label="need")], "b": [mention(0)]}
    found = {"a": [mention(0), mention(2)], "b": [mention(3)]}
    objections = score(truth, found).kinds[Kind.OBJECTION]
    assert (objections.hits, objections.precision.total, objections.recall.total) == (2, 3, 4)
    assert objections.precision.value == pytest.approx(2 / 3)
    assert objections.recall.value == pytest.approx(0.5)
    assert objections.f1 == pytest.approx(4 / 7)
    assert objections.label_right.value == 0.5  # turn 2: found as price, is need


def test_two_in_a_turn_need_two_finds() -> None:
    truth = {"a": [mention(0, label="price"), mention(0, label="timing", at=10)]}
    once = score(truth, {"a": [mention(0, label="timing", at=10)]}).kinds[Kind.OBJECTION]
    assert (once.hits, once.label_right.value) == (1, 1.0)  # matched to the one it agrees with
    thrice = score(truth, {"a": [mention(0)] * 3}).kinds[Kind.OBJECTION]
    assert (thrice.hits, thrice.precision.total) == (2, 3)


def test_a_competitor_needs_the_name_whatever_its_case() -> None:
    truth = {"a": [mention(kind=Kind.COMPETITOR, label="Zebrix One")]}
    right = {"a": [mention(kind=Kind.COMPETITOR, label="zebrix  one")]}
    wrong = {"a": [mention(kind=Kind.COMPETITOR, label="Quorum")]}
    assert score(truth, right).kinds[Kind.COMPETITOR].hits == 1
    assert score(truth, wrong).kinds[Kind.COMPETITOR].hits == 0


def test_themes_are_judged_by_pairs_within_a_company() -> None:
    def wishes(*themes: str) -> list[Insight]:
        return [mention(n, Kind.FEATURE_REQUEST, theme) for n, theme in enumerate(themes)]

    truth = {"a": wishes("CSV export", "csv export", "dark mode"), "b": wishes("CSV export")}
    found = {"a": wishes("export", "export", "export"), "b": wishes("export")}

    apart = theme_pairs(truth, found, {"a": "A", "b": "B"})
    assert (apart.precision.hits, apart.precision.total) == (1, 3)
    assert (apart.recall.hits, apart.recall.total) == (1, 1)
    together = theme_pairs(truth, found, {"a": "A", "b": "A"})
    assert (together.precision.hits, together.precision.total) == (3, 6)


def test_wrong_stance_is_a_hit_and_counted_as_wrong() -> None:
    true = mention(kind=Kind.COMPETITOR, label="Zebrix")
    found = replace(true, stance=Stance.LEFT)
    figures = score({"a": [true]}, {"a": [found]}).kinds[Kind.COMPETITOR]
    assert (figures.f1, figures.label_right.value) == (1.0, 0.0)
    counts = label_counts({"a": [true]}, {"a": [found]}, Kind.COMPETITOR)
    assert counts == {("using", "left"): 1}


def test_wilson_against_the_textbook() -> None:
    # Newcombe 1998, Statistics in Medicine 17:857, table I, method 3.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert wilson(0, 0) == (0.0, 1.0)


@given(calls)
def test_a_perfect_miner_scores_one(truth: Calls) -> None:
    for kind, figures in score(truth, truth).kinds.items():
        present = any(i.kind is kind for mentions in truth.values() for i in mentions)
        assert figures.f1 == figures.label_right.value == (1.0 if present else 0.0)


@given(calls, calls)
def test_counts_add_up_and_swapping_sides_swaps_precision_and_recall(
    truth: Calls, found: Calls
) -> None:
    there, back = score(truth, found), score(found, truth)
    for kind in Kind:
        a, b = there.kinds[kind], back.kinds[kind]
        assert a.recall.total == sum(i.kind is kind for ms in truth.values() for i in ms)
        assert a.precision.total == sum(i.kind is kind for ms in found.values() for i in ms)
        assert a.hits <= min(a.recall.total, a.precision.total)
        assert (a.hits, a.precision, a.f1) == (b.hits, b.recall, b.f1)
        low, high = a.f1_interval
        assert 0.0 <= low <= high <= 1.0
    assert len(list(pairs(truth, found))) == sum(
        a.recall.total + a.precision.total - a.hits for a in there.kinds.values()
    )


@given(calls, calls)
def test_the_order_of_finding_changes_no_count(truth: Calls, found: Calls) -> None:
    backwards = {
        call: list(reversed(mentions)) for call, mentions in sorted(found.items(), reverse=True)
    }
    assert {k: v.hits for k, v in score(truth, found).kinds.items()} == {
        k: v.hits for k, v in score(truth, backwards).kinds.items()
    }
