"""Names nearly heard: put right where all speaks for it, and nothing else touched."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcribe.near_misses import NearMisses
from transcribe.transcript import Speaker, Transcript, Turn, Word

NAMES = ("Plumbline", "Hartsoe Home", "Attrivo", "Trivo", "Mosaiq", "Foxglove Collective",
         "Foxglove", "the Foxes", "Corwen Brokers", "Nadia Ferreira", "Haulwright")  # fmt: skip
MISSES = NearMisses(NAMES)
SAMPLES = Path(__file__).parents[2] / "samples"


def turn(text: str, *, sure: float = 0.3) -> Turn:
    words = tuple(Word(word, n, n + 0.5, sure) for n, word in enumerate(text.split()))
    return Turn(Speaker.BUYER, text, 0.0, float(len(words)), words)


def corrected(text: str, *, sure: float = 0.3) -> str:
    [now] = MISSES.corrected(Transcript((turn(text, sure=sure),), 60.0)).turns
    return now.text


@pytest.mark.parametrize(
    ("heard", "said"),
    [
        ("We came over to you from Masake, in 24.", "We came over to you from Mosaiq, in 24."),
        ("we had a trivel in here for a year", "we had Attrivo in here for a year"),
        ("Mr. Hartso does the spots himself", "Mr. Hartsoe does the spots himself"),
        ("the policy with Corwin, the last", "the policy with Corwen, the last"),
        ("It was Corwin's idea", "It was Corwen's idea"),
        ("we asked plum line and Masake", "we asked Plumbline and Mosaiq"),
        ("Hard so home, it is", "Hartsoe Home, it is"),
        ("Nadja Fereira here", "Nadia Ferreira here"),
    ],
)
def test_a_near_miss_is_put_right(heard: str, said: str) -> None:
    assert corrected(heard) == said


@pytest.mark.parametrize(
    "text",
    [
        "all right, it was a mosaic of things",  # ordinary words, though they sound like names
        "the river, the foxes and the love of foxes",
        "I can. At three, though, fox love",
        "we left Attrivo, and Hartsoe's people and attrivo's",  # names as they are
        "Nadia and I met Ferreira",
        "Good. Corn wins",  # no name is said over a stop
        "",
    ],
)
def test_what_may_have_been_said_stays(text: str) -> None:
    assert corrected(text, sure=0.0) == text


def test_what_was_heard_for_sure_stays() -> None:
    assert corrected("from Masake in 24", sure=0.9) == "from Masake in 24"


def test_times_are_those_of_the_words_heard() -> None:
    heard = turn("we had a trivel in here")
    [now] = MISSES.corrected(Transcript((heard,), 6.0)).turns
    assert [word.text for word in now.words] == ["we", "had", "Attrivo", "in", "here"]
    assert (now.words[2].start, now.words[2].end) == (2, 3.5)
    assert (*now.words[:2], *now.words[3:]) == (*heard.words[:2], *heard.words[4:])


def test_a_turn_brought_as_text_stays() -> None:
    brought = Transcript((Turn(Speaker.BUYER, "from Masake in 24"),), 0.0)
    assert MISSES.corrected(brought) == brought
    assert NearMisses(()).corrected(brought) == brought


words = st.text("abcdefghijklmnopqrstuvwxyzABMT'’-.,&", min_size=1, max_size=9)
doubts = st.integers(0, 100).map(lambda n: n / 100)
texts = st.lists(st.sampled_from([*NAMES, "Masake", "trivel", "fox", "love", "a", "the"]) | words)


@given(texts, doubts)
def test_what_is_put_right_reads_as_names_among_the_words_heard(
    some: list[str], sure: float
) -> None:
    heard = turn(" ".join(" ".join(some).split()), sure=sure)
    [now] = MISSES.corrected(Transcript((heard,), 60.0)).turns
    assert now.text == " ".join(word.text for word in now.words)
    assert (now.start, now.end, now.speaker) == (heard.start, heard.end, heard.speaker)
    for miss in MISSES.found(heard):
        assert miss.alias.rival in now.text
    kept = {word.text for word in heard.words}
    for word in now.words:
        assert word in heard.words or word.text not in kept or word.probability == 1


@given(texts)
def test_without_doubt_nothing_is_touched(some: list[str]) -> None:
    heard = turn(" ".join(" ".join(some).split()), sure=0.8)
    assert MISSES.corrected(Transcript((heard,), 60.0)).turns == (heard,)


def test_nothing_in_the_samples_words_becomes_another_name() -> None:
    """Every word in doubt, and all that a catalogue names: more than any hearing puts up."""
    for path in [*(SAMPLES / "calls").glob("*.json"), *(SAMPLES / "history").glob("*-1.json")]:
        call = json.loads(path.read_text(encoding="utf-8"))
        company = call["company"]
        names = [company["name"], company.get("product"), call.get("account")]
        for rival in company.get("competitors", ()):
            names += [rival["name"], *rival.get("aliases", ())]
        misses = NearMisses(filter(None, names))
        for said in call["turns"]:
            found = misses.found(turn(" ".join(said["text"].split()), sure=0.0))
            assert found == [], path.name
