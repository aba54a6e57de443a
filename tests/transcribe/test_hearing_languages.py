"""The real model on speech in several languages."""

from pathlib import Path

import numpy as np
import pytest

from ingest.audio import blocks
from tests.sounds import wav
from tests.transcribe.conftest import FIXTURES
from transcribe.engine import Hearer
from transcribe.evaluate import texts_by_side
from transcribe.noises import RATE
from transcribe.transcript import Speaker

CALL = FIXTURES / "english-german-call.ogg"


@pytest.mark.parametrize(
    ("name", "language", "said"),
    [
        ("german", "de", ("Guten Tag", "Angebot", "zu teuer", "Sommer")),
        ("spanish", "es", ("Buenos días", "la semana pasada", "presupuesto")),
        ("french", "fr", ("Bonjour", "trop élevé", "chauffeurs")),
        ("jfk", "en", ("my fellow Americans",)),
    ],
)
def test_a_call_is_heard_in_the_language_it_is_in(
    ear: Hearer, name: str, language: str, said: tuple[str, ...]
) -> None:
    transcript = ear.hear(FIXTURES / f"{name}.ogg")
    text = texts_by_side(transcript)["both"]
    assert all(words in text for words in said), text
    assert transcript.language == language
    assert transcript.parameters["languages"] == {"0": language}
    assert transcript.parameters["language_asked"] is None
    assert transcript.foreign_seconds == {}


def test_each_channel_is_heard_in_its_own_language(ear: Hearer) -> None:
    """Both channels' windows are in one batch, and aligned by their own language's words."""
    transcript = ear.hear(CALL)
    texts = texts_by_side(transcript)
    assert "go through the price list" in texts["seller"]
    assert "Spedition Lindner" in texts["buyer"]
    assert transcript.language == "de", "the buyer's"
    assert transcript.parameters["languages"] == {"0": "en", "1": "de"}
    spoken = {turn.speaker: transcript.language_of(turn) for turn in transcript.turns}
    assert spoken == {Speaker.SELLER: "en", Speaker.BUYER: "de"}
    first = next(turn for turn in transcript.turns if turn.speaker is Speaker.BUYER)
    assert first.start == pytest.approx(15.4, abs=0.5)
    assert all(w.start < w.end for turn in transcript.turns for w in turn.words)


def test_the_same_call_gives_the_same_words_again(ear: Hearer) -> None:
    assert ear.hear(CALL) == ear.hear(CALL)


@pytest.mark.parametrize("name", ["german", "spanish", "french"])
def test_speech_that_was_not_asked_for_gives_no_words(ear: Hearer, name: str) -> None:
    transcript = ear.hear(FIXTURES / f"{name}.ogg", language="en")
    code = {"german": "de", "spanish": "es", "french": "fr"}[name]
    assert transcript.turns == ()
    assert transcript.foreign_seconds == {code: pytest.approx(transcript.seconds, abs=2)}
    assert (transcript.language, transcript.misheard) == (code, True)
    assert transcript.parameters["language_asked"] == "en"


def test_only_the_foreign_part_of_a_call_is_left_out(ear: Hearer, tmp_path: Path) -> None:
    sound = np.concatenate([block.samples for block in blocks(CALL, rate=RATE)], axis=1)
    sound[1, 25 * RATE :] = 0  # ten seconds of the buyer's German are left
    (tmp_path / "call.wav").write_bytes(wav(sound))
    transcript = ear.hear(tmp_path / "call.wav", language="en")
    assert "go through the price list" in texts_by_side(transcript)["both"]
    assert {turn.channel for turn in transcript.turns} == {0}
    assert transcript.foreign_seconds == {"de": pytest.approx(10, abs=1)}
    assert (transcript.language, transcript.misheard) == ("en", False)


def test_a_language_asked_for_is_taken_at_its_word(ear: Hearer) -> None:
    transcript = ear.hear(FIXTURES / "german.ogg", language="de")
    assert "Guten Tag" in texts_by_side(transcript)["both"]
    assert transcript.parameters["language_asked"] == "de"
