"""Turns grow while a call is heard, and what is private is never among them."""

from hypothesis import given
from hypothesis import strategies as st

from tests.transcribe.kept.heard import batch, said
from transcribe.kept.batch import HeardBatch
from transcribe.kept.partial import HELD_BACK, Partial, heard_so_far, veiled
from transcribe.speakers import MIXED
from transcribe.transcript import Speaker

CALL = {
    0: batch(12.0, said(0, (1, "How does it look?"), (13, "I see.")), said(1, (5, "It is dear."))),
    1: batch(40.0, said(1, (20, "Twice what we pay."), (38, "Well. Now, then."))),
    2: batch(60.0),
}
NUMBER = "4242 4242 4242 4242"


def texts(partial: Partial) -> list[str]:
    return [turn.text for turn in partial.turns]


def test_what_was_said_before_the_first_unheard_sound_is_shown() -> None:
    first = heard_so_far({0: CALL[0]}, seller_channel=0)
    assert first.seconds == 12.0
    assert texts(first) == ["How does it look?", "It is dear."]
    assert [turn.speaker for turn in first.turns] == [Speaker.SELLER, Speaker.BUYER]
    whole = heard_so_far(CALL, seller_channel=1)
    assert whole.seconds == 60.0
    assert texts(whole)[2:] == ["I see.", "Twice what we pay.", "Well. Now, then."]
    assert whole.turns[0].speaker is Speaker.BUYER


def test_it_ends_before_a_batch_that_is_missing() -> None:
    assert heard_so_far({0: CALL[0], 2: CALL[2]}, 0) == heard_so_far({0: CALL[0]}, 0)
    assert heard_so_far({1: CALL[1]}, 0) == heard_so_far({}, 0) == Partial()


PHRASES = st.lists(st.sampled_from(["Yes. I do.", "No", "so we went on.", "7 8 9"]), max_size=4)


@st.composite
def calls(draw: st.DrawFn) -> dict[int, HeardBatch]:
    """Two voices, a batch a minute."""
    made, at = {}, 0.0
    for number in range(draw(st.integers(1, 5))):
        windows = []
        for track in draw(st.sampled_from([(0,), (1,), (0, 1)])):
            said_here = draw(PHRASES)
            gap = 60.0 / (len(said_here) + 1)
            windows.append(said(track, *((at + gap * n, p) for n, p in enumerate(said_here))))
        at += 60.0
        made[number] = batch(draw(st.floats(at - 50.0, at)), *windows)
    return made


@given(calls())
def test_it_only_grows(call: dict[int, HeardBatch]) -> None:
    """Every voice's words stay as they were, and more follow."""
    before: dict[int, list[str]] = {}
    seconds = 0.0
    for number in range(len(call)):
        now = heard_so_far({n: call[n] for n in range(number + 1)}, 0)
        assert now.seconds >= seconds
        said_by: dict[int, list[str]] = {}
        for turn in now.turns:
            said_by.setdefault(turn.channel, []).extend(word.text for word in turn.words)
        for channel, words in before.items():
            assert said_by[channel][: len(words)] == words
        before, seconds = said_by, now.seconds


def test_the_end_is_held_back_from_those_who_do_not_see_what_is_private() -> None:
    hidden = veiled(heard_so_far(CALL, 0))
    assert hidden.seconds == 60.0 - HELD_BACK
    assert texts(hidden)[-1] == "Twice what we pay."
    assert veiled(heard_so_far({0: CALL[0]}, 0)) == Partial()


def test_a_turn_goes_on_where_it_was_cut() -> None:
    call = {0: batch(36.0, said(0, (5.0, "One sentence. " * 10)))}
    [turn] = veiled(heard_so_far(call, 0)).turns
    assert turn.text == "One sentence. One sentence."
    assert turn.end == turn.words[-1].end <= 6.0


def test_what_is_private_is_masked() -> None:
    spoken = f"My card is {NUMBER} okay. Write to jo at example dot com please."
    partial = heard_so_far({0: batch(90.0, said(0, (1, spoken)), said(1, (30, "Yes.")))}, 0)
    assert NUMBER in partial.turns[0].text
    assert texts(veiled(partial))[0] == (
        "My card is [card number] okay. Write to [e-mail address] please."
    )


def test_a_number_that_is_not_told_apart_yet_is_masked() -> None:
    """On one channel two voices read it out and repeat it: only by voice it is a card's."""
    halves = [(1.0, "4242 4242."), (5.0, "4242 4242."), (9.0, "4242 4242."), (13.0, "4242 4242.")]
    repeated = {0: batch(90.0, said(MIXED, *halves, (17.0, "Three 4242 4243, thanks.")))}
    shown = " ".join(texts(veiled(heard_so_far(repeated, 0))))
    assert "4242" not in shown
    assert "[card number]" in shown


@given(st.integers(1, 120), st.floats(0.2, 20.0))
def test_no_moment_shows_a_number_that_is_read_out(settled: int, gap: float) -> None:
    """However slowly it is read, and wherever hearing stands: at most its first group is shown."""
    groups = [(5.0 + gap * n, group) for n, group in enumerate(NUMBER.split())]
    words = said(0, (1.0, "It is"), *groups, (6.0 + gap * 4, "Thank you very much."))
    shown = " ".join(texts(veiled(heard_so_far({0: batch(float(settled), words)}, 0))))
    assert shown.count("4242") <= 1


def test_prices_and_years_are_shown() -> None:
    spoken = "In 2026 it is $4,242 for 48,000 seats, or twelve thousand five hundred."
    call = {0: batch(90.0, said(0, (1, spoken)), said(1, (30, "Fine.")))}
    assert texts(veiled(heard_so_far(call, 0)))[0] == spoken
