"""One loaded ear for all tests of a process."""

import subprocess
import sys
from pathlib import Path

import pytest

from ingest.base.settings import Settings
from transcribe.engine import Hearer

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture(scope="session")
def hearing_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("ear"))


@pytest.fixture(scope="session")
def ear(hearing_settings: Settings) -> Hearer:
    return Hearer(hearing_settings)


def both_at_once(script: str, argument: str) -> list[str]:
    """What two processes of a script said, which both waited, "ready", for "go"."""
    both = [
        subprocess.Popen(
            [sys.executable, "-c", script, argument],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in both:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in both:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    return said
