"""Whose a word is at a seam between two stretches of speech."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcribe.doubles import SoundedWord
from transcribe.seams import put_right
from transcribe.windows import RATE, Speech

PIECES = (
    Speech(0, np.full(10 * RATE, 900, np.int16)),
    Speech(30 * RATE, np.full(5 * RATE, 900, np.int16)),
)


def word(text: str, start: float, length: float = 0.4) -> SoundedWord:
    return SoundedWord(text, start, start + length, 0.9, -60.0)


def texts(found: list[list[SoundedWord]]) -> list[list[str]]:
    return [[each.text for each in words] for words in found]


def test_the_first_word_after_a_pause_joins_its_sentence() -> None:
    said = [[word("country.", 8.9), word("Wait,", 9.5)], [word("it's", 30.8)]]
    found = put_right(said, PIECES)
    assert texts(found) == [["country."], ["Wait,", "it's"]]
    moved = found[1][0]
    assert (moved.start, moved.end) == (30.4, 30.8)
    assert moved.level == pytest.approx(-31.2, abs=0.2)  # of the sound that it is now


def test_a_piece_without_words_lies_between() -> None:
    ring = Speech(15 * RATE, np.full(RATE, 900, np.int16))
    said = [[word("country.", 8.9), word("Wait,", 9.5)], [], [word("it's", 30.1)]]
    found = put_right(said, (PIECES[0], ring, PIECES[1]))
    assert texts(found) == [["country."], [], ["Wait,", "it's"]]
    assert (found[2][0].start, found[2][0].end) == (30.0, 30.1)  # no earlier than the sound


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([word("I", 8.9), word("mean,", 9.5)], [word("it's", 30.8)]),  # it goes on from before
        ([word("country.", 8.9), word("Yes.", 9.5)], [word("It's", 30.8)]),  # a sentence of its own
        ([word("country.", 8.9), word("Wait,", 9.5)], []),
        ([word("Wait,", 9.5)], [word("it's", 30.8)]),
        ([], [word("it's", 30.8)]),
    ],
)
def test_what_may_stand_where_it_does_stays(
    before: list[SoundedWord], after: list[SoundedWord]
) -> None:
    assert put_right([before, after], PIECES) == [before, after]


def test_somebody_may_hesitate_after_the_first_word() -> None:
    soon = Speech(11 * RATE, PIECES[1].samples)
    said = [[word("country.", 8.9), word("So,", 9.5)], [word("we", 11.3)]]
    assert put_right(said, (PIECES[0], soon)) == said


@given(
    st.lists(st.tuples(st.sampled_from(["a", "b.", "c?"]), st.floats(0, 1)), max_size=6),
    st.lists(st.tuples(st.sampled_from(["d", "e."]), st.floats(0, 1)), max_size=6),
)
def test_no_word_is_lost_and_time_goes_on(
    before: list[tuple[str, float]], after: list[tuple[str, float]]
) -> None:
    said = [
        [word(text, n + late, 0.0) for n, (text, late) in enumerate(before)],
        [word(text, 30.2 + 0.5 * (n + late), 0.0) for n, (text, late) in enumerate(after)],
    ]
    found = [each for words in put_right(said, PIECES) for each in words]
    assert [each.text for each in found] == [text for text, _ in [*before, *after]]
    starts = [each.start for each in found]
    assert starts == sorted(starts)
    assert all(each.start <= each.end for each in found)
