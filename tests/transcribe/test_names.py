"""Where a rival's name may be: spelling, joints, endings, and what a recogniser makes of it."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from insights.insight import Competitor
from transcribe.lexicon.names import Candidate, NameFinder
from transcribe.lexicon.sound import alike, phones

RIVALS = (
    Competitor("Marlbrook Systems", ("Marlbrook",)),
    Competitor("Fennel & Daughters", ("Fennel",)),
    Competitor("CloudPike", ("Cloud Pike",)),
    Competitor("Vantiro", ("the Vans",)),
)
NAMES = NameFinder(RIVALS)


def found(text: str) -> list[tuple[str, str, bool]]:
    """The rival, the words, and whether they are written as in the catalogue."""
    return [
        (c.alias.rival, text[c.start : c.end], c.likeness == 1) for c in NAMES.candidates([text])
    ]


@pytest.mark.parametrize(
    ("text", "rival", "words"),
    [
        ("we use Marlbrook here", "Marlbrook Systems", "Marlbrook"),
        ("we use marlbrook systems here", "Marlbrook Systems", "marlbrook systems"),
        ("it was Marlbrook's idea", "Marlbrook Systems", "Marlbrook's"),
        ("the MARLBROOKS came", "Marlbrook Systems", "MARLBROOKS"),
        ("from Fennel and Daughters, then", "Fennel & Daughters", "Fennel and Daughters"),
        ("from Fennel & Daughters, then", "Fennel & Daughters", "Fennel & Daughters"),
        ("from cloud-pike", "CloudPike", "cloud-pike"),
        ("from Cloud Pike", "CloudPike", "Cloud Pike"),
        ("from CloudPike", "CloudPike", "CloudPike"),
        ("those vans again", "Vantiro", "vans"),
    ],
)
def test_a_name_is_found_however_it_is_written(text: str, rival: str, words: str) -> None:
    assert found(text) == [(rival, words, True)]


@pytest.mark.parametrize(
    ("text", "rival", "words"),
    [
        ("we use marble brook here", "Marlbrook Systems", "marble brook"),
        ("the clout pike fella", "CloudPike", "clout pike"),
        ("we had fan tiro", "Vantiro", "fan tiro"),
        ("we were on van tyro", "Vantiro", "van tyro"),
    ],
)
def test_a_name_is_found_as_a_recogniser_misheard_it(text: str, rival: str, words: str) -> None:
    assert (rival, words, False) in found(text)


@pytest.mark.parametrize(
    "text", ["we use marlbrooking", "a fenn elder", "cloudy pikes", "advantages", ""]
)
def test_parts_of_words_and_longer_words_are_not_the_written_name(text: str) -> None:
    assert not any(as_written for _, _, as_written in found(text))


def test_the_longest_way_to_say_it_is_one_candidate() -> None:
    assert len(found("Marlbrook Systems Marlbrook")) == 2


def spans(candidates: list[Candidate]) -> list[tuple[int, int]]:
    return [(c.start, c.end) for c in candidates]


@example("S", "Marlbrook")
@given(st.text(max_size=80), st.sampled_from(["Marlbrook", "cloud pike", "vantiro"]))
def test_whatever_is_around_it_a_written_name_is_found_and_spans_are_words(
    around: str, name: str
) -> None:
    text = f"{around} {name} {around}"
    candidates = NAMES.candidates([text])
    assert name in [text[a:b] for a, b in spans(candidates)]
    for start, end in spans(candidates):
        assert 0 <= start < end <= len(text)
        assert text[start].isalnum()
        assert text[end - 1].isalnum() or text[end - 1] in "'’"


@given(st.text("abcdefghijklmnopqrstuvwxyz", max_size=12), st.text("abcdeikotr", max_size=12))
def test_likeness_is_even_and_between_nothing_and_the_same(a: str, b: str) -> None:
    x, y = phones(a), phones(b)
    assert alike(x, y) == pytest.approx(alike(y, x))
    assert 0.0 <= alike(x, y) <= 1.0
    assert alike(x, x) == (1.0 if x else 0.0)


@pytest.mark.parametrize(
    ("word", "other"), [("night", "knight"), ("rode", "road"), ("wright", "rite"), ("sea", "see")]
)
def test_words_that_sound_the_same_sound_the_same(word: str, other: str) -> None:
    assert phones(word) == phones(other) != ""


@pytest.mark.parametrize(("word", "other"), [("bat", "dog"), ("orchard", "mule"), ("ship", "kite")])
def test_words_that_sound_otherwise_are_far_apart(word: str, other: str) -> None:
    assert alike(phones(word), phones(other)) < 0.5


def test_what_sounds_like_a_longer_way_to_say_it_is_that() -> None:
    finder = NameFinder([Competitor("Roadlark", ("the Lark", "Road Lark"))])
    (found,) = finder.candidates(["so rhode lark put it in the lens"])
    assert (found.start, found.end, found.alias.solid) == (3, 13, "roadlark")
