"""Passages: what is shown of a turn, and which of its words are marked."""

from hypothesis import given
from hypothesis import strategies as st

from insights.search.passages import START, STOP, Shown, shown
from insights.search.search import Range


def marked(text: str) -> str:
    """A headline, written with [brackets] around the words found."""
    return text.replace("[", START).replace("]", STOP)


def test_a_whole_turn() -> None:
    turn = "That is twice the price."
    assert shown(marked("That is twice the [price]."), turn) == Shown(turn, (Range(18, 23),), 18)


def test_a_stretch_of_a_long_turn_says_so() -> None:
    part = shown(marked("twice the [price] we"), "It is twice the price we pay.")
    assert part == Shown("… twice the price we …", (Range(12, 17),), 16)
    assert shown("It is", "It is dear.").text == "It is …"
    assert shown("dear.", "It is dear.").text == "… dear."


def test_points_around_a_turn_are_no_words_left_out() -> None:
    turn = "“The price!” …"
    assert shown(marked("The [price]"), turn) == Shown(turn, (Range(5, 10),), 5)


def test_neighbours_are_one() -> None:
    part = shown(marked("a [free]  [trial], [free] of [charge]"), "a free  trial, free of charge")
    assert [part.text[m.start : m.end] for m in part.marks] == ["free  trial", "free", "charge"]


def test_a_headline_that_is_not_in_the_turn_has_no_place_there() -> None:
    part = shown(marked("a   [price]"), "a <b>price")
    assert part == Shown("a   price", (Range(4, 9),), None)


@given(st.lists(st.tuples(st.text("ab <&", max_size=5), st.booleans()), max_size=8))
def test_marks_are_apart_in_order_and_hold_what_was_found(parts: list[tuple[str, bool]]) -> None:
    turn = "".join(text for text, _ in parts)
    headline = "".join(f"{START}{text}{STOP}" if found else text for text, found in parts)
    part = shown(headline, turn)
    assert part.text == turn
    covered = "".join(part.text[m.start : m.end] for m in part.marks)
    assert all(text in covered for text, found in parts if found)
    ends = [place for m in part.marks for place in (m.start, m.end)]
    assert ends == sorted(ends)
    assert part.first == (part.marks[0].start if part.marks else None)
