"""Voices told apart by voiceprints: laws, and made-up voices of known kinds."""

import time
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from transcribe.transcript import Word
from transcribe.voices import (
    LEAST_SECONDS,
    MOST_VOICES,
    STRETCH,
    Numbers,
    Stretch,
    alike,
    stretches,
    voice_of_words,
    voices,
)

SIZE = 48  # of a voiceprint: any will do


def voiceprints(order: list[int], *, noise: float = 0.6, line: float = 0.0) -> Numbers:
    """Voiceprints of the voices of those numbers; `line`: what all share, as on a telephone."""
    rng = np.random.default_rng(4)
    own = rng.standard_normal((max(order, default=0) + 2, SIZE))
    own /= np.linalg.norm(own, axis=1, keepdims=True)
    drawn = rng.standard_normal((len(order), SIZE)) * noise / SIZE**0.5
    made = own[order] + line * own[-1] + drawn
    unit: Numbers = (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)
    return unit


def even(count: int, seconds: float = STRETCH) -> list[Stretch]:
    return [Stretch(n * seconds, (n + 1) * seconds) for n in range(count)]


def heard(text: str, start: float = 0.0, each: float = 0.5) -> list[Word]:
    return [
        Word(word, start + n * each, start + (n + 1) * each) for n, word in enumerate(text.split())
    ]


words = st.lists(
    st.tuples(st.floats(0, 4), st.floats(0, 3)), max_size=30
).map(
    lambda gaps: [
        Word("word", round(at, 2), round(at + length, 2))
        for at, length in zip(
            np.cumsum([pause + length for pause, length in gaps]) - [g[1] for g in gaps],
            [length for _, length in gaps],
            strict=True,
        )
    ]
)  # fmt: skip


@given(words)
def test_stretches_cover_all_words_in_order_and_are_short(said: list[Word]) -> None:
    found = stretches(said)
    for one, other in pairwise(found):
        assert one.end <= other.start + 1e-9
    for stretch in found:
        assert stretch.seconds <= 1.5 * STRETCH + 1e-9
    for word in said:
        middle = (word.start + word.end) / 2
        assert any(s.start - 1e-9 <= middle <= s.end + 1e-9 for s in found)


@pytest.mark.parametrize("line", [0.0, 1.0])
def test_two_voices_are_found_on_a_clean_line_and_on_one_that_colours_both(line: float) -> None:
    order = [0, 0, 1, 0, 1, 1, 1, 0] * 4
    prints = voiceprints(order, line=line)
    found = voices(even(len(order)), prints)
    assert len(found) == 2
    assert (prints @ found.T).argmax(axis=1).tolist() == order  # who speaks first comes first


def test_three_voices_are_found() -> None:
    order = [2] * 10 + [0] * 10 + [1] * 20
    assert len(voices(even(len(order)), voiceprints(order))) == 3


@given(st.integers(1, 60), st.floats(0.1, 0.8))
def test_one_voice_stays_one(count: int, noise: float) -> None:
    assert len(voices(even(count), voiceprints([0] * count, noise=noise))) == 1


def test_of_a_few_words_no_voice_is_made() -> None:
    short = [0] * 20 + [1] * 2
    assert 2 * STRETCH < LEAST_SECONDS
    assert len(voices(even(len(short)), voiceprints(short))) == 1
    enough = [0] * 20 + [1] * 4
    assert len(voices(even(len(enough)), voiceprints(enough))) == 2


@hypothesis_settings(max_examples=40)
@given(st.lists(st.integers(0, 2), min_size=1, max_size=40), st.randoms())
def test_the_voices_do_not_depend_on_the_order_of_the_stretches(
    order: list[int], random: np.random.Generator
) -> None:
    prints = voiceprints(order)
    places = list(range(len(order)))
    random.shuffle(places)
    one = voices(even(len(order)), prints)
    other = voices(even(len(order)), prints[places])
    assert len(one) == len(other)
    np.testing.assert_allclose((one @ other.T).max(axis=1), 1, atol=1e-4)


def test_no_speech_has_no_voice_and_a_crowd_is_not_counted_out() -> None:
    assert len(voices([], np.zeros((0, SIZE), np.float32))) == 0
    crowd = [n for n in range(MOST_VOICES + 4) for _ in range(5)]
    assert len(voices(even(len(crowd)), voiceprints(crowd))) == MOST_VOICES


def test_halves_of_one_voice_are_alike_by_one_and_two_strangers_by_nothing() -> None:
    prints = voiceprints([0] * 400 + [1] * 200)
    assert alike(prints[:200], prints[200:400]) == pytest.approx(1, abs=0.02)
    assert alike(prints[:200], prints[400:]) < 0.2
    assert alike(prints[:1], prints[400:]) == 1  # of one stretch nobody knows how it varies


def test_a_voice_changes_at_a_sentence_not_in_the_middle_of_a_stretch() -> None:
    said = heard("So what do you think? Too dear for us.")
    spoken = [Stretch(0, 1.5), Stretch(1.5, 3.0), Stretch(3.0, 4.5)]  # the middle one holds both
    prints = voiceprints([0, 0, 1], noise=0)
    prints[1] = (prints[0] + prints[2]) / 2
    found = voiceprints([0, 1], noise=0)
    assert voice_of_words(said, spoken, prints, found) == [0] * 5 + [1] * 4


def test_one_doubtful_stretch_within_a_sentence_changes_nothing() -> None:
    said = heard("we looked at all of the prices again and they had gone up", each=0.4)
    spoken = stretches(said)
    prints = voiceprints([0] * len(spoken), noise=0)
    found = voiceprints([0, 1], noise=0)
    prints[1] = 0.45 * found[0] + 0.55 * found[1]
    assert set(voice_of_words(said, spoken, prints, found)) == {0}


@given(words, st.integers(0, 4))
def test_every_word_has_one_of_the_voices(said: list[Word], count: int) -> None:
    spoken = stretches(said)
    prints = voiceprints([n % max(count, 1) for n in range(len(spoken))])
    found = voiceprints(list(range(count)))
    told = voice_of_words(said, spoken, prints, found)
    assert len(told) == len(said)
    assert set(told) <= set(range(max(count, 1)))


def test_three_hours_take_seconds() -> None:
    rng = np.random.default_rng(1)
    said = heard("word " * 30_000, each=0.36)
    spoken = stretches(said)
    order = np.repeat(rng.integers(0, 2, len(spoken) // 5 + 1), 5)[: len(spoken)].tolist()
    prints = voiceprints(order)
    at = time.process_time()
    found = voices(spoken, prints)
    assert len(set(voice_of_words(said, spoken, prints, found))) == 2
    assert time.process_time() - at < 20
