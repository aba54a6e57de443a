"""Whose words are taken for whose."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ingest import audio
from ingest.base.errors import BadMetadata
from tests.sounds import wav
from transcribe.attribution import attribution, evaluate_speakers, mixed, overlapped
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


def test_an_answer_is_laid_into_what_goes_before(tmp_path: Path) -> None:
    sound = np.zeros((2, 4 * 16_000), np.int16)
    sound[0, : 2 * 16_000], sound[1, 2 * 16_000 :] = 2000, 1000
    (tmp_path / "call.wav").write_bytes(wav(sound))
    spoken = replace(SPOKEN, audio=tmp_path / "call.wav")
    with overlapped(spoken, 0.5) as (path, moved):
        seller, buyer = moved.turns
        assert buyer.start == pytest.approx(seller.end - 0.5)
        assert buyer.end - buyer.start == 2.0
        mix = np.concatenate([block.samples for block in audio.blocks(path, rate=16_000)], axis=1)
        middle = [(seller.start + buyer.start) / 2, (buyer.start + seller.end) / 2]
        levels = [int(mix[0, round(at * 16_000)]) for at in [*middle, (seller.end + buyer.end) / 2]]
        assert levels == pytest.approx([1000, 1500, 500], abs=20)
    assert not path.exists()
    with overlapped(spoken, 60.0) as (_, moved):
        assert moved.turns[1].start == pytest.approx(moved.turns[0].start + 1.0)  # half of it


def test_one_channel_has_nothing_to_lay_over_another(tmp_path: Path) -> None:
    (tmp_path / "call.wav").write_bytes(wav(np.full((1, 16_000), 9, np.int16)))
    with pytest.raises(BadMetadata, match=r"1 channel\(s\): overlaps need two"):
        overlapped(replace(SPOKEN, audio=tmp_path / "call.wav"), 1.0).__enter__()
