"""Sentences of a turn, and what is shown of it."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.search.meaning.clauses import LONG, SHOWN, sentences, stretch
from insights.search.search import Range

TURNS = st.lists(
    st.sampled_from(["price", "it’s", "no.", "why?", "well,", "4.50", "“so!”", "…", "now;"]),
    min_size=1,
    max_size=200,
).map(" ".join)


def cut(text: str) -> list[str]:
    return [text[part.start : part.end] for part in sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It is dear. Why? “No!” he said", ["It is dear.", "Why?", "“No!”", "he said"]),
        ("We pay 4.50 a seat; that is a lot", ["We pay 4.50 a seat;", "that is a lot"]),
        ("one, two, three", ["one, two, three"]),
        ("  blanks  ", ["blanks"]),
        ("...", ["..."]),
        ("", []),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert cut(text) == expected


def test_a_long_sentence_is_cut_at_its_commas() -> None:
    clauses = [f"and then they said number {n}," for n in range(12)]
    assert cut(" ".join(clauses)) == clauses
    assert cut("word " * LONG) == [("word " * LONG).rstrip()]


@given(TURNS)
def test_nothing_said_is_lost_and_nothing_is_double(text: str) -> None:
    parts = sentences(text)
    assert "".join(cut(text)).replace(" ", "") == text.replace(" ", "")
    assert all(one.end <= other.start for one, other in itertools.pairwise(parts))
    assert all(part == part.strip() for part in cut(text))


@given(TURNS, st.data())
def test_what_was_found_is_shown_and_marked(text: str, data: st.DataObject) -> None:
    found = data.draw(st.sampled_from(sentences(text)))
    part = stretch(text, found)
    assert part.text[part.mark.start : part.mark.end] == text[found.start : found.end]
    inner = part.text.removeprefix("… ").removesuffix(" …")
    assert inner in text
    assert part.text == text or len(text) > SHOWN


def test_a_long_turn_is_cut_between_words() -> None:
    text = "before " * 100 + "the price " + "behind " * 100
    part = stretch(text, Range(text.index("the"), text.index("the") + 9))
    assert part.text.startswith("… before before")
    assert part.text.endswith("behind …")
    assert len(part.text) < SHOWN
