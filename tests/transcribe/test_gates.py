"""What nobody said is not believed; what somebody said is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcribe.gates import (
    FAST_RUN,
    FASTEST,
    LOOP_WORDS,
    Decoding,
    Reason,
    crammed,
    doubt,
    heard_alike,
    loops,
    plain,
    recited,
)
from transcribe.transcript import Word

NAMES = ("Haulwright", "Kowal Transport", "Roadlark", "Anchor & Tully")


def heard(text: str, probability: float) -> list[Word]:
    return [Word(word, 0.0, 0.0, probability) for word in text.split()]


def spoken(count: int, a_second: float, start: float = 0.0) -> list[Word]:
    return [Word("word", start + at / a_second, start + (at + 1) / a_second) for at in range(count)]


@pytest.mark.parametrize(
    ("text", "probability", "seconds", "reason"),
    [
        ("We pay ninety a month.", 0.9, 2.0, None),
        ("We pay ninety a month.", 0.34, 2.0, Reason.POOR),
        ("Ninety, yes.", 0.45, 2.0, None),  # few words: one misheard draws the other down
        ("Ninety, yes.", 0.3, 2.0, Reason.POOR),
        ("Thank you.", 0.9, 0.6, None),  # clearly said
        ("Thank you.", 0.5, 0.6, Reason.STOCK),  # what silence sounds like to Whisper
        ("♪ ♪", 0.5, 0.6, Reason.STOCK),
        ("Yes.", 0.5, 0.3, None),  # no stock phrase
        (" ".join(["word"] * 40), 0.9, 2.0, Reason.FAST),  # twenty words a second
        ("A b c.", 0.9, 0.1, None),  # too few to speak of a rate
        ("", 0.9, 1.0, None),
    ],
)
def test_each_piece_is_doubted_for_one_reason(
    text: str, probability: float, seconds: float, reason: Reason | None
) -> None:
    assert doubt(heard(text, probability), seconds) is reason


def test_a_loop_is_decoded_again_and_costs_only_itself() -> None:
    said = "We pay more than that today and my director knows it well"
    loop = Decoding(f"{said} {'and then it goes ' * 10}", -0.2, 0.0)
    assert loop.failed
    assert loop.refused is None
    assert loop.unlooped == f"{said} and then it goes"


def test_what_goes_in_circles_and_says_nothing_else_is_refused() -> None:
    circles = Decoding("All over India. " * 4, -0.2, 0.0)
    assert circles.circles
    assert circles.refused is Reason.LOOP
    assert not Decoding("All over India. " * 3, -0.2, 0.0).circles
    assert not Decoding("", 0.0, 0.0).circles


def test_what_repeats_itself_without_a_loop_to_cut_out_is_refused() -> None:
    litany = " ".join(f"I'm going to go to the {place} and" for place in "abcdefghijklmnopqr")
    assert Decoding(litany, -0.2, 0.0).refused is Reason.LOOP


def test_what_is_said_once_more_is_no_loop() -> None:
    said = (
        "So the thing is that we have looked at this for a while, and honestly the price you quoted"
        " a vehicle is higher than what we pay today, which my director will not like at all."
    )
    twice = Decoding(f"{said} {said}", -0.2, 0.0)
    assert twice.failed  # and decoded again, to be sure
    assert twice.refused is None
    assert twice.unlooped == twice.text


def test_what_turns_about_itself_and_is_doubtful_is_refused() -> None:
    """What a tune without words was heard as."""
    tune = "I'm over here, and I'm over on my day, and I'm over here, and I'm over here."
    assert Decoding(tune, -0.77, 0.2).refused is Reason.LOOP
    assert Decoding(tune, -0.3, 0.2).refused is None


def test_what_is_hardly_speech_at_all_is_refused_for_less_repetition() -> None:
    """As a hummed tune was heard on one processor, and not on others."""
    hummed = "I'm over here, and I'm over on my day, and I'm over here."
    assert Decoding(hummed, -0.94, 0.26).refused is Reason.LOOP
    assert Decoding(hummed, -0.7, 0.26).refused is None
    fresh = "We took the new line in March and nobody here has regretted it"
    assert Decoding(fresh, -0.94, 0.26).refused is None


def test_an_unsure_decoding_is_dropped_only_where_there_may_be_no_speech() -> None:
    assert Decoding("mumbled words", -1.2, 0.1).refused is None
    assert Decoding("mumbled words", -1.2, 0.1).failed
    assert Decoding("mumbled words", -1.2, 0.9).refused is Reason.NO_SPEECH
    assert Decoding("Bop, bop, bop.", -0.8, 0.7).refused is Reason.NO_SPEECH  # a keypad
    assert Decoding("mumbled words", -0.8, 0.5).refused is None
    assert Decoding("clear words", -0.2, 0.9).refused is None


def test_nothing_decoded_is_no_loop() -> None:
    assert Decoding("", 0.0, 0.5).repetition == 0.0


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("no no no", 0),
        ("yes yes yes yes", 0),
        ("no no no no no no no no no no no", 0),  # eleven: somebody is cross
        ("no " * 30, 29),
        ("can you hear me " * 3, 0),
        ("so can you hear me " + "can you hear me " * 5 + "yes", 20),
        ("thank you " * 5, 0),
        ("what I would like to see is a report " * 2, 0),
        ("what I would like to see is a report " * 3, 18),
        ("thank you " * 9, 16),
        ("well " * 20 + "I said well " + "so good " * 8, 33),
    ],
)
def test_what_goes_round_is_cut_after_its_first_time(text: str, cut: int) -> None:
    words = text.split()
    places = loops(words)
    assert len(places) == cut
    kept = [word for at, word in enumerate(words) if at not in places]
    assert set(kept) == set(words)


SAYINGS = st.lists(st.sampled_from("abc"), max_size=60)


@given(SAYINGS)
def test_a_loop_never_takes_what_was_not_said_right_before(words: list[str]) -> None:
    places = loops(words)
    kept = [word for at, word in enumerate(words) if at not in places]
    assert set(kept) == set(words)
    assert not places or len(words) >= LOOP_WORDS


@given(SAYINGS, st.integers(1, 7), st.integers(4, 9))
def test_a_phrase_that_goes_round_long_enough_is_found_wherever_it_stands(
    before: list[str], phrase: int, times: int
) -> None:
    turning = [f"w{n}" for n in range(phrase)] * times
    found = {at - len(before) for at in loops(before + turning) if at >= len(before)}
    turns_round = phrase * times >= LOOP_WORDS
    assert found == (set(range(phrase, phrase * times)) if turns_round else set())


def test_words_crammed_into_a_moment_are_found_among_others() -> None:
    slow, fast = spoken(20, 3.0), spoken(15, 20.0, 10.0)
    assert crammed([*slow, *fast, *spoken(20, 3.0, 12.0)]) == frozenset(range(20, 35))


@given(st.integers(0, 60), st.floats(0.5, FASTEST - 0.1))
def test_nobody_who_speaks_humanly_is_cut(count: int, a_second: float) -> None:
    assert crammed(spoken(count, a_second)) == frozenset()


@given(st.integers(FAST_RUN, 60), st.floats(FASTEST + 0.1, 200))
def test_speech_faster_than_people_speak_is_dropped(count: int, a_second: float) -> None:
    assert crammed(spoken(count, a_second)) == frozenset(range(count))


@pytest.mark.parametrize(
    ("text", "run"),
    [
        ("Haulwright, Kowal Transport, Roadlark, Anchor & Tully.", "all"),
        ("We saw Kowal Transport and Roadlark.", "kowal transport and roadlark"),
        ("Haulwright, Roadlark.", "haulwright roadlark"),
        ("Roadlark.", "roadlark"),  # and nothing else
        ("Roadlark is cheap.", ""),
        ("Roadlark, Haulwright.", ""),  # not as they were told
        ("Anchor and hope.", ""),
        ("", ""),
    ],
)
def test_names_are_recited_in_the_order_of_the_prompt(text: str, run: str) -> None:
    assert recited(text, NAMES) == (plain(text) if run == "all" else run)


@given(st.lists(st.sampled_from(NAMES), min_size=2, max_size=4, unique=True))
def test_only_the_order_of_the_prompt_is_its_own(names: list[str]) -> None:
    places = [NAMES.index(name) for name in names]
    told = recited(", ".join(names), NAMES)
    assert (told == plain(" ".join(names))) is (places == sorted(places))


@pytest.mark.parametrize(
    ("untold", "alike"),
    [
        ("We look at Howlright, Coval Transport and Road Lark.", True),
        ("and it was, haul right, co-wall transport, roadlock, I think", True),
        ("Thank you for watching.", False),
        ("So what we would like to see is that the report goes out on a Friday.", False),
        ("", False),
    ],
)
def test_a_buyer_who_lists_rivals_is_believed(untold: str, alike: bool) -> None:
    assert heard_alike("haulwright kowal transport roadlark", untold) is alike


def test_plain_words() -> None:
    assert plain("Thank-you, VERY  much!") == "thank you very much"
