"""Voices of one track told apart, on real sound with the real model."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.base.errors import BadSetup
from tests.sounds import wav
from tests.transcribe.conftest import FIXTURES
from transcribe.apart import cuts, told_apart
from transcribe.attribution import mixed
from transcribe.engine import Hearer
from transcribe.segmentation import Segmenter
from transcribe.speakers import turns
from transcribe.transcript import Speaker, Transcript, Turn, Word
from transcribe.voiceprint import MODEL, SIZE, Voiceprinter, features
from transcribe.voices import Stretch
from transcribe.windows import RATE, Samples

SOUND = np.random.default_rng(5).integers(-9000, 9000, RATE, np.int16)


@pytest.fixture(scope="module")
def printer() -> Voiceprinter:
    return Voiceprinter()


def test_a_call_on_one_channel_gets_its_two_sides_back(ear: Hearer) -> None:
    apart = ear.hear(FIXTURES / "telephone-call.ogg")
    with mixed(FIXTURES / "telephone-call.ogg") as path:
        together = ear.hear(path)
    assert {turn.channel for turn in together.turns} == {0}
    words = [word.start for turn in together.turns for word in turn.words]
    assert words == sorted(words)  # on one track nobody is heard into another's words
    assert [voice.number for voice in together.voices] == [0, 1]
    for turn in apart.turns[:6]:
        if len(turn.words) >= 4:  # a shorter one may lie in the other's
            at = (turn.words[0].start + turn.words[-1].end) / 2
            ours = next(t for t in together.turns if (t.start or 0) <= at <= (t.end or 0))
            first = apart.turns[0].channel == turn.channel
            assert (ours.voice == together.turns[0].voice) == first
    assert [voice.speaker for voice in apart.voices] == [Speaker.SELLER, Speaker.BUYER]


def test_one_voice_stays_one_and_is_nobodys(ear: Hearer) -> None:
    transcript = ear.hear(FIXTURES / "jfk.ogg")
    assert [(v.number, v.speaker) for v in transcript.voices] == [(0, Speaker.UNKNOWN)]
    assert {turn.voice for turn in transcript.turns} == {0}


def test_words_are_neither_lost_nor_doubled(printer: Voiceprinter, tmp_path: Path) -> None:
    said = [Word(f"w{n}.", n * 0.4, n * 0.4 + 0.3) for n in range(60)]  # beyond the sound's end
    transcript = Transcript(turns({-1: said}, 0), seconds=1.0)
    (tmp_path / "call.wav").write_bytes(wav(SOUND[None]))
    found = told_apart(tmp_path / "call.wav", transcript, printer, Segmenter())
    words = [word for turn in found.turns for word in turn.words]
    assert sorted(words, key=lambda word: word.start) == said


def test_only_one_track_is_told_apart(printer: Voiceprinter, tmp_path: Path) -> None:
    both = Transcript(
        (Turn(Speaker.SELLER, "Hello."), Turn(Speaker.BUYER, "Hi.", channel=1, voice=1)), 1.0
    )
    missing = tmp_path / "never-read.wav"
    assert told_apart(missing, both, printer, Segmenter()).turns == both.turns
    assert told_apart(missing, Transcript((), 1.0), printer, Segmenter()) == Transcript((), 1.0)


def test_a_sound_of_any_length_has_a_voiceprint(printer: Voiceprinter) -> None:
    sounds = [SOUND, SOUND[:1000], SOUND[:1], SOUND[:0], np.zeros(RATE, np.int16)]
    prints = printer.of(sounds)
    assert prints.shape == (len(sounds), SIZE)
    assert np.isfinite(prints).all()
    np.testing.assert_allclose(np.linalg.norm(prints, axis=1), 1, atol=1e-4)
    assert printer.of([]).shape == (0, SIZE)


def test_loudness_says_nothing_of_a_voice() -> None:
    np.testing.assert_allclose(features(SOUND), features(SOUND // 2), atol=0.01)


def test_a_missing_or_damaged_model_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadSetup, match="reinstall"):
        Voiceprinter(model=tmp_path / "none.gz").of([SOUND])
    shutil.copy(MODEL, tmp_path / "damaged.gz")
    with (tmp_path / "damaged.gz").open("r+b") as file:
        file.seek(5000)
        file.write(b"\0\0")
    with pytest.raises(BadSetup, match="damaged"):
        Voiceprinter(model=tmp_path / "damaged.gz").of([SOUND])


@given(
    st.lists(st.integers(0, RATE), max_size=8),
    st.lists(st.tuples(st.floats(0, 0.2), st.floats(0, 0.3)), max_size=8),
)
def test_a_stretch_is_cut_alike_however_the_sound_comes(
    borders: list[int], gaps: list[tuple[float, float]]
) -> None:
    at, spoken = 0.0, []
    for pause, seconds in gaps:
        spoken.append(Stretch(at + pause, at + pause + seconds))
        at += pause + seconds
    blocks = np.split(SOUND, sorted(borders))
    found = list(cuts(blocks, spoken))
    expected: list[Samples] = [SOUND[round(s.start * RATE) : round(s.end * RATE)] for s in spoken]
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)
