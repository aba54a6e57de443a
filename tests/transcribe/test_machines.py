"""The real ear in a process of its own, as on an old processor."""

import json
import os
import subprocess
import sys
import wave
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ingest.audio import blocks
from ingest.base.settings import Settings
from tests.transcribe.conftest import FIXTURES
from transcribe.evaluate import word_error_rate

RATE = 8_000  # of a telephone line
KENNEDY = (
    "And so my fellow Americans, ask not what your country can do for you, ask what you can do for "
    "your country."
)


def heard(config: Settings, recording: Path, **environment: str) -> Any:
    """What a process of its own makes of a recording."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.transcribe.listener", config.model_dump_json(), recording],
        capture_output=True,
        check=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, **environment},
    )
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("instructions", ["GENERIC", "AVX2"])
def test_a_processor_without_avx_512_hears_the_same(
    hearing_settings: Settings, instructions: str
) -> None:
    """CTranslate2 takes the path of such a processor; ONNX Runtime has no such switch."""
    found = heard(hearing_settings, FIXTURES / "jfk.ogg", CT2_FORCE_CPU_ISA=instructions)
    assert word_error_rate(KENNEDY, found["text"]).rate == 0


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_three_hours_take_no_more_memory_than_a_minute(
    hearing_settings: Settings, tmp_path: Path
) -> None:
    """Somebody speaks at the beginning, halfway and near the end; the rest is silence."""
    minute = heard(hearing_settings, spoken_at([0], 60, tmp_path / "minute.wav"))
    found = heard(hearing_settings, spoken_at([0, 5_400, 10_740], 10_800, tmp_path / "hours.wav"))
    assert found["seconds"] == pytest.approx(10_800, abs=0.1)
    assert word_error_rate(" ".join([KENNEDY] * 3), found["text"]).rate < 0.1
    assert {round(start / 60) for start in found["starts"]} == {0, 90, 179}
    assert found["peak_mib"] < 1536
    assert found["peak_mib"] < minute["peak_mib"] + 150


def spoken_at(starts: Sequence[int], seconds: int, path: Path) -> Path:
    """A recording on one channel in which Kennedy speaks at these seconds."""
    kennedy = np.concatenate([b.samples for b in blocks(FIXTURES / "jfk.ogg", rate=RATE)], axis=1)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        for start, end in pairwise([*starts, seconds]):
            file.writeframesraw(kennedy[0].astype("<i2").tobytes())
            file.writeframesraw(bytes(2 * ((end - start) * RATE - kennedy.shape[1])))
    return path
