"""The vote on a track's language."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.audio import blocks
from tests.sounds import wav
from tests.transcribe.conftest import FIXTURES
from transcribe import languages as rules
from transcribe.language_names import NAMES, language_name
from transcribe.languages import (
    Languages,
    Vote,
    decided,
    detected,
    elected,
    foreign,
    main_language,
    settled,
)
from transcribe.noises import RATE
from transcribe.speakers import MIXED
from transcribe.transcript import Speaker, Turn, Word
from transcribe.windows import Window

CODES = ("en", "de", "es", "fr")
BUYER, SELLER, UNKNOWN = Speaker.BUYER, Speaker.SELLER, Speaker.UNKNOWN


def vote(language: str, share: float = 0.99, seconds: float = 28.0) -> Vote:
    """A window that is believed so much to be in this language, and else in Welsh."""
    return Vote(seconds, {language: share, "cy": 1 - share})


@st.composite
def votes(draw: st.DrawFn) -> Vote:
    weights = draw(st.lists(st.integers(0, 100), min_size=4, max_size=4).filter(any))
    shares = {code: weight / sum(weights) for code, weight in zip(CODES, weights, strict=True)}
    return Vote(draw(st.floats(0.1, 30.0)), shares)


def turn(track: int, words: int, speaker: Speaker = UNKNOWN, start: float = 0.0) -> Turn:
    said = tuple(Word("so", start + n, start + n + 1) for n in range(words))
    text = " ".join(word.text for word in said)
    return Turn(speaker, text, start, start + words, said, max(track, 0), voice=track)


@pytest.mark.parametrize(
    ("cast", "language"),
    [
        ([vote("de"), vote("de")], "de"),
        ([vote("en"), vote("de"), vote("de")], "de"),  # an announcement, then the call
        ([vote("en", seconds=8), vote("de", seconds=28)], "de"),
        ([vote("en", seconds=4)], "en"),
        ([vote("de", seconds=2.9)], None),  # "Ja, hallo"
        ([vote("de", 0.55), vote("es", 0.55)], None),  # nobody knows
        ([], None),
    ],
)
def test_most_seconds_elect(cast: list[Vote], language: str | None) -> None:
    assert elected(cast) == language


@pytest.mark.parametrize(
    ("cast", "over"),
    [
        ([vote("de")], False),  # it may be a greeting
        ([vote("de"), vote("de")], True),
        ([vote("en"), vote("de")], False),
        ([vote("de"), vote("de", 0.6)], False),
        ([vote("de"), vote("de", seconds=2)], False),
        ([vote("de", 0.6)] * 3, True),
    ],
)
def test_the_vote_is_over_when_two_are_sure_or_three_have_voted(
    cast: list[Vote], over: bool
) -> None:
    assert decided(cast) is over


def test_two_tracks_that_are_sure_of_the_same_settle_it() -> None:
    assert settled({0: [vote("de")], 1: [vote("de")]}, {0, 1})
    assert not settled({0: [vote("de")], 1: [vote("en")]}, {0, 1})
    assert not settled({0: [vote("de")], 1: [vote("de", 0.6)]}, {0, 1})
    assert not settled({0: [vote("de"), vote("de")]}, {0, 1}), "the other has not spoken yet"
    assert settled({0: [vote("de")] * 2, 1: [vote("en")] * 2}, {0, 1})
    assert not settled({}, set())


@given(st.lists(votes(), max_size=5), st.randoms(use_true_random=False))
def test_the_order_of_votes_is_nothing_to_the_result(cast: list[Vote], chance: object) -> None:
    mixed = list(cast)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    assert elected(mixed) == elected(cast) or _close(cast)


def _close(cast: list[Vote]) -> bool:
    """Whether sums differ by so little that rounding may decide."""
    sums = sorted(sum(v.seconds * v.shares[code] for v in cast) for code in CODES)
    half = sum(v.seconds for v in cast) / 2
    return abs(sums[-1] - sums[-2]) < 1e-6 or abs(sums[-1] - half) < 1e-6


@given(st.lists(votes(), min_size=1, max_size=5))
def test_who_is_elected_has_most_of_it(cast: list[Vote]) -> None:
    language = elected(cast)
    seconds = sum(v.seconds for v in cast)
    if language is None:
        best = max(sum(v.seconds * v.shares[code] for v in cast) for code in CODES)
        assert seconds < rules.LEAST_SPEECH or best < seconds / 2 + 1e-6
    else:
        assert sum(v.seconds * v.shares[language] for v in cast) >= seconds / 2 - 1e-6


@given(st.dictionaries(st.integers(-1, 3), st.lists(votes(), max_size=3), max_size=4))
def test_each_track_has_its_own_language_or_follows(cast: dict[int, list[Vote]]) -> None:
    found = rules.languages(cast)
    assert found.main == "en" or found.main in {elected(of) for of in cast.values()}
    for track, of in cast.items():
        assert found.of(track) == (elected(of) or found.main)
    assert found.of(99) == found.main
    assert found.all[0] == found.main
    assert set(found.all) == {found.main, *map(found.of, cast)}


def test_a_track_that_says_little_follows_the_other() -> None:
    found = rules.languages({0: [vote("de"), vote("de")], 1: [vote("en", seconds=1.2)]})
    assert (found.of(0), found.of(1), found.main) == ("de", "de", "de")
    assert rules.languages({0: [vote("de", seconds=1.0)]}).of(0) == "en"
    assert rules.languages({}) == Languages("en")


@pytest.mark.parametrize(
    ("said", "expected", "other"),
    [
        (vote("de"), "en", "de"),
        (vote("en"), "en", None),
        (vote("de", 0.85), "en", None),  # not sure
        (vote("de", seconds=2.5), "en", None),  # a name, a place
        (Vote(20, {"de": 0.93, "en": 0.06}), "en", None),
        (vote("nn"), "no", None),  # the model takes them for each other
        (vote("gl"), "es", None),
        (vote("nn"), "en", "nn"),
    ],
)
def test_a_window_is_foreign_only_where_it_clearly_is(
    said: Vote, expected: str, other: str | None
) -> None:
    assert foreign(said, expected) == other


@given(votes(), st.sampled_from(CODES))
def test_a_likely_language_is_never_foreign(said: Vote, expected: str) -> None:
    other = foreign(said, expected)
    assert other != expected
    if said.shares[expected] >= rules.UNLIKELY or said.seconds < rules.LEAST_SPEECH:
        assert other is None
    if other is not None:
        assert said.shares[other] >= rules.SURE


def test_a_call_is_in_what_the_buyer_speaks() -> None:
    spoken = Languages("en", {0: "en", 1: "de"})
    turns = [turn(0, 50, SELLER), turn(1, 5, BUYER)]
    assert main_language(turns, spoken, {}) == "de"
    assert main_language([turn(0, 50), turn(1, 5)], spoken, {}) == "en"
    assert main_language([turn(MIXED, 5)], Languages("fr"), {}) == "fr"
    assert main_language([], Languages("fr"), {}) == "fr"


def test_a_call_is_in_what_was_left_out_of_it_where_that_is_most() -> None:
    turns = [turn(MIXED, 10)]
    assert main_language(turns, Languages("en"), {"de": 9.0}) == "en"
    assert main_language(turns, Languages("en"), {"de": 11.0}) == "de"
    assert main_language([], Languages("en"), {"de": 11.0, "es": 4.0}) == "de"


def test_languages_have_names() -> None:
    assert (language_name("de"), language_name("xx"), len(NAMES)) == ("German", "xx", 100)


def asked(path: Path, says: Vote) -> tuple[Languages, list[float]]:
    """What is detected where every window says the same, and where those begin, in seconds."""
    starts: list[float] = []

    def ask(window: Window) -> Vote:
        starts.append(window.pieces[0].start / RATE)
        return Vote(window.length / RATE, says.shares)

    return detected(path, ask), starts


def long_call(folder: Path, minutes: int, *, buyer_at: int) -> Path:
    """A seller who talks all the time, and a buyer who speaks once."""
    speech = np.concatenate([b.samples for b in blocks(FIXTURES / "jfk.ogg", rate=RATE)], axis=1)[0]
    seller = np.tile(speech, minutes * 60 * RATE // len(speech))
    buyer = np.zeros_like(seller)
    buyer[:: RATE // 2] = 3  # a live line is never quite silent
    buyer[buyer_at * RATE : buyer_at * RATE + len(speech)] = speech
    path = folder / "call.wav"
    path.write_bytes(wav(np.stack([seller, buyer])))
    return path


def test_no_more_is_asked_than_each_track_needs(tmp_path: Path) -> None:
    path = long_call(tmp_path, 2, buyer_at=20)
    found, starts = asked(path, vote("de"))
    assert (found.of(0), found.of(1)) == ("de", "de")
    assert len(starts) == 3  # two of the seller's, one of the buyer's
    assert asked(path, vote("de")) == (found, starts)
    assert len(asked(path, vote("de", 0.6))[1]) == 4  # unsure: three of the seller's


def test_a_silent_track_is_not_waited_for_to_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "SEARCHED", 60.0)
    found, starts = asked(long_call(tmp_path, 4, buyer_at=200), vote("de"))
    assert len(starts) == 2
    assert (found.of(0), found.of(1)) == ("de", "de")
