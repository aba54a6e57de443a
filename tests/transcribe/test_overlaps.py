"""Whose a word is where several speak at once: the rules, and the real model on real voices."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import audio
from ingest.base.errors import BadSetup
from tests.transcribe.conftest import FIXTURES
from transcribe.overlaps import overlap_seconds, share_of_words, voices_at
from transcribe.segmentation import (
    FRAMES,
    FRAMES_A_SECOND,
    MODEL,
    SPEAKERS,
    WINDOW,
    Activity,
    Segmenter,
    windows,
)
from transcribe.transcript import Word
from transcribe.windows import RATE

SECOND = round(FRAMES_A_SECOND)


def active(*spoken: tuple[int, float, float]) -> Activity:
    """One window in which voices speak from second to second."""
    window = np.zeros((1, FRAMES, SPEAKERS), np.bool_)
    for voice, start, end in spoken:
        window[0, round(start * FRAMES_A_SECOND) : round(end * FRAMES_A_SECOND), voice] = True
    return window


def test_a_windows_voice_is_the_calls_whose_words_lie_where_it_speaks_alone() -> None:
    words = [Word("So,", 0.5, 1.0), Word("well.", 1.0, 1.5), Word("No.", 4.0, 4.5)]
    found = voices_at(active((2, 0.0, 3.0), (0, 2.0, 5.0)), words, [0, 0, 1], 2)
    assert found[1 * SECOND].tolist() == [True, False]
    assert found[round(2.5 * SECOND)].tolist() == [True, True]
    assert found[4 * SECOND].tolist() == [False, True]
    assert overlap_seconds(found) == pytest.approx(1.0, abs=0.05)


def test_a_word_shares_its_time_with_who_speaks_in_it() -> None:
    speaking = voices_at(active((0, 0.0, 2.0), (1, 1.0, 3.0)), [Word("a", 0.1, 0.9)], [0], 2)
    words = [Word("alone", 0.2, 0.8), Word("half", 0.5, 1.5), Word("late", 90.0, 91.0)]
    shares = share_of_words(words, speaking)
    assert shares[0].tolist() == [1.0, 0.0]
    assert shares[1].tolist() == pytest.approx([1.0, 0.5], abs=0.05)
    assert shares[2].tolist() == [0.0, 0.0]  # beyond what was listened to


def test_no_sound_has_no_voice() -> None:
    nothing = Segmenter().of([])
    assert nothing.shape == (0, FRAMES, SPEAKERS)
    speaking = voices_at(nothing, [Word("a", 0.0, 1.0)], [0], 2)
    assert share_of_words([Word("a", 0.0, 1.0)], speaking).tolist() == [[0.0, 0.0]]


@given(
    st.lists(st.tuples(st.integers(0, 2), st.floats(0, 9), st.floats(0, 1)), max_size=12),
    st.lists(st.tuples(st.floats(0, 12), st.integers(0, 3)), max_size=12),
)
def test_voices_are_renamed_and_never_made_up(
    spoken: list[tuple[int, float, float]], said: list[tuple[float, int]]
) -> None:
    window = active(*((voice, start, start + length) for voice, start, length in spoken))
    words = [Word("w", at, at + 0.3) for at, _ in said]
    found = voices_at(window, words, [voice for _, voice in said], 4)
    assert found.shape == (FRAMES, 4)
    assert (found.sum(axis=1) == window[0].sum(axis=1)).all()
    assert ((share_of_words(words, found) >= 0) & (share_of_words(words, found) <= 1)).all()


@given(st.lists(st.integers(0, 3 * WINDOW // 2), max_size=5))
def test_windows_hold_all_sound_once(lengths: list[int]) -> None:
    sound = np.arange(sum(lengths), dtype=np.int64).astype(np.int16)
    blocks = np.split(sound, np.cumsum(lengths)[:-1]) if lengths else []
    found = list(windows(blocks))
    assert {len(window) for window in found} <= {WINDOW}
    joined = np.concatenate(found) if found else sound[:0]
    assert (joined[: len(sound)] == sound).all()
    assert not joined[len(sound) :].any()


def test_the_model_hears_two_real_voices_at_once_and_one_alone() -> None:
    blocks = audio.blocks(FIXTURES / "stereo_diarization.wav", rate=RATE)
    left, right = np.concatenate([block.samples for block in blocks], axis=1)
    alone = Segmenter().of([left]).sum(axis=2)
    both = Segmenter().of([left // 2 + right // 2]).sum(axis=2)
    assert (alone > 1).mean() < 0.02
    assert (both > 1).mean() > 0.2


def test_a_damaged_or_missing_model_is_named(tmp_path: Path) -> None:
    damaged = tmp_path / "segmentation.onnx.gz"
    shutil.copy(MODEL, damaged)
    with damaged.open("r+b") as file:
        file.write(b"no model")
    for model, said in ((damaged, "is damaged: reinstall"), (tmp_path / "no", "cannot be read")):
        with pytest.raises(BadSetup, match=said):
            Segmenter(model=model).of([np.zeros(RATE, np.int16)])
