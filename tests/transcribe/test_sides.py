"""Who sells and who buys, by what they say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcribe.sides import (
    MOST,
    SURE,
    Weights,
    look_swapped,
    named,
    profile,
    said,
    selling,
)
from transcribe.transcript import Speaker, Turn, Voice

SELLS = "Thanks for joining today. What would you like to see first? I can show you the dashboard."
BUYS = "We looked at it and my boss said it was too much money. I don't like that, but they do."


def turn(text: str, voice: int, speaker: Speaker = Speaker.UNKNOWN) -> Turn:
    return Turn(speaker, text, 0.0, 1.0, voice=voice)


def sides(turns: list[Turn]) -> list[Speaker]:
    return [one.speaker for one in named(turns)[0]]


@pytest.mark.parametrize("first", [0, 1])
def test_voices_are_named_by_what_they_say(first: int) -> None:
    turns, voices = named([turn(SELLS, first), turn(BUYS, 1 - first)])
    assert [one.speaker for one in turns] == [Speaker.SELLER, Speaker.BUYER]
    by_number = {voice.number: voice.speaker for voice in voices}
    assert by_number == {first: Speaker.SELLER, 1 - first: Speaker.BUYER}
    assert [voice.number for voice in voices] == [0, 1]
    assert all((voice.confidence or 0) >= SURE for voice in voices)


def test_who_answers_the_companys_telephone_sells() -> None:
    turns = [
        turn("Thank you for calling Big Jim's. How can I help you?", 0),
        turn("Yes, hello. A light is on in the car.", 1),
    ]
    assert sides(turns) == [Speaker.SELLER, Speaker.BUYER]


def test_what_says_nothing_names_nobody() -> None:
    turns, voices = named([turn("Mhm.", 0), turn("Mhm.", 1)])
    assert {one.speaker for one in turns} == {Speaker.UNKNOWN}
    assert [voice.confidence for voice in voices] == [0.5, 0.5]


def test_a_single_voice_is_not_judged() -> None:
    turns, voices = named([turn(SELLS, 0)])
    assert turns[0].speaker is Speaker.UNKNOWN
    assert voices == (Voice(0, Speaker.UNKNOWN),)


def test_turns_that_nothing_tells_of_stay_as_they_are() -> None:
    turns = [turn(SELLS, 0), turn(BUYS, 1), turn("One two three.", -1)]
    found, voices = named(turns)
    assert found[2] == turns[2]
    assert [voice.number for voice in voices] == [0, 1]
    assert named([]) == ((), ())


def test_channels_keep_their_sides_and_swapped_ones_are_noticed() -> None:
    right = [turn(SELLS, 0, Speaker.SELLER), turn(BUYS, 1, Speaker.BUYER)]
    swapped = [turn(SELLS, 0, Speaker.BUYER), turn(BUYS, 1, Speaker.SELLER)]
    assert sides(right) == [Speaker.SELLER, Speaker.BUYER]
    assert not look_swapped(named(right)[1])
    assert sides(swapped) == [Speaker.BUYER, Speaker.SELLER]
    assert look_swapped(named(swapped)[1])


def test_what_a_person_set_never_looks_swapped_nor_what_nobody_judged() -> None:
    voices = (Voice(0, Speaker.SELLER, 0.01, True), Voice(1, Speaker.BUYER, 0.01, True))
    assert not look_swapped(voices)
    assert not look_swapped((Voice(0, Speaker.SELLER), Voice(1, Speaker.BUYER)))
    assert not look_swapped(())


@given(st.dictionaries(st.integers(0, 99), st.lists(st.text()), max_size=MOST + 3))
def test_chances_are_chances_and_both_sides_are_expected(texts: dict[int, list[str]]) -> None:
    likely = selling(texts, Weights.load())
    assert len(likely) == (min(len(texts), MOST) if len(texts) > 1 else 0)
    assert all(0 <= chance <= 1 for chance in likely.values())
    if likely:
        assert 1 - 1e-9 <= sum(likely.values()) <= len(likely) - 1 + 1e-9
    if len(texts) == 2:
        assert sum(likely.values()) == pytest.approx(1)


@given(st.lists(st.text(), max_size=5))
def test_a_profile_has_length_one_or_none(texts: list[str]) -> None:
    terms = profile(said(texts))
    length = sum(value * value for value in terms.values())
    assert length == pytest.approx(1) if terms else length == 0


def test_words_are_read_as_they_are_spoken() -> None:
    assert said(["I’ll pay $500, OK?"]) == said(["i'll pay 900 ok ?"])
    assert said(["So?"]) == {"so": 1, "?": 1, "^ so": 1, "so ?": 1, "? $": 1}
