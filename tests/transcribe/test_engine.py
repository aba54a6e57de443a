"""The real model on real sound."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from ingest.base.errors import BadMetadata, BadSetup
from ingest.base.settings import Settings
from tests.sounds import wav
from tests.transcribe.conftest import FIXTURES
from transcribe.engine import Hearer
from transcribe.evaluate import texts_by_side, word_error_rate
from transcribe.noises import NOISES, RATE, Samples, samples, silence, telephone
from transcribe.transcript import Speaker, Transcript
from transcribe.weights import model_path

SELLER = (
    "Hi, Daria. And is it, um, Wojtek? Am I saying that anywhere close? I'll go with Wojtek. So I "
    "sent the quote Friday, did you two get a chance to look? Great. That's, uh, that's the right "
    "way to do it."
)
BUYER = (
    "Voy-tek. It's okay. In America I am also Wally. He is not Wally. Nobody is calling him Wally. "
    "We printed it. We put the numbers next to the numbers from last year and we sat with it."
)
KENNEDY = (
    "And so my fellow Americans, ask not what your country can do for you, ask what you can do for "
    "your country."
)


def check(transcript: Transcript) -> None:
    """What holds for every transcript."""
    for turn in transcript.turns:
        assert turn.text == " ".join(word.text for word in turn.words)
        assert 0 <= turn.words[0].start <= turn.words[-1].end <= transcript.seconds + 0.01
        for word in turn.words:
            assert word.start <= word.end
            assert word.text == word.text.strip() != ""
            assert 0 <= word.probability <= 1
        for before, after in pairwise(turn.words):
            assert before.start <= after.start


NAMES = ("Haulwright", "Kowal Transport", "Roadlark", "Anchor & Tully")


def heard(ear: Hearer, folder: Path, sound: Samples) -> Transcript:
    """What the ear makes of (channels, n) samples when it expects some names."""
    (folder / "call.wav").write_bytes(wav(sound))
    return ear.hear(folder / "call.wav", vocabulary=NAMES)


def test_a_telephone_call_is_heard_channel_by_channel(ear: Hearer) -> None:
    """Silero alone finds but a third of this speech: see FAINTER in `silero`."""
    told: list[float] = []
    transcript = ear.hear(FIXTURES / "telephone-call.ogg", on_progress=told.append)
    check(transcript)
    texts = texts_by_side(transcript)
    assert word_error_rate(SELLER, texts["seller"]).rate < 0.2
    assert word_error_rate(BUYER, texts["buyer"]).rate < 0.2
    assert texts["unknown"] == ""
    firsts = [turn.start for turn in transcript.turns if "quote" in turn.text]
    assert firsts == [pytest.approx(13.6, abs=0.5)]
    assert told == sorted(told)
    assert told[-1] == transcript.seconds == pytest.approx(26.98, abs=0.05)
    assert transcript.missing_seconds == 0
    assert transcript.model == ear.model == "base int8_float32"
    assert transcript.parameters["batch"] == ear.batch == 4
    assert transcript.engine.startswith("faster-whisper 1.")


def test_the_seller_may_be_on_the_other_channel(ear: Hearer) -> None:
    transcript = ear.hear(FIXTURES / "stereo_diarization.wav", seller_channel=1)
    check(transcript)
    texts = texts_by_side(transcript)
    assert "horizon" in texts["seller"]
    assert "wizard" in texts["buyer"]


def test_one_channel_is_one_unknown_speaker(ear: Hearer) -> None:
    transcript = ear.hear(FIXTURES / "jfk.ogg")
    check(transcript)
    assert {turn.speaker for turn in transcript.turns} == {Speaker.UNKNOWN}
    assert word_error_rate(KENNEDY, texts_by_side(transcript)["both"]).rate == 0


@pytest.mark.parametrize("line", ["wide", "telephone"])
def test_a_line_on_which_nobody_speaks_yields_no_words(
    ear: Hearer, tmp_path: Path, line: str
) -> None:
    """All the noises, each for 12 seconds, two at a time; nor are the prompt's names heard."""
    kinds = [noise(12.0) for noise in NOISES.values()]
    row = np.concatenate([telephone(kind) if line == "telephone" else kind for kind in kinds])
    sound = samples(np.stack([row, np.roll(row, 30 * RATE)]))
    assert heard(ear, tmp_path, sound).turns == ()


def test_what_is_said_after_ringing_is_heard_at_its_time(ear: Hearer, tmp_path: Path) -> None:
    from ingest.audio import blocks

    speech = np.concatenate([b.samples for b in blocks(FIXTURES / "jfk.ogg")], axis=1)
    ring = samples(NOISES["ring_tone"](70.0))[None]
    transcript = heard(ear, tmp_path, np.concatenate([ring, speech, ring], axis=1))
    check(transcript)
    [first, *_] = transcript.turns
    assert first.text.startswith("And so")
    assert first.start == pytest.approx(70.3, abs=0.4)
    assert transcript.turns[-1].end == pytest.approx(80.6, abs=0.6)
    assert transcript.seconds == pytest.approx(151.0, abs=0.1)


def test_a_silent_call_is_an_empty_transcript(ear: Hearer, tmp_path: Path) -> None:
    told: list[float] = []
    (tmp_path / "call.wav").write_bytes(wav(samples(silence(90))[None]))
    transcript = ear.hear(tmp_path / "call.wav", on_progress=told.append)
    assert (transcript.turns, transcript.seconds) == ((), 90.0)
    assert told == [90.0]


def test_names_are_told_to_the_engine_and_kept(ear: Hearer) -> None:
    transcript = ear.hear(FIXTURES / "jfk.ogg", vocabulary=("Wojtek", "Haulwright"))
    assert transcript.vocabulary == ("Wojtek", "Haulwright")
    assert "Haulwright" not in texts_by_side(transcript)["both"]
    many = ear.hear(FIXTURES / "jfk.ogg", vocabulary=["Brackenwatch Lookout"] * 100)
    assert 10 < len(many.vocabulary) < 100
    assert word_error_rate(KENNEDY, texts_by_side(many)["both"]).rate < 0.1


def test_an_unknown_language_is_named(ear: Hearer) -> None:
    with pytest.raises(BadMetadata, match="'xx'"):
        ear.hear(FIXTURES / "jfk.ogg", language="xx")


def test_a_damaged_model_is_named(hearing_settings: Settings, tmp_path: Path) -> None:
    for file in model_path(hearing_settings).iterdir():
        content = file.read_bytes()
        (tmp_path / file.name).write_bytes(content[: len(content) // 2])
    with pytest.raises(BadSetup, match="does not load"):
        Hearer(hearing_settings.model_copy(update={"whisper_model": str(tmp_path)}))
