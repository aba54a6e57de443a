"""How a call was talked: by examples, and by laws that hold for any turns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcribe.talk import BACKCHANNEL_WORDS, Monologue, Question, Talk, talk_of
from transcribe.transcript import Speaker, Transcript, Turn, Word

SELLER, BUYER, UNKNOWN = Speaker.SELLER, Speaker.BUYER, Speaker.UNKNOWN
LONG = "we have been using it for a while now"


def turn(speaker: Speaker, start: float | None, end: float | None, text: str = LONG) -> Turn:
    return Turn(speaker, text, start, end)


def talk(*turns: Turn) -> Talk:
    found = talk_of(Transcript(turns, 60.0))
    assert found is not None
    return found


def test_shares_are_of_what_both_sides_talk() -> None:
    found = talk(turn(SELLER, 0, 30), turn(BUYER, 30, 40), turn(UNKNOWN, 40, 90))
    assert (found.seller_share, found.by_seconds) == (0.75, True)


def test_without_times_words_are_counted_and_no_second_is_told() -> None:
    found = talk(turn(SELLER, None, None, "one two three"), turn(BUYER, 1, 2, "one. Really?"))
    assert (found.seller_share, found.by_seconds) == (0.6, False)
    assert (found.longest, found.patience, found.replies) == (None, None, 0)


@pytest.mark.parametrize(
    "turns",
    [
        (),
        (turn(SELLER, 0, 30),),
        (turn(UNKNOWN, 0, 30), turn(UNKNOWN, 30, 60)),
        (turn(SELLER, 0, 30), turn(BUYER, 30, 30)),
    ],
)
def test_nothing_is_told_of_one_side_alone(turns: tuple[Turn, ...]) -> None:
    assert talk_of(Transcript(turns, 60.0)) is None


def test_the_longest_monologue_goes_on_over_a_nod() -> None:
    found = talk(
        turn(BUYER, 0, 20),
        turn(SELLER, 20, 35),
        turn(BUYER, 34, 35, "Mm-hm."),
        turn(SELLER, 35, 50),
        turn(BUYER, 50, 51, "How much?"),
        turn(SELLER, 51, 60),
    )
    assert found.longest == Monologue(SELLER, 1, 20, 50)


def test_what_the_seller_asks() -> None:
    words = tuple(
        Word(text, n, n + 0.5) for n, text in enumerate(("Fine.", "How", "many?", "Two?", "No."))
    )
    asked = Turn(SELLER, " ".join(word.text for word in words), 0, 7, words)
    found = talk(asked, turn(BUYER, 7, 9, "Why do you ask?"), turn(SELLER, 9, 10, "?! ... 3.5 %?!"))
    assert found.questions == (
        Question("How many?", 0, 1),
        Question("Two?", 0, 3),
        Question("3.5 %?!", 2, 9),
    )


def test_a_turn_without_end_is_read_once() -> None:
    text = "word " * 200_000
    assert talk(turn(SELLER, 0, 9, text), turn(BUYER, 9, 10)).questions == ()


def test_patience_is_the_median_wait_before_a_reply() -> None:
    assert talk(turn(BUYER, 0, 10), turn(SELLER, 11, 20)).patience is None, "one reply is chance"
    found = talk(
        turn(BUYER, 0, 10),
        turn(SELLER, 11, 20),
        turn(BUYER, 20, 30),
        turn(SELLER, 29, 40),  # in the buyer's word: no wait
        turn(BUYER, 40, 50),
        turn(SELLER, 50.5, 51, "Right."),  # no reply
        turn(BUYER, 51, 60),
        turn(SELLER, 63, 70),
    )
    assert (found.patience, found.replies) == (1, 3)


turns = st.lists(
    st.builds(
        lambda speaker, start, length, text: Turn(speaker, text, start, start + length),
        st.sampled_from(Speaker),
        st.floats(0, 3600),
        st.just(0.0) | st.floats(0.01, 600),  # times are told to the hundredth
        st.sampled_from(["", "Right.", "a b c", "Why? Is it, so?", "one two. ?! x?"]),
    ),
    max_size=12,
)


@given(turns)
def test_whatever_is_said(said: list[Turn]) -> None:
    said.sort(key=lambda turn: turn.start or 0)
    found = talk_of(Transcript(tuple(said), 3600.0))
    if found is None:
        return
    assert 0 < found.seller_share < 1
    floors = [
        (t.end or 0) - (t.start or 0)
        for t in said
        if t.speaker is not UNKNOWN and len(t.text.split()) > BACKCHANNEL_WORDS
    ]
    assert (found.longest.seconds if found.longest else 0) >= max(floors, default=0) - 1e-6
    assert found.patience is None or found.patience >= 0
    assert sum(t.text.count("?") for t in said) >= len(found.questions)
    for question in found.questions:
        assert question.text in said[question.turn].text
