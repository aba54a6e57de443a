"""What was said beside what was heard, what is learnt of it, and text printed again by it."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.lexicon.alignment import key, stretches, words_heard
from insights.lexicon.learn_mishearings import Pair, mishearings, pairs, sentences
from insights.lexicon.mishearings import LONGEST, learnt, misheard


def split(text: str) -> tuple[str, ...]:
    return tuple(text.split())


SAID = split("We were on Buildmarrow for three years, and forty thousand dollars it's fine")
HEARD = split("We were on Bill Morrow for three years and $40,000. It's fine, um")

texts = st.lists(st.sampled_from(split("the to of forty 40 Tallyho it's plan plant")), max_size=12)


@given(texts, texts)
def test_stretches_lie_side_by_side_through_both_texts(said: list[str], heard: list[str]) -> None:
    at = (0, 0)
    for stretch in stretches(said, heard):
        assert (stretch.said, stretch.heard) == at
        at = stretch.said_to, stretch.heard_to
        same = [key(w) for w in said[stretch.said : stretch.said_to]] == [
            key(w) for w in heard[stretch.heard : stretch.heard_to]
        ]
        assert same or not stretch.right
    assert at == (len(said), len(heard))


@given(texts, texts, st.data())
def test_a_part_of_what_was_said_is_a_part_of_what_was_heard(
    said: list[str], heard: list[str], data: st.DataObject
) -> None:
    cut = stretches(said, heard)
    first = data.draw(st.integers(0, len(said)))
    end = data.draw(st.integers(first, len(said)))
    found = words_heard(cut, first, end)
    assert found is None or 0 <= found[0] < found[1] <= len(heard)
    assert words_heard(stretches(said, said), first, end) == (
        None if first == end else (first, end)
    )


@pytest.mark.parametrize(
    ("first", "end", "heard"),
    [
        (3, 4, "Bill Morrow"),
        (2, 4, "on Bill Morrow"),
        (8, 11, "$40,000."),
        (9, 10, "$40,000."),  # a part of a figure is the figure
        (11, 13, "It's fine,"),  # and not what was added after it
    ],
)
def test_words_heard_for_words_said(first: int, end: int, heard: str) -> None:
    found = words_heard(stretches(SAID, HEARD), first, end)
    assert found
    assert " ".join(HEARD[slice(*found)]) == heard


def test_words_lost_were_heard_as_nothing() -> None:
    cut = stretches(split("we like the plan"), split("we like plan"))
    assert words_heard(cut, 2, 3) is None
    assert words_heard(cut, 2, 4) == (2, 3)


@pytest.mark.parametrize(
    ("word", "plain"),
    [
        ("It’s,", "it's"),
        ("'Twas'", "twas"),
        ("$40,000.", "40000"),
        ("—", ""),
        ("in-house", "inhouse"),
    ],
)
def test_a_word_without_its_looks(word: str, plain: str) -> None:
    assert key(word) == plain


def test_what_is_learnt_from_a_pair() -> None:
    pair = Pair(SAID, HEARD)
    again = Pair(split("of the plan"), split("of plan"))
    right = Pair(split("the plan"), split("the plan"))
    assert mishearings([pair, pair, again, right]) == {
        "buildmarrow": [2, {"bill morrow": 2}],
        "forty thousand dollars": [2, {"$40,000": 2}],
        "the": [2, {"": 1}],
    }


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("that is why we left", "banana bread"),  # too long a stretch
        ("the Tallyho plan", "the plan"),  # a name lost: a quote may be that name alone
        ("Tallyho billing failed", "palette failed"),  # one word lost its own
        ("right", "so right"),  # nothing was misheard
    ],
)
def test_what_teaches_nothing(said: str, heard: str) -> None:
    assert mishearings([Pair(split(said), split(heard))]) == {}


def test_a_print_is_set_beside_its_call_turn_by_turn() -> None:
    call = {"turns": [{"text": "Right."}, {"text": "We like — the plan."}]}
    turns = [{"turn_said": 1, "text": "We like plan."}]
    found = list(pairs({"a-1": call}, [{"id": "a-1-printed", "turns": turns}]))
    assert found == [Pair(split("We like the plan."), split("We like plan."))]
    assert list(sentences([{"said": ["Yes.", "No."], "heard": "Yes, no."}])) == [
        Pair(split("Yes. No."), split("Yes, no."))
    ]


def test_a_turn_that_got_a_neighbours_words_teaches_nothing() -> None:
    call = {"turns": [{"text": "Right."}]}
    turns = [{"turn_said": 0, "text": "Right. So what I would say to that is this"}]
    assert not list(pairs({"a-1": call}, [{"id": "a-1-printed", "turns": turns}]))


def test_what_was_learnt_can_happen() -> None:
    for stretch, known in learnt().items():
        words = stretch.split()
        assert stretch == " ".join(key(word) for word in words)
        assert 1 <= len(words) <= LONGEST
        assert 0 < known.chance < 1
        assert len(words) == 1 or "" not in known.heard


@given(st.integers(0, 2**32), st.lists(st.sampled_from(sorted(learnt())), max_size=5))
def test_every_word_is_heard_as_some_words(seed: int, said: list[str]) -> None:
    words = [word for stretch in said for word in stretch.split()]
    rng = random.Random(seed)
    assert len(list(misheard(words, rng, 3.0))) == len(words)
    assert list(misheard(words, rng, 0.0)) == [[word] for word in words]


def test_a_mishearing_keeps_the_capital_and_the_stop() -> None:
    seen = {
        " ".join(
            word
            for heard in misheard(["Eleven", "twelve."], random.Random(n), 9.0)
            for word in heard
        )
        for n in range(99)
    }
    assert seen >= {"11 12."}
