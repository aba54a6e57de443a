"""How the model is run: rules by example and by law."""

from collections.abc import Sequence

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
    found, waiting = list[Sequence[int]](), list[int]()
    for number in range(windows):
        waiting.append(number)
        due = plan.due(waiting, first=not found)
        waiting = waiting[sum(map(len, due)) :]
        found += due
    for size in plan.last_rounds(len(waiting)):
        found += plan.dealt(waiting[:size])
        waiting = waiting[size:]
    assert sorted(number for batch in found for number in batch) == list(range(windows))
    return [len(batch) for batch in found]


@pytest.mark.parametrize(
    ("windows", "found"),
    [
        (0, []),
        (1, [1]),
        (2, [2]),
        (9, [2, 4, 3]),
        (14, [2, 6, 6]),
        (15, [2, 4, 3, 3, 3]),
        (22, [2, 4, 4, 6, 6]),
    ],
)
def test_the_first_words_come_soon_and_both_lanes_end_together(
    windows: int, found: list[int]
) -> None:
    assert batches(Plan("int8", 2, 1, 4), windows) == found


def test_a_round_is_dealt_out_as_its_windows_come() -> None:
    assert Plan("int8", 2, 1, 4).dealt("abcdefg") == ["aceg", "bdf"]


def test_one_lane_waits_for_nobody() -> None:
    assert batches(Plan("float16", 1, 8, 16), 40) == [2, 16, 16, 6]


@given(PLANS, st.integers(0, 300))
def test_no_batch_is_much_larger_and_no_lane_ends_much_later(plan: Plan, windows: int) -> None:
    found = batches(plan, windows)
    assert all(1 <= size <= plan.batch + plan.batch // 2 for size in found)
    assert plan.lanes > 1 or all(size <= plan.batch for size in found)
    _, *rounds = found or [0]
    last = rounds[-plan.lanes :]
    assert len(rounds) % plan.lanes or max(last, default=0) - min(last, default=0) <= 1


def test_many_lanes_do_not_wait_for_half_an_hour_of_speech() -> None:
    plan = Plan("int8", 8, 1, 4)
    assert plan.round + plan.ahead == 48


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
