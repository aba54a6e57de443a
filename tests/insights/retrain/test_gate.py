"""The gate: examples, and the laws that hold whatever the readers find."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.insight import Kind
from insights.retrain.gate import (
    ENOUGH,
    TOLERANCE,
    Compared,
    Counts,
    Reason,
    Refusal,
    Sample,
    against,
)

GOOD = Counts(hits=80, true=100, found=100)


@st.composite
def counts(draw: st.DrawFn) -> Counts:
    true, found = draw(st.integers(0, 200)), draw(st.integers(0, 200))
    return Counts(draw(st.integers(0, min(true, found))), true, found)


@st.composite
def compared(draw: st.DrawFn, sample: Sample, kind: Kind) -> Compared:
    present, new = draw(counts()), draw(counts())
    new = Counts(min(new.hits, present.true), present.true, max(new.found, new.hits))
    return Compared(sample, kind, draw(st.integers(0, 60)), present, new)


tables = st.tuples(*(compared(sample, kind) for sample in Sample for kind in Kind))


def table(*others: Compared) -> list[Compared]:
    """Both readers alike everywhere but where told otherwise."""
    at = {(c.sample, c.kind): c for c in others}
    return [
        at.get((sample, kind), Compared(sample, kind, 100, GOOD, GOOD))
        for sample in Sample
        for kind in Kind
    ]


def test_a_reader_as_good_as_the_present_one_is_promoted() -> None:
    assert against(table()) == []


@pytest.mark.parametrize("sample", Sample)
@pytest.mark.parametrize("kind", Kind)
def test_one_kind_worse_on_one_sample_is_enough_against_it(sample: Sample, kind: Kind) -> None:
    worse = Compared(sample, kind, 100, GOOD, Counts(70, 100, 100))
    assert against(table(worse)) == [Reason(Refusal.WORSE, sample, kind)]


@pytest.mark.parametrize(
    ("present", "new", "worse"),
    [
        (Counts(800, 1000, 1000), Counts(790, 1000, 1000), False),  # a hundredth
        (Counts(800, 1000, 1000), Counts(789, 1000, 1000), True),
        (Counts(9, 11, 11), Counts(8, 11, 11), False),  # one hit of few
        (Counts(9, 11, 11), Counts(7, 11, 11), True),
        (Counts(80, 100, 100), Counts(80, 100, 130), True),  # false alarms
        (Counts(0, 0, 0), Counts(0, 0, 0), False),
        (Counts(0, 0, 5), Counts(0, 0, 9), False),  # nothing is there to be found
    ],
)
def test_worse_is_more_than_a_hundredth_and_more_than_a_hit(
    present: Counts, new: Counts, worse: bool
) -> None:
    assert Compared(Sample.OWN, Kind.OBJECTION, 100, present, new).worse is worse


def test_a_kind_with_too_few_reviews_is_not_judged_by_them() -> None:
    bad = Counts(0, 19, 0)
    few = Compared(Sample.OWN, Kind.COMPETITOR, ENOUGH[Sample.OWN] - 1, GOOD, bad)
    assert against(table(few)) == []


def test_too_few_to_judge_is_no_promotion() -> None:
    few = [Compared(Sample.OWN, kind, 19, GOOD, GOOD) for kind in Kind]
    assert against(table(*few)) == [Reason(Refusal.TOO_FEW, Sample.OWN)]
    six = Compared(Sample.VALIDATION, Kind.COMPETITOR, 9, GOOD, GOOD)
    expected = Reason(Refusal.TOO_FEW, Sample.VALIDATION, Kind.COMPETITOR)
    assert against(table(six)) == [expected]
    assert len(against([])) == len(Kind) + 1


@given(tables)
def test_a_reader_is_never_worse_than_itself(rows: tuple[Compared, ...]) -> None:
    same = [Compared(c.sample, c.kind, c.judgements, c.present, c.present) for c in rows]
    assert all(reason.why is Refusal.TOO_FEW for reason in against(same))


@given(tables, st.data())
def test_a_better_reader_is_never_turned_down_for_being_better(
    rows: tuple[Compared, ...], data: st.DataObject
) -> None:
    better = []
    for c in rows:
        hits = data.draw(st.integers(c.new.hits, max(c.new.hits, min(c.new.true, c.new.found))))
        found = data.draw(st.integers(hits, max(hits, c.new.found)))
        new = Counts(hits, c.new.true, found)
        better.append(Compared(c.sample, c.kind, c.judgements, c.present, new))
    assert set(against(better)) <= set(against(rows))


@given(tables)
def test_nothing_promoted_has_lost_more_than_is_allowed(rows: tuple[Compared, ...]) -> None:
    if not against(rows):
        for c in rows:
            allowed = max(TOLERANCE, c.present.one_hit) + 1e-9
            assert not c.enough or c.new.f1 >= c.present.f1 - allowed


@given(tables, st.randoms())
def test_the_order_does_not_matter(rows: tuple[Compared, ...], rng: random.Random) -> None:
    shuffled = list(rows)
    rng.shuffle(shuffled)
    assert set(against(shuffled)) == set(against(rows))
