"""Digits are read as they are said."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transcribe.pii.saying import said
from transcribe.pii.figures import digits, is_number_word, readings, runs

NUMBERS = st.text("0123456789", min_size=1, max_size=20)


@given(st.data(), NUMBERS)
def test_digits_said_any_way_are_the_same_digits(data: st.DataObject, number: str) -> None:
    text = data.draw(said(number))
    (run,) = runs(f"It is {text} today.")
    assert digits(run) == number
    assert (run[0].start, run[-1].end) == (6, 6 + len(text))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("forty-two forty two", "4242"),
        ("twenty-one hundred, oh four", "210004"),
        ("eight hundred, five five five", "800555"),
        ("double seven triple oh treble one quadruple 8", "770001118888"),
        ("415-555-2671", "4155552671"),
        ("212.736.5000", "2127365000"),
        ("4,2,4,2", "4242"),
        ("one two mhm go on three", "123"),
        ("GB29 N W B K 60", "GB29NWBK60"),
    ],
)
def test_ways_of_saying(text: str, number: str) -> None:
    assert [digits(run) for run in runs(text)] == [number]


@pytest.mark.parametrize(
    "text",
    [
        *("$4,242", "£ 42", "90%", "95.5 %", "48,000", "1,250,000.00", "03/31/2026", "2026-11-03"),
        *("10:30", "2.4", "12th", "15k", "forty dollars", "two hundred and fifty dollars", "3 pm"),
    ],
)
def test_quantities_are_no_digits(text: str) -> None:
    assert list(runs(text)) == []


def test_a_quantity_ends_a_number_and_is_not_part_of_it() -> None:
    assert [digits(run) for run in runs("4242 4242 3 seats 17")] == ["42424242", "17"]


def test_what_is_said_without_a_hyphen_may_be_two_numbers() -> None:
    (run,) = runs("twenty seven nine")
    assert readings(run) == {"279", "2079"}
    (run,) = runs("twenty-seven nine")
    assert readings(run) == {"279"}


def test_a_plus_begins_a_number() -> None:
    runs_found = list(runs("12, plus forty-four two"))
    assert [(digits(run), run[0].plus) for run in runs_found] == [("12", False), ("442", True)]
    assert list(runs("a plus for us")) != []  # "a" may be a letter of a code
    assert all(not run[0].plus for run in runs("that is a plus for us"))


@given(st.text())
def test_any_text_is_read_and_places_lie_in_it(text: str) -> None:
    for run in runs(text):
        assert all(text[figure.start : figure.end] for figure in run)
        assert all(a.end <= b.start for a, b in pairwise(run))


def test_number_words() -> None:
    assert all(map(is_number_word, ("Four,", "double", "forty-"[:-1], "7", "mhm", "Oh")))
    assert not any(map(is_number_word, ("price", "", "fourth")))
