"""Who speaks, and where a turn ends."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from transcribe.speakers import LONGEST_TURN, MIXED, tracks, turns
from transcribe.transcript import Speaker, Turn, Word

NOISE = np.random.default_rng(7).integers(-9000, 9000, (3, 16_000), np.int16)
SILENCE = np.zeros(16_000, np.int16)


def said(text: str, start: float, each: float = 0.3) -> list[Word]:
    return [
        Word(word, round(start + i * each, 3), round(start + i * each + each, 3))
        for i, word in enumerate(text.split())
    ]


def told(found: tuple[Turn, ...]) -> list[tuple[str, str]]:
    return [(turn.speaker.value, turn.text) for turn in found]


def test_channels_that_differ_are_heard_apart() -> None:
    assert list(tracks(NOISE[:2])) == [0, 1]
    assert list(tracks(NOISE)) == [0, 1, 2]


def test_one_sound_on_all_channels_is_heard_once_as_nobody_in_particular() -> None:
    assert list(tracks(NOISE[:1])) == [MIXED]
    assert list(tracks(np.stack([NOISE[0], NOISE[0]]))) == [MIXED]
    coded = NOISE[0] + np.random.default_rng(8).integers(-90, 90, 16_000, np.int16)
    assert list(tracks(np.stack([NOISE[0], coded]))) == [MIXED]  # as MP3's joint stereo leaves it


def test_a_faint_echo_on_the_other_channel_is_another_sound() -> None:
    assert list(tracks(np.stack([NOISE[0], NOISE[0] // 10]))) == [0, 1]


def test_silent_channels_are_left_out() -> None:
    assert list(tracks(np.stack([SILENCE, SILENCE]))) == []
    assert list(tracks(np.stack([SILENCE, NOISE[0]]))) == [1]
    assert list(tracks(np.stack([NOISE[0], NOISE[1], SILENCE, NOISE[0]]))) == [0, 1]


def test_turns_follow_each_other_by_time_and_side() -> None:
    found = turns({0: said("Hello there.", 0), 1: said("Hi.", 1), 2: said("Hey.", 2)}, 0)
    assert told(found) == [("seller", "Hello there."), ("buyer", "Hi."), ("buyer", "Hey.")]
    assert [turn.channel for turn in found] == [0, 1, 2]
    swapped = turns({0: said("Hello.", 0), 1: said("Hi.", 1)}, 1)
    assert told(swapped) == [("buyer", "Hello."), ("seller", "Hi.")]


def test_a_yes_said_into_a_sentence_does_not_tear_it_apart() -> None:
    found = turns({0: said("So we looked at all the prices again.", 0), 1: said("Yes.", 1.2)}, 0)
    assert told(found) == [("seller", "So we looked at all the prices again."), ("buyer", "Yes.")]


def test_an_answer_between_two_sentences_stands_between_them() -> None:
    first, last = said("Is it live?", 0), said("Good to hear.", 1.5)
    found = turns({0: first + last, 1: said("Yes.", 1.0, 0.4)}, 0)
    assert [text for _, text in told(found)] == ["Is it live?", "Yes.", "Good to hear."]


def test_one_speaker_goes_on_after_a_short_pause_and_begins_anew_after_a_long_one() -> None:
    other = {1: said("Bye.", 60)}
    assert len(turns({0: said("Well.", 0) + said("Yes.", 1.5), **other}, 0)) == 2
    assert len(turns({0: said("Well.", 0) + said("Yes.", 3.0), **other}, 0)) == 3


def test_on_one_channel_a_sentence_and_a_pause_end_the_turn() -> None:
    found = turns({MIXED: said("How much is it?", 0) + said("Ninety.", 1.7)}, 0)
    assert told(found) == [("unknown", "How much is it?"), ("unknown", "Ninety.")]
    assert [turn.channel for turn in found] == [0, 0]
    assert len(turns({MIXED: said("How much", 0) + said("is it?", 1.1)}, 0)) == 1


def test_where_only_one_channel_speaks_nobody_knows_whose_voices_it_holds() -> None:
    assert told(turns({0: said("Hello.", 0), 1: []}, 0)) == [("unknown", "Hello.")]
    assert turns({}, 0) == ()


def test_a_monologue_is_cut_after_a_sentence() -> None:
    monologue = said(" ".join(["one two three four five six seven eight nine ten."] * 40), 0)
    found = turns({0: monologue, 1: said("Yes.", 500)}, 0)[:-1]
    assert len(found) == 3
    assert all(turn.text.endswith(".") for turn in found)
    endless = turns({0: said("and " * 400, 0), 1: said("Yes.", 500)}, 0)[:-1]
    assert len(endless) == 2


@st.composite
def words(draw: st.DrawFn) -> list[Word]:
    at, spoken = draw(st.floats(0, 5)), []
    for gap, length, text in draw(
        st.lists(
            st.tuples(
                st.floats(0, 4) | st.just(0.0),
                st.floats(0.05, 2),
                st.sampled_from(["yes", "no.", "why?", "price"]),
            ),
            max_size=60,
        )
    ):
        start = at + gap
        at = start + length
        spoken.append(Word(text, start, at))
    return spoken


@given(st.dictionaries(st.sampled_from([MIXED, 0, 1, 2]), words(), max_size=4))
def test_merging_keeps_every_word_once(tracks_words: dict[int, list[Word]]) -> None:
    found = turns(tracks_words, 0)
    kept = Counter(word for turn in found for word in turn.words)
    assert kept == Counter(word for track in tracks_words.values() for word in track)
    for turn in found:
        assert turn.text == " ".join(word.text for word in turn.words)
        assert turn.start == turn.words[0].start
        assert turn.end == turn.words[-1].end
        assert len(turn.words) == 1 or turn.end - turn.start <= LONGEST_TURN
        starts = [word.start for word in turn.words]
        assert starts == sorted(starts)
    starts = [turn.start for turn in found if turn.start is not None]
    assert starts == sorted(starts)
    heard = {turn.speaker for turn in found}
    assert not (len([t for t in tracks_words.values() if t]) == 1 and heard != {Speaker.UNKNOWN})
