"""Placing requests in themes: by examples, and by laws that hold for any meanings."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.evaluate import theme_pairs
from insights.insight import Insight, Kind, Quote
from insights.merge import Kept
from insights.themes.rules import (
    DOUBTFUL,
    SURE,
    BadTheme,
    Place,
    Shelf,
    checked_link,
    checked_name,
    checked_note,
    gather,
    held,
    most_alike,
)


def at(degrees: float) -> tuple[float, float]:
    """A unit vector: two are as alike as the cosine of the angle between them."""
    return (math.cos(math.radians(degrees)), math.sin(math.radians(degrees)))


LIKE = math.degrees(math.acos(SURE)) / 2
UNSURE = math.degrees(math.acos((SURE + DOUBTFUL) / 2))


def wish(label: str, degrees: float | None = None, turn: int = 0, start: int = 0) -> Insight:
    meaning = None if degrees is None else at(degrees)
    quote = Quote("could it", start, start + 8)
    kind = Kind.FEATURE_REQUEST
    return Insight(turn, kind, label, quote, 0.9, kind, "1", meaning=meaning)


wishes = st.lists(
    st.builds(wish, st.sampled_from("abcdef"), st.none() | st.integers(0, 180)), max_size=12
)


def test_a_label_that_a_theme_goes_by_is_that_theme() -> None:
    assert gather([wish("CSV export"), wish("csv EXPORT", 90)]).themes == (0, 0)


def test_alike_enough_is_one_and_doubtful_asks() -> None:
    said = [wish("a", 0), wish("b", 20), wish("c", 40), wish("d", 120)]
    gathered = gather(said, sure=math.cos(math.radians(25)), doubtful=math.cos(math.radians(45)))
    assert gathered.themes == (0, 0, 1, 2)
    first, second, third, fourth = gathered.doubts
    assert (first, second, fourth) == (None, None, None)
    assert third is not None
    assert third.theme == 0
    assert third.likeness == pytest.approx(math.cos(math.radians(40)))


def test_a_chain_does_not_become_one_theme() -> None:
    """Each is like the one before; the last is nothing like the first."""
    chain = [wish(str(n), 20.0 * n) for n in range(6)]
    themes = gather(chain, sure=math.cos(math.radians(25)), doubtful=0.5).themes
    assert themes == (0, 0, 1, 1, 2, 2)


def test_one_odd_member_does_not_close_a_large_theme() -> None:
    shelf = Shelf({}, [7] * 8, [np.array(at(n)) for n in (0, 1, 2, 3, 4, 5, 6, 90)])
    assert shelf.place("x", at(3), sure=0.9) == Place(7)
    small = Shelf({}, [7] * 3, [np.array(at(n)) for n in (0, 1, 90)])
    assert small.place("x", at(1), sure=0.9, doubtful=0.9) == Place()


def test_of_two_themes_the_one_more_alike() -> None:
    assert most_alike(np.array([2, 1, 2, 1]), np.array([0.5, 0.9, 0.75, 0.25])) == {1: 0.25, 2: 0.5}
    shelf = Shelf({}, [1, 2], [np.array(at(0)), np.array(at(0))])
    assert shelf.place("x", at(0), sure=0.9) == Place(1), "of two as alike the older"


def test_without_a_meaning_only_the_label_counts() -> None:
    assert gather([wish("a"), wish("b", 0), wish("c"), wish("a", 180)]).themes == (0, 1, 2, 0)
    assert gather([wish("a", math.nan), wish("b", 0)]).themes == (0, 1)


@given(wishes, st.floats(-1, 1))
def test_nothing_is_lost_and_equal_labels_are_one(said: list[Insight], sure: float) -> None:
    gathered = gather(said, sure, doubtful=-1)
    assert len(gathered.themes) == len(gathered.doubts) == len(said)
    assert gather(said, sure, doubtful=-1) == gathered
    seen = list(dict.fromkeys(gathered.themes))
    assert seen == list(range(len(seen)))
    founders: dict[str, int] = {}
    for request, theme in zip(said, gathered.themes, strict=True):
        assert founders.get(request.label, theme) == theme
        if theme not in founders.values():
            founders[request.label] = theme


@given(wishes)
def test_members_of_a_small_theme_are_all_alike(said: list[Insight]) -> None:
    """Up to three members: nobody joined whom any was unlike."""
    named_apart = [replace(request, label=str(n)) for n, request in enumerate(said)]
    themes = gather(named_apart, sure=0.8).themes
    for theme in set(themes):
        mine = [r.meaning for r, t in zip(named_apart, themes, strict=True) if t == theme][:3]
        for a in mine:
            for b in mine:
                assert a is b or np.dot(a, b) >= 0.8 - 1e-6  # type: ignore[arg-type]


def kept(number: int, label: str, start: int = 0) -> Kept:
    """A kept request of theme 10 for number 1, 20 for 2, and so on."""
    place = (number, 0, Kind.FEATURE_REQUEST, "now", start, start + 8)
    return Kept(*place, theme_id=number * 10, mined_label=label)


def test_one_found_again_keeps_its_theme() -> None:
    again, other = wish("A", 0, start=2), wish("b", 0, start=100)
    assert held([kept(1, "a"), kept(2, "c", 100)], [again, other]) == {again: 10}


def test_where_a_person_had_a_hand_the_words_suffice() -> None:
    again = wish("other words", start=2)
    assert held([kept(1, "a")], [again]) == {}
    assert held([replace(kept(1, "a"), settled=True)], [again]) == {again: 10}
    assert held([replace(kept(1, "a"), reviewed=True)], [again]) == {again: 10}
    two = [wish("x", start=0), wish("y", start=4)]
    assert held([replace(kept(1, "a"), settled=True)], two) == {two[0]: 10}, "one keeps one"


@pytest.mark.parametrize("name", ["", " – ", "x" * 81, "two\x07bells", "‮"])
def test_a_name_that_says_nothing_is_refused(name: str) -> None:
    with pytest.raises(BadTheme):
        checked_name(name, {})


def test_a_name_that_means_another_theme_is_refused() -> None:
    assert checked_name("  CSV \n export ", {"csv": "Exports"}) == "CSV export"
    with pytest.raises(BadTheme, match="already means the theme “Exports”"):
        checked_name("Csv", {"csv": "Exports"})


def test_pairs_are_judged_by_the_same_rule() -> None:
    true = [wish("export", turn=n) for n in range(2)] + [wish("dark mode", turn=2)]
    found = [wish("a", 0, turn=0), wish("b", 10, turn=1), wish("c", 100, turn=2)]
    pairs = theme_pairs({"x": true}, {"x": found}, {"x": "Acme"}, sure=0.9, doubtful=0.5)
    assert (pairs.precision.hits, pairs.precision.total, pairs.recall.total) == (1, 1, 1)
    pairs = theme_pairs({"x": true}, {"x": found}, {"x": "Acme"}, sure=0.99, doubtful=0.5)
    assert (pairs.recall.hits, pairs.asked.hits, pairs.asked.total) == (0, 1, 1)


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("", None),
        (" \n", None),
        ("https://issues.example/12", "https://issues.example/12"),
        ("http://localhost:8080/#7", "http://localhost:8080/#7"),
        (" https://issues.example ", "https://issues.example/"),
        ("https:\\\\issues.example\\12", "https://issues.example/12"),
        ("https://issues.exämple/ü", "https://issues.xn--exmple-cua/%C3%BC"),
    ],
)
def test_an_address_is_kept_as_a_browser_reads_it(address: str, kept: str | None) -> None:
    assert checked_link(address) == kept


@pytest.mark.parametrize(
    "address",
    [
        "issues.example/12",
        "//issues.example/12",
        "javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,x",
        "ftp://issues.example/",
        "https://",
        "https://a b/",
        "https://issues.example:99999/",
        "https://user:secret@issues.example/12",
        "https://user@issues.example/12",
        "https://issues.example/" + "x" * 3000,
    ],
)
def test_what_no_browser_should_open(address: str) -> None:
    with pytest.raises(BadTheme):
        checked_link(address)


@given(st.text())
def test_whatever_is_written_a_link_is_http(text: str) -> None:
    try:
        link = checked_link(text)
    except BadTheme:
        return
    assert link is None or link.startswith(("http://", "https://"))
    assert link is None or checked_link(link) == link


def test_a_note_is_one_line() -> None:
    assert checked_note(" in the\n autumn ") == "in the autumn"
    assert checked_note(" \n") is None
