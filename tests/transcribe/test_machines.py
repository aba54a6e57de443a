"""The real ear in a process of its own, as on an old processor."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ingest.base.settings import Settings
from tests.transcribe.conftest import FIXTURES
from transcribe.evaluate import word_error_rate

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
