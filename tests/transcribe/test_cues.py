"""A transcript cut into cues: their lengths, their ends, and two voices at once."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.base.errors import BadMetadata
from transcribe.cues import Cue, Line, cues, one_at_a_time, runs
from transcribe.transcript import Speaker, Transcript, Turn, Word


def turn(*words: Word, speaker: Speaker = Speaker.SELLER, name: str | None = None) -> Turn:
    text = " ".join(word.text for word in words)
    return Turn(speaker, text, words[0].start, words[-1].end, words, 0, name)


def spoken(text: str, start: float = 0.0, step: float = 0.3) -> list[Word]:
    return [
        Word(word, start + step * i, start + step * (i + 1)) for i, word in enumerate(text.split())
    ]


def texts(*turns: Turn) -> list[str]:
    return [cue.lines[0].text for cue in cues(Transcript(turns, 60.0))]


def test_a_cue_ends_with_its_sentence_once_a_line_is_full() -> None:
    long = "We looked at it for most of the last quarter. Then the budget went away again."
    short = "No. Not now. We wait."
    assert texts(turn(*spoken(long))) == [
        "We looked at it for most of the last quarter.",
        "Then the budget went away again.",
    ]
    assert texts(turn(*spoken(short))) == [short]


def test_what_is_said_after_a_pause_is_not_shown_before_it() -> None:
    words = [*spoken("Let me think."), *spoken("Forty thousand.", start=5.0)]
    assert texts(turn(*words)) == ["Let me think.", "Forty thousand."]


def test_prices_keep_their_times() -> None:
    words = [*spoken("That is", 10.0), Word("$48,000", 10.8, 12.1), *spoken("a year.", 60.0)]
    first, second = cues(Transcript((turn(*words),), 70.0))
    assert (first.lines[0].text, first.start, first.end) == ("That is $48,000", 10_000, 12_100)
    assert second.start == 60_000


def test_a_short_cue_stays_to_be_read_but_not_into_the_same_voice() -> None:
    yes = turn(Word("Yes.", 1.0, 1.2))
    other = turn(Word("Good.", 1.5, 3.0), speaker=Speaker.BUYER)
    again = turn(Word("So.", 1.6, 3.0))
    assert [c.end for c in cues(Transcript((yes, other), 9.0))] == [2000, 3000]
    assert [c.end for c in cues(Transcript((yes, again), 9.0))] == [1600, 3000]


def test_a_turn_without_words_shares_its_time_out() -> None:
    text = "It costs too much for a team of our size. And nobody here would use all of it anyway."
    found = cues(Transcript((Turn(Speaker.BUYER, text, 10.0, 18.0),), 20.0))
    assert [cue.lines[0].text for cue in found] == [text[:41], text[42:]]
    assert found[0].start == 10_000
    assert found[0].end == found[1].start == pytest.approx(13_900, abs=200)
    assert found[1].end == 18_000


def test_nobody_is_named_where_nobody_is_known() -> None:
    unknown = turn(Word("Hello.", 0, 1), speaker=Speaker.UNKNOWN)
    named = turn(Word("Hello.", 0, 1), speaker=Speaker.UNKNOWN, name=" Ada \n Smith ")
    lines = [cue.lines[0] for cue in cues(Transcript((unknown, named), 1.0))]
    assert lines == [Line("", "Hello."), Line("Ada Smith", "Hello.")]


def test_words_of_blanks_alone_make_no_cue() -> None:
    assert cues(Transcript((turn(Word(" ", 0, 1)), Turn(Speaker.BUYER, "", 1.0, 2.0)), 2.0)) == []


def test_no_times_no_cues() -> None:
    with pytest.raises(BadMetadata, match="no times"):
        list(runs(Turn(Speaker.BUYER, "No.")))


SELLER, BUYER = Line("Seller", "So we start in May."), Line("Buyer", "Yes.")


@pytest.mark.parametrize(
    ("first", "second", "shown"),
    [
        pytest.param((0, 900), (900, 2000), [(0, 900), (900, 2000)], id="one after the other"),
        pytest.param((0, 5000), (2000, 3000), [(0, 5000)], id="said into the first"),
        pytest.param((0, 5000), (3000, 7000), [(0, 3000), (3000, 7000)], id="the first gives way"),
        pytest.param((0, 5000), (500, 7000), [(0, 7000)], id="too soon to give way"),
        pytest.param((0, 5000), (0, 7000), [(0, 7000)], id="both at once"),
    ],
)
def test_two_voices_for_a_player_that_shows_one_cue(
    first: tuple[int, int], second: tuple[int, int], shown: list[tuple[int, int]]
) -> None:
    found = one_at_a_time([Cue(*first, (SELLER,)), Cue(*second, (BUYER,))])
    assert [(cue.start, cue.end) for cue in found] == shown
    assert [line for cue in found for line in cue.lines] == [SELLER, BUYER]


@given(st.lists(st.tuples(st.integers(0, 20_000), st.integers(1, 8000)), max_size=12))
def test_none_overlaps_and_none_is_lost(times: list[tuple[int, int]]) -> None:
    given_ = [
        Cue(start, start + long, (Line("", str(i)),)) for i, (start, long) in enumerate(times)
    ]
    ordered = sorted(given_, key=lambda cue: cue.start)
    found = one_at_a_time(ordered)
    assert [line for cue in found for line in cue.lines] == [c.lines[0] for c in ordered]
    for cue in found:
        assert cue.start < cue.end
    for before, after in pairwise(found):
        assert before.end <= after.start
