"""What an edit does to words, their times, and the quotes in them."""

import time
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.insights.saying import buyer, heard
from transcribe.edits.rules import LONGEST_TURN, BadEdit, Misheard, misheard, moved, rewritten
from transcribe.transcript import Turn, Word

SAID = heard("we pay for the eight a month to a tribu")  # a word every half second


def times(turn: Turn, *words: str) -> list[tuple[float, float]]:
    return [(w.start, w.end) for w in turn.words if w.text in words]


def test_words_that_stay_keep_their_times_and_how_sure_they_were() -> None:
    sure = Turn(
        SAID.speaker,
        "so it is",
        1.0,
        3.0,
        (
            Word("so", 1.0, 1.5, 0.4),
            Word("it", 1.6, 2.0, 0.5),
            Word("is", 2.1, 3.0, 0.6),
        ),
    )
    assert rewritten(sure, "so he is").words == (
        Word("so", 1.0, 1.5, 0.4),
        Word("he", 1.6, 2.0, 1.0),
        Word("is", 2.1, 3.0, 0.6),
    )


def test_a_price_put_right_takes_the_time_of_what_was_heard() -> None:
    after = rewritten(SAID, "we pay $48 a month to Attrivo")
    assert after.text == "we pay $48 a month to Attrivo"
    assert times(after, "we", "pay", "month") == [(0.0, 0.4), (0.5, 0.9), (3.0, 3.4)]
    assert times(after, "$48") == [(1.0, 2.4)], "for “for the eight”"
    assert times(after, "Attrivo") == [(4.0, 4.9)], "for “a tribu”"


def test_words_added_share_the_gap() -> None:
    after = rewritten(heard("we stop", start=2.0), "we will not stop")
    assert [w.text for w in after.words] == ["we", "will", "not", "stop"]
    (_, will_to), (not_at, not_to) = times(after, "will", "not")
    assert 2.4 < will_to == not_at < not_to
    assert not_to == pytest.approx(2.5)


def test_words_added_at_either_end_stay_within_the_turn() -> None:
    turn = Turn(SAID.speaker, "yes", 1.0, 9.0, (Word("yes", 3.0, 4.0),))
    first, _, last = rewritten(turn, "well yes indeed").words
    assert (first.start, first.end, last.start, last.end) == (1.0, 3.0, 4.0, 9.0)


def test_words_taken_away() -> None:
    assert rewritten(SAID, "we pay").words == SAID.words[:2]
    assert rewritten(SAID, " \n ") == Turn(SAID.speaker, "", SAID.start, SAID.end, ())


def test_a_turn_without_words_gets_the_text_as_it_is_written() -> None:
    assert rewritten(buyer("no"), " No,\nnever. ") == buyer("No,\nnever.")


def test_a_text_longer_than_a_turn_is_refused() -> None:
    assert len(rewritten(SAID, "a" * LONGEST_TURN).text) == LONGEST_TURN
    with pytest.raises(BadEdit, match="20,000"):
        rewritten(SAID, "a" * (LONGEST_TURN + 1))


@pytest.mark.parametrize(
    ("before", "quote", "after", "becomes"),
    [
        ("It is too dear for us.", "too dear", "It is too dear for us all.", "too dear"),
        ("It is to deer for us.", "to deer", "It is too dear for us.", "too dear"),
        ("Well, too dear.", "too dear", "Too dear, I said: too dear.", "too dear"),
        ("It is dear.", "dear", "It is dear, dear.", "dear"),
        ("we want expert to excel", "expert to excel", "we want an export to Excel",
         "an export to Excel"),
        ("no no no", "no no no", "no", "no"),
        ("we left Atrevo", "left Atrevo", "we Attrivo", "Attrivo"),
        ("It is too dear for us.", "too dear", "It is for us.", None),
        ("It is too dear.", "too dear", "", None),
    ],
)  # fmt: skip
def test_a_quote_goes_with_its_words(
    before: str, quote: str, after: str, becomes: str | None
) -> None:
    at = before.index(quote)
    found = moved(before, after, at, at + len(quote))
    assert (after[slice(*found)] if found else None) == becomes


def test_a_quote_of_words_said_twice_stays_the_one_it_was() -> None:
    before = "too dear now and too dear then"
    at = before.rindex("too dear")
    assert moved(before, f"well {before}", at, at + 8) == (at + 5, at + 13)


@pytest.mark.timeout(30)
def test_the_longest_turns_are_aligned_at_once() -> None:
    before = " ".join("ab"[i * i % 7 % 2] for i in range(LONGEST_TURN // 2))
    after = " ".join("ab"[i * i % 11 % 2] for i in range(LONGEST_TURN // 2))
    began = time.process_time()
    rewritten(heard(before), after)
    moved(before, after, 9000, 9100)
    assert time.process_time() - began < 5


texts = st.lists(st.sampled_from(["a", "b", "no", "dear", "48"]), max_size=12).map(" ".join)


@given(texts.filter(bool), texts)
def test_edited_words_are_the_text_in_times_order(before: str, after: str) -> None:
    original = heard(before, start=3.0)
    turn = rewritten(original, after)
    assert " ".join(word.text for word in turn.words) == turn.text == after
    for word in turn.words:
        assert original.start is not None
        assert original.end is not None
        assert original.start <= word.start <= word.end <= original.end + 1e-9
    for one, next_ in pairwise(turn.words):
        assert one.end <= next_.start + 1e-9
    assert rewritten(original, before) == original


@given(texts.filter(bool), texts, st.data())
def test_a_moved_quote_lies_in_the_text(before: str, after: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(before) - 1))
    end = data.draw(st.integers(start + 1, len(before)))
    assume(before[start:end].strip())  # no quote is a blank alone
    found = moved(before, after, start, end)
    if found is not None:
        assert after[slice(*found)].strip()
    if before[start:end] == before[start:end].strip():
        assert moved(before, before, start, end) == (start, end)


def test_names_put_right_are_found_where_they_stand_now() -> None:
    heard, named = "So a trivel, and from Masake.", "So Attrivo, and from Mosaiq."
    assert misheard(heard, named, named) == (
        Misheard(3, 10, "a trivel"),
        Misheard(21, 27, "Masake"),
    )
    assert misheard(heard, named, "So it was Attrivo, and me.") == (Misheard(10, 17, "a trivel"),)
    assert misheard(heard, named, "Somebody wrote other words.") == ()
    assert misheard(heard, heard, heard) == ()


@given(
    st.text(" abM.,", max_size=12), st.text(" abM.,", max_size=12), st.text(" abM.,", max_size=12)
)
def test_a_name_put_right_is_in_both_texts(heard: str, named: str, now: str) -> None:
    for one in misheard(heard, named, now):
        assert now[one.start : one.end]
        assert now[one.start : one.end] in named
        assert one.heard in heard
