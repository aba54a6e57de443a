"""How the model is run: rules by example and by law."""

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcribe.plan import (
    BATCH_CUDA,
    CLEARLY,
    LARGE,
    MOST_CUDA,
    MOST_LANES,
    MOST_MIB,
    SPARE,
    Figure,
    Plan,
    architecture,
    best,
    default,
    exact,
    on_cuda,
    splits,
)

PLANS = st.builds(
    Plan,
    st.sampled_from(["int8", "float32"]),
    st.integers(1, 16),
    st.integers(1, 16),
    st.integers(1, 4),
)
FIGURES = st.builds(Figure, PLANS, st.floats(0.01, 100), st.floats(100, 3000))


@pytest.mark.parametrize(
    ("threads", "lanes", "each"), [(1, 1, 1), (2, 2, 1), (7, 7, 1), (8, 8, 1), (16, 8, 2)]
)
def test_by_default_each_thread_has_a_batch_of_its_own(threads: int, lanes: int, each: int) -> None:
    assert default(threads) == Plan("int8", lanes, each, 4)


def test_the_rivals_of_two_threads() -> None:
    assert list(splits(2)) == [
        Plan("int8", 1, 2, 4),
        Plan("int8", 2, 1, 2),
    ]
    assert list(exact(default(2), {"int8", "float32"})) == [Plan("float32", 2, 1, 4)]
    assert list(exact(default(2), {"int8"})) == []


def batches(plan: Plan, windows: int) -> list[int]:
    """How many windows each batch holds, of a recording of so many that come one by one."""
    found, waiting, rounds = list[int](), 0, plan.rounds()
    size, ahead = next(rounds)
    for _ in range(windows):
        waiting += 1
        while waiting >= size + ahead:
            found.append(size)
            waiting -= size
            size, ahead = next(rounds)
    return found + plan.shared(waiting)


@pytest.mark.parametrize(
    ("windows", "found"),
    [
        (0, []),
        (1, [1]),
        (7, [1, 1, 3, 2]),
        (10, [1, 1, 4, 4]),
        (12, [1, 1, 5, 5]),
        (20, [1, 1, 4, 4, 5, 5]),
    ],
)
def test_both_lanes_begin_soon_and_end_together(windows: int, found: list[int]) -> None:
    assert batches(Plan("int8", 2, 1, 4), windows) == found


def test_one_lane_waits_for_nobody() -> None:
    assert batches(Plan("float16", 1, 8, 16), 40) == [1, 16, 16, 7]


@given(PLANS, st.integers(0, 300))
def test_each_window_is_in_one_batch_and_no_lane_ends_much_later(plan: Plan, windows: int) -> None:
    found = batches(plan, windows)
    assert sum(found) == windows
    assert all(1 <= size <= -(-3 * plan.batch // 2) for size in found)
    assert plan.lanes > 1 or all(size <= plan.batch for size in found)
    last = found[plan.lanes :][-plan.lanes :]
    assert len(last) < plan.lanes or plan.lanes > 2 or max(last) - min(last) <= 1


def test_many_lanes_do_not_wait_for_half_an_hour_of_speech() -> None:
    rounds = Plan("int8", 8, 1, 4).rounds()
    assert max(size + ahead for size, ahead in islice(rounds, 30)) == 12


@given(st.integers(1, 512))
def test_no_plan_takes_more_threads_than_allowed(threads: int) -> None:
    usual, *rivals = default(threads), *splits(threads)
    assert usual not in rivals
    assert len(set(rivals)) == len(rivals)
    for plan in (usual, *rivals):
        assert 1 <= plan.lanes * plan.threads <= threads
        assert plan.lanes <= MOST_LANES


@given(st.lists(FIGURES, min_size=1, max_size=8))
def test_what_is_chosen_fits_and_is_worth_it(figures: list[Figure]) -> None:
    usual, chosen = figures[0], best(figures)
    if chosen != usual.plan:
        assert any(
            figure.plan == chosen
            and figure.cpu_seconds <= CLEARLY * usual.cpu_seconds
            and figure.peak_mib <= max(MOST_MIB, usual.peak_mib)
            for figure in figures
        )


def test_a_rival_must_be_clearly_cheaper_and_fit() -> None:
    usual = Figure(default(2), 1.0, 700)
    other = Plan("int8", 1, 2, 2)
    assert best([usual]) == usual.plan
    assert best([usual, Figure(other, 0.95, 600)]) == usual.plan  # as good as chance
    assert best([usual, Figure(other, 0.85, 600)]) == other
    assert best([usual, Figure(other, 0.5, 1500)]) == usual.plan  # too large


def test_a_large_model_may_take_what_its_default_takes() -> None:
    other = Plan("int8", 1, 2, 2)
    assert best([Figure(default(2), 9.0, 2600), Figure(other, 7.0, 2500)]) == other


def test_the_cache_of_large_v3_turbo() -> None:
    """Its decoder has four layers: keys and values of 1500 positions by 1280 in two bytes each."""
    turbo = architecture("deepdml/faster-whisper-large-v3-turbo-ct2")
    assert turbo.decoder_layers == 4
    assert turbo.window_mib == pytest.approx(30 + 9 + 172 + 29, abs=5)
    assert turbo.window_mib < architecture("large-v3").window_mib


def test_a_model_whose_name_tells_nothing_is_taken_for_the_largest() -> None:
    assert architecture("/models/ours") == LARGE
    assert architecture("base").width == 512


def test_batches_that_fit_a_gpu() -> None:
    assert on_cuda(8, "large-v3-turbo", None) == Plan("float16", 1, 8, BATCH_CUDA)
    assert on_cuda(8, "large-v3-turbo", 4_000).batch in range(5, 9)
    assert on_cuda(8, "large-v3-turbo", 80_000).batch == MOST_CUDA
    assert on_cuda(8, "large-v3", 1_000).batch == 1  # it may still just fit


@given(st.floats(0, 200_000), st.sampled_from(["large-v3-turbo", "large-v3", "medium", "base"]))
def test_a_batch_never_takes_more_than_is_free(free: float, model: str) -> None:
    plan, form = on_cuda(4, model, free), architecture(model)
    assert 1 <= plan.batch <= MOST_CUDA
    if plan.batch > 1:
        assert form.mib + plan.batch * form.window_mib <= SPARE * free
    assert plan.batch <= on_cuda(4, model, free + 1000).batch
