"""An echo is said once; what goes on pause after pause was never said."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcribe.doubles import BREATH, FAINTER, SoundedWord, echoes, once, repeats
from transcribe.gates import Reason
from transcribe.transcript import Word

LOUD = -20.0
SELLER = "did you get a chance to look at the quote"


def said(text: str, start: float = 0.0, p: float = 0.9) -> list[SoundedWord]:
    return [
        SoundedWord(word, start + at * 0.3, start + at * 0.3 + 0.25, p, LOUD)
        for at, word in enumerate(text.split())
    ]


def bare(words: Sequence[Word]) -> list[Word]:
    return [Word(word.text, word.start, word.end, word.probability) for word in words]


def echo_of(
    words: Sequence[SoundedWord], later: float = 0.15, fainter: float = 25.0
) -> list[SoundedWord]:
    return [
        replace(word, start=word.start + later, end=word.end + later, level=LOUD - fainter)
        for word in words
    ]


def test_an_echo_is_dropped_and_counted() -> None:
    seller, buyer = said(SELLER), said("We printed it.", 6.0)
    kept, counts = once({0: seller, 1: [*echo_of(seller), *buyer]})
    assert kept == {0: bare(seller), 1: bare(buyer)}
    assert counts == {Reason.ECHO: 10}


def test_an_echo_heard_partly_wrong_goes_as_a_whole() -> None:
    wrong = [replace(w, text="a") if n % 3 == 0 else w for n, w in enumerate(said(SELLER))]
    assert echoes(echo_of(wrong), said(SELLER)) == frozenset(range(10))


@pytest.mark.parametrize(
    ("buyer", "why"),
    [
        (said(SELLER, 0.1), "as loud: both say it"),
        (echo_of(said(SELLER), 2.0), "later: the buyer says it again"),
        (echo_of(said("mhm yes go on please do that now too ok")), "faint, but of their own"),
        (bare(echo_of(said(SELLER))), "nobody knows how loud"),
    ],
)
def test_what_is_no_echo_stays(buyer: Sequence[Word], why: str) -> None:
    assert echoes(buyer, said(SELLER)) == frozenset(), why


def test_both_ends_may_echo_and_neither_loses_its_own_words() -> None:
    seller, buyer = said(SELLER), said("we printed it and sat with it", 6.0)
    kept, _ = once({0: [*seller, *echo_of(buyer)], 1: [*echo_of(seller), *buyer]})
    assert kept == {0: bare(seller), 1: bare(buyer)}


@given(st.lists(st.sampled_from(["yes", "no", "well"]), max_size=12), st.floats(0, FAINTER - 0.1))
def test_words_of_like_loudness_are_never_an_echo(texts: list[str], fainter: float) -> None:
    words = said(" ".join(texts))
    assert echoes(echo_of(words, 0.1, fainter), words) == frozenset()


def test_one_track_has_no_echo() -> None:
    words = said(SELLER)
    assert once({-1: words}) == ({-1: bare(words)}, {})


def pauses(text: str, times: int, p: float) -> list[SoundedWord]:
    long = 0.3 * len(text.split()) + BREATH
    return [word for n in range(times) for word in said(text, n * long, p=p)]


@pytest.mark.parametrize(
    ("text", "times", "probability", "dropped"),
    [
        ("I'm sorry.", 8, 0.5, 16),
        ("I'm sorry.", 8, 0.8, 0),  # surely heard
        ("I'm sorry.", 3, 0.5, 0),
        ("Mm-hmm.", 8, 0.5, 0),  # who listens says so
        ("Can you hear me now?", 3, 0.5, 0),
        ("The number you have dialled.", 5, 0.5, 25),
    ],
)
def test_a_sentence_said_pause_after_pause(
    text: str, times: int, probability: float, dropped: int
) -> None:
    before, after = said("Hello there.", -3.0), said("Well then.", 60.0)
    kept, counts = once({0: [*before, *pauses(text, times, probability), *after]})
    assert counts[Reason.LOOP] == dropped
    assert kept[0][:2] == bare(before)
    assert kept[0][-2:] == bare(after)
    assert len(kept[0]) == 4 + times * len(text.split()) - dropped


@given(st.lists(st.sampled_from("abc"), max_size=30), st.floats(0.6, 1))
def test_what_is_surely_heard_is_never_a_repeat(texts: list[str], probability: float) -> None:
    words = [replace(word, start=n * 2.0) for n, word in enumerate(said(" ".join(texts)))]
    assert repeats([replace(word, probability=probability) for word in words]) == frozenset()
