"""AVX-512 is used where every core has all of it, and never against what is set by hand."""

import os
from pathlib import Path

import pytest

from transcribe import instructions

ALL = "fpu sse2 avx2 avx512f avx512bw avx512cd avx512dq avx512vl avx512_vnni"


@pytest.mark.parametrize(
    ("told", "wide"),
    [
        (f"model name\t: AMD EPYC\nflags\t\t: {ALL}\n\nflags\t\t: {ALL}\n", True),
        (f"flags\t\t: {ALL}\n\nflags\t\t: fpu sse2 avx2\n", False),  # another kind of core
        ("flags\t\t: fpu sse2 avx2 avx512f avx512cd\n", False),  # Knights Landing
        ("Features\t: fp asimd\n", False),  # ARM
        ("", False),
    ],
)
def test_what_the_processor_tells(tmp_path: Path, told: str, wide: bool) -> None:
    processor = tmp_path / "cpuinfo"
    processor.write_text(told)
    assert instructions.has_wide(processor) is wide


def test_a_system_that_tells_nothing(tmp_path: Path) -> None:
    assert not instructions.has_wide(tmp_path / "none")


def test_what_is_set_by_hand_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instructions, "has_wide", lambda: True)
    monkeypatch.delenv(instructions.VARIABLE, raising=False)
    instructions.choose()
    assert os.environ[instructions.VARIABLE] == "AVX512"
    monkeypatch.setenv(instructions.VARIABLE, "AVX2")
    instructions.choose()
    assert os.environ[instructions.VARIABLE] == "AVX2"


def test_elsewhere_ctranslate2_chooses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instructions, "has_wide", lambda: False)
    monkeypatch.delenv(instructions.VARIABLE, raising=False)
    instructions.choose()
    assert instructions.VARIABLE not in os.environ
