"""Numbers keep their times, from the sound to the subtitles: aligners often give them none."""

from pathlib import Path

import numpy as np
import pytest

from ingest.audio import blocks
from tests.sounds import wav
from transcribe.cues import cues
from transcribe.engine import Hearer
from transcribe.noises import RATE
from transcribe.transcript import Transcript

SAMPLE = Path(__file__).parents[2] / "samples" / "plumbline-01.ogg"
FROM, TO = 30.5, 51.0  # “forty-one showrooms … six million … ninety million … fifty-two”


@pytest.fixture(scope="module")
def transcript(ear: Hearer, tmp_path_factory: pytest.TempPathFactory) -> Transcript:
    samples = np.concatenate([block.samples for block in blocks(SAMPLE, rate=RATE)], axis=1)
    path = tmp_path_factory.mktemp("numbers") / "numbers.wav"
    path.write_bytes(wav(samples[:, round(FROM * RATE) : round(TO * RATE)], RATE))
    return ear.hear(path)


@pytest.mark.slow
def test_numbers_are_heard_with_times(transcript: Transcript) -> None:
    words = [word for turn in transcript.turns for word in turn.words]
    numbers = {word.text.rstrip(".,"): word for word in words if word.text[0].isdigit()}
    said = {"41": 0.8, "6": 3.6, "90": 16.1, "52": 18.1}  # by ear, seconds into the cut
    assert numbers.keys() >= said.keys()
    for number, start in said.items():
        assert numbers[number].start == pytest.approx(start, abs=0.5), number
        assert 0 < numbers[number].end - numbers[number].start < 2, number


@pytest.mark.slow
def test_a_number_is_shown_while_it_is_said(transcript: Transcript) -> None:
    (shown,) = [cue for cue in cues(transcript) if "90 million" in cue.lines[0].text]
    assert shown.start <= 16_100 <= shown.end
