"""Whose words are taken for whose."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from ingest import audio
from tests.sounds import wav
from transcribe.attribution import attribution, evaluate_speakers, mixed
from transcribe.evaluate import Spoken, SpokenTurn
from transcribe.transcript import Speaker, Transcript, Turn, Word

SPOKEN = Spoken(
    audio=Path("call.wav"),
    call="call",
    seconds=4.0,
    sides={},
    names=(),
    turns=(
        SpokenTurn(Speaker.SELLER, "How does it look?", 0.0, 2.0),
        SpokenTurn(Speaker.BUYER, "Too dear, I'm afraid.", 2.0, 4.0),
    ),
)


def turn(text: str, start: float, speaker: Speaker, voice: int) -> Turn:
    words = tuple(
        Word(word, start + n * 0.5, start + n * 0.5 + 0.4) for n, word in enumerate(text.split())
    )
    return Turn(speaker, text, start, words[-1].end, words, voice=voice)


def heard(*turns: Turn) -> Transcript:
    return Transcript(turns, 4.0)


def test_each_word_counts_for_who_is_taken_to_say_it() -> None:
    found = attribution(
        SPOKEN,
        heard(
            turn("How does it", 0.0, Speaker.SELLER, 0),
            turn("look?", 1.5, Speaker.UNKNOWN, 2),
            turn("Too deer, I'm afraid.", 2.0, Speaker.BUYER, 1),  # heard wrong, and whose: right
        ),
    )
    assert (found.words, found.right, found.unknown, found.apart) == (9, 8, 1, 9)
    assert found.voices == 3
    assert found.share == 8 / 9


def test_voices_well_apart_and_named_wrongly() -> None:
    found = attribution(
        SPOKEN,
        heard(
            turn("How does it look?", 0.0, Speaker.BUYER, 0),
            turn("Too dear, I'm afraid.", 2.0, Speaker.SELLER, 1),
        ),
    )
    assert (found.right, found.unknown, found.apart) == (0, 0, found.words)


def test_nothing_heard_or_nothing_said_is_no_wrong_side() -> None:
    assert attribution(SPOKEN, heard()).share == 1
    assert (
        attribution(replace(SPOKEN, turns=()), heard(*[turn("a", 0, Speaker.BUYER, 0)])).words == 0
    )


def test_a_folder_is_heard_as_it_is_or_on_one_channel(tmp_path: Path) -> None:
    sound = np.stack([np.full(16_000, 2000, np.int16), np.zeros(16_000, np.int16)])
    (tmp_path / "c.wav").write_bytes(wav(sound))
    words = [{"speaker": "rep", "text": "Hi."}]
    company = {"name": "Acme", "competitors": []}
    (tmp_path / "c.json").write_text(json.dumps({"company": company, "turns": words}))
    said = [{"turn": 0, "speaker": "rep", "start": 0.0, "end": 0.5}]
    truth = {"call": "c", "seconds": 1.0, "channels": 2, "turns": said}
    (tmp_path / "c.truth.json").write_text(json.dumps(truth))
    channels: list[int] = []

    def hear(path: Path) -> Transcript:
        channels.append(next(audio.blocks(path)).samples.shape[0])
        return heard(turn("Hi.", 0.0, Speaker.SELLER, 0))

    assert [one.share for one in evaluate_speakers(tmp_path, hear)] == [1]
    assert [one.file for one in evaluate_speakers(tmp_path, hear, one_channel=True)] == ["c.wav"]
    assert channels == [2, 1]


def test_channels_are_mixed_by_their_mean(tmp_path: Path) -> None:
    sound = np.stack([np.full(16_000, 2000, np.int16), np.full(16_000, -1000, np.int16)])
    (tmp_path / "c.wav").write_bytes(wav(sound))
    with mixed(tmp_path / "c.wav") as path:
        (block,) = audio.blocks(path)
        assert block.samples.shape == (1, 16_000)
        assert set(block.samples[0, 100:-100].tolist()) == {500}
    assert not path.exists()
