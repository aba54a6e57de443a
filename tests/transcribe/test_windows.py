"""Speech is found on a stream and packed so that nothing is lost and all keeps its time."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcribe.windows import (
    FRAME,
    LONGEST_FRAMES,
    PAD,
    PAUSE_FRAMES,
    RATE,
    WINDOW,
    Packer,
    Span,
    Speech,
    SpeechFinder,
    Window,
)

SECOND = RATE // FRAME  # frames


def found(probabilities: list[float], step: int = 10_000, origin: int = 0) -> list[Span]:
    finder = SpeechFinder(origin)
    spans: list[Span] = []
    for at in range(0, len(probabilities), step):
        spans += finder.feed(probabilities[at : at + step])
    return spans + finder.end()


def test_speech_is_found_with_its_padding() -> None:
    [span] = found([0.0] * SECOND + [0.9] * SECOND + [0.0] * SECOND)
    assert span == Span(SECOND * FRAME - PAD, 2 * SECOND * FRAME + PAD)


def test_a_breath_does_not_end_speech_but_a_pause_does() -> None:
    breath, pause = [0.05] * (PAUSE_FRAMES - 1), [0.05] * PAUSE_FRAMES
    voiced = [0.9] * SECOND
    assert len(found(voiced + breath + voiced)) == 1
    assert len(found(voiced + pause + voiced)) == 2


def test_a_click_is_not_speech() -> None:
    assert found([0.0] * 50 + [0.9] + [0.0] * 50) == []


def test_long_speech_is_cut_where_it_is_quietest() -> None:
    probabilities = [0.9] * (LONGEST_FRAMES + 5 * SECOND)
    quiet = LONGEST_FRAMES - 3 * SECOND
    probabilities[quiet] = 0.4
    first, second = found(probabilities)
    assert first.end == second.start == quiet * FRAME


def test_a_span_begins_where_the_recording_is() -> None:
    [span] = found([0.9] * SECOND, origin=100 * RATE)
    assert span == Span(100 * RATE, 100 * RATE + SECOND * FRAME)


probabilities = st.lists(
    st.tuples(st.floats(0, 1), st.integers(1, 400)), min_size=1, max_size=12
).map(lambda runs: [p for p, n in runs for _ in range(n)])


@given(probabilities, st.integers(1, 500))
def test_laws_of_finding(chances: list[float], step: int) -> None:
    spans = found(chances, step)
    assert spans == found(chances)  # however the stream is cut
    for span in spans:
        assert 0 <= span.start < span.end <= len(chances) * FRAME
        assert span.end - span.start <= WINDOW
    assert all(a.end <= b.start for a, b in pairwise(spans))
    covered = np.zeros(len(chances) * FRAME, bool)
    for span in spans:
        covered[span.start : span.end] = True
    for start, end in loud_runs(chances):
        assert covered[start * FRAME : end * FRAME].all()


def loud_runs(chances: list[float]) -> list[tuple[int, int]]:
    """Runs of certain speech that are too long to be a click."""
    edges = np.flatnonzero(np.diff([0, *(p >= 0.5 for p in chances), 0]))
    runs = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    return [(start, end) for start, end in runs if end - start > 3]


@st.composite
def speech(draw: st.DrawFn) -> list[Speech]:
    at, said = 0, []
    for gap, length in draw(
        st.lists(st.tuples(st.integers(0, 90), st.integers(1, 30)), max_size=15)
    ):
        start = at + gap * RATE
        at = start + length * RATE
        said.append(Speech(start, np.arange(start, at, dtype=np.int64).astype(np.int16)))
    return said


def packed(speeches: list[Speech]) -> list[Window]:
    packer = Packer()
    return [*packer.add(speeches), *packer.end()]


@given(speech())
def test_packing_covers_all_speech_once_in_windows_of_thirty_seconds(said: list[Speech]) -> None:
    windows = packed(said)
    pieces = [piece for window in windows for piece in window.pieces]
    assert len(pieces) >= len(said)
    for speech in said:  # whole, or cut in two
        parts = [piece for piece in pieces if speech.start <= piece.start < speech.end]
        assert np.array_equal(np.concatenate([part.samples for part in parts]), speech.samples)
    assert [piece.start for piece in pieces] == sorted(piece.start for piece in pieces)
    for window in windows:
        assert 0 < window.length <= WINDOW
        assert len(window.sound()) == window.length


@given(speech(), st.lists(st.floats(0, 30), min_size=2, max_size=20))
def test_window_times_map_to_the_recording_in_order(said: list[Speech], at: list[float]) -> None:
    for window in packed(said):
        inside = sorted(min(t, window.length / RATE) for t in at)
        placed = [window.place(t, t) for t in inside]
        times = [start for _, start, _ in placed]
        assert times == sorted(times)
        for index, start, end in placed:
            piece = window.pieces[index]
            assert piece.start / RATE <= start <= end <= piece.end / RATE


def spoken(*parts: tuple[float, int]) -> Speech:
    """Seconds of noise of some loudness, one after the other, from 10 seconds on."""
    dice = np.random.default_rng(7)
    return Speech(
        10 * RATE,
        np.concatenate(
            [
                dice.normal(0, level, round(seconds * RATE)).astype(np.int16)
                for seconds, level in parts
            ]
        ),
    )


def test_what_does_not_fit_is_cut_in_the_last_breath_that_does() -> None:
    breath, voice = 20, 3000
    long = spoken((6, voice), (0.3, breath), (4, voice), (0.3, breath), (8, voice))
    first, second = packed([Speech(0, np.full(18 * RATE, 900, np.int16)), long])
    assert [piece.start for piece in first.pieces] == [0, 10 * RATE]
    assert 10.3 <= len(first.pieces[1].samples) / RATE <= 10.6
    assert second.pieces[0].start == first.pieces[1].end
    assert second.pieces[0].end == long.end


@pytest.mark.parametrize(
    "parts",
    [
        [(18, 3000)],  # without a breath
        [(1.5, 3000), (0.3, 20), (16, 3000)],  # the only one near its start
        [(16, 3000), (0.3, 20), (2, 3000)],  # or where there is no room left
        [(6, 3000), (0.05, 20), (12, 3000)],  # a consonant's silence
    ],
)
def test_what_cannot_be_cut_well_is_left_whole(parts: list[tuple[float, int]]) -> None:
    whole = spoken(*parts)
    assert whole.hush(12 * RATE) is None
    first, second = packed([Speech(0, np.full(18 * RATE, 900, np.int16)), whole])
    assert (len(first.pieces), second.pieces) == (1, (whole,))


def test_a_word_is_placed_in_the_piece_it_lies_in() -> None:
    second = np.zeros(RATE, np.int16)
    window = Window((Speech(10 * RATE, second), Speech(50 * RATE, second)))
    assert window.place(0.25, 0.75) == (0, 10.25, 10.75)
    assert window.place(1.25, 1.75) == (1, 50.25, 50.75)
    assert window.place(0.5, 1.1) == (0, 10.5, 11.0)  # held within its piece
    assert window.place(0.9, 1.7) == (1, 50.0, 50.7)


def test_what_waits_is_told() -> None:
    packer = Packer()
    waiting = [packer.pending_from]
    assert list(packer.add([Speech(5 * RATE, np.zeros(RATE, np.int16))])) == []
    waiting.append(packer.pending_from)
    assert len(list(packer.end())) == 1
    waiting.append(packer.pending_from)
    assert waiting == [None, 5 * RATE, None]


def test_speech_without_words_is_to_be_heard_again() -> None:
    long, short = np.zeros(10 * RATE, np.int16), np.zeros(RATE // 2, np.int16)
    window = Window((Speech(0, long), Speech(20 * RATE, long), Speech(40 * RATE, short)))
    rest = window.unheard([(0.2, 0.6), (0.8, 5.0)])
    assert rest is not None
    assert [(piece.start, piece.end) for piece in rest.pieces] == [
        (5 * RATE, 10 * RATE),  # the text ended early
        (20 * RATE, 30 * RATE),  # a piece leapt over
    ]
    assert window.unheard([(0.0, 2.5), (3.0, 10.0), (20.5, 28.0)]) is None


@given(speech(), st.lists(st.tuples(st.floats(0, 2000), st.floats(0, 5)), max_size=20))
def test_nothing_is_heard_again_that_has_words(
    said: list[Speech], times: list[tuple[float, float]]
) -> None:
    heard = sorted((start, start + length) for start, length in times)
    for window in packed(said):
        rest = window.unheard(heard)
        for piece in rest.pieces if rest else ():
            assert any(p.start <= piece.start < piece.end <= p.end for p in window.pieces)
            assert len(piece.samples) == piece.end - piece.start
            for start, end in heard:
                assert round(end * RATE) <= piece.start or round(start * RATE) >= piece.end
