"""Earshot's ear beside faster-whisper's own pipelines: same files, same model, one run.

Each engine runs in a process of its own, so that its peak memory is its own. The other pipelines
know no channels, so they hear each channel by itself, and they are told the language, as Earshot
is; for the rest they run by their defaults. They give no times of words, Earshot does.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ingest import audio
from ingest.base.errors import EarshotError
from ingest.base.settings import Settings, cores
from transcribe.engine import Hearer, batched_pipeline, load_model
from transcribe.evaluate import (
    Spoken,
    WordErrors,
    normalised,
    spoken_in,
    texts_by_side,
    word_error_rate,
)

ENGINES = ("faster-whisper", "faster-whisper batched", "earshot")

Hear = Callable[[Path], dict[str, str]]
"""Takes a recording, returns what was heard of each side, or of "both" on one channel."""


@dataclass(frozen=True, slots=True)
class NameCount:
    """Names of the catalogue, as often as they were said."""

    said: int = 0
    heard: int = 0  # of those
    invented: int = 0  # heard more often than said

    @property
    def recall(self) -> float:
        """Share of the names said that were heard; 1 where none was said."""
        return self.heard / self.said if self.said else 1.0

    def __add__(self, other: "NameCount") -> "NameCount":
        return NameCount(
            self.said + other.said, self.heard + other.heard, self.invented + other.invented
        )


@dataclass(frozen=True, slots=True)
class EngineResult:
    """What one engine did with all recordings."""

    engine: str
    audio_seconds: float
    wall_seconds: float  # without loading the model
    cpu_seconds: float
    peak_mib: float
    errors: WordErrors
    names: NameCount

    @property
    def times_real_time(self) -> float:
        """Seconds of recording heard in a second."""
        return self.audio_seconds / self.wall_seconds

    @property
    def cpu_seconds_an_hour(self) -> float:
        """Processor seconds for an hour of recording."""
        return self.cpu_seconds * 3600 / self.audio_seconds


@dataclass(frozen=True, slots=True)
class BenchReport:
    """The engines, in the order in which they ran."""

    model: str
    threads: int
    results: tuple[EngineResult, ...]


def bench_transcribe(folder: Path, config: Settings) -> BenchReport:
    """Run every engine over the recordings in `folder` whose words are known, on all cores.

    Takes several minutes. Raises NotFound for a folder without such recordings, and
    EarshotError where an engine fails.
    """
    config = config.model_copy(update={"hearing_threads": cores()})
    spoken_in(folder)  # says what is missing before anything runs
    results = tuple(_in_a_process(engine, folder, config) for engine in ENGINES)
    return BenchReport(config.whisper_model or "base", config.hearing_threads, results)


def _in_a_process(engine: str, folder: Path, config: Settings) -> EngineResult:
    done = subprocess.run(
        [sys.executable, "-m", __name__, engine, str(folder)],
        input=config.model_dump_json(),  # not an argument, which others could read
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise EarshotError(f"{engine} failed: {last[0]}")
    data = json.loads(done.stdout.splitlines()[-1])
    data |= {"errors": WordErrors(**data["errors"]), "names": NameCount(**data["names"])}
    return EngineResult(**data)


def run(engine: str, folder: Path, config: Settings) -> EngineResult:
    """Hear all recordings in `folder` with one engine, in this process."""
    hear = _hearer(engine, config)
    errors, names = WordErrors(), NameCount()
    recordings = spoken_in(folder)
    wall = cpu = 0.0
    for spoken in recordings:
        at, at_cpu = time.perf_counter(), time.process_time()
        heard = hear(spoken.audio)
        wall += time.perf_counter() - at
        cpu += time.process_time() - at_cpu
        for side, words in spoken.sides.items():
            errors += word_error_rate(words, heard[side])
        names += count_names(spoken, heard)
    return EngineResult(
        engine=engine,
        audio_seconds=sum(spoken.seconds for spoken in recordings),
        wall_seconds=wall,
        cpu_seconds=cpu,
        peak_mib=_peak_mib(),
        errors=errors,
        names=names,
    )


def count_names(spoken: Spoken, heard: dict[str, str]) -> NameCount:
    """How often each side says a name of the catalogue, and how often that was heard."""
    total = NameCount()
    wanted = {normalised(name) for name in spoken.names}
    for side, words in spoken.sides.items():
        reference, hypothesis = f" {normalised(words)} ", f" {normalised(heard[side])} "
        for name in wanted:
            said, found = reference.count(f" {name} "), hypothesis.count(f" {name} ")
            total += NameCount(said, min(said, found), max(found - said, 0))
    return total


def _hearer(engine: str, config: Settings) -> Hear:
    if engine == "earshot":
        ear = Hearer(config)
        return lambda path: texts_by_side(ear.hear(path, language=config.language))
    model = load_model(config)
    pipeline = batched_pipeline(model) if engine == "faster-whisper batched" else model

    def hear(path: Path) -> dict[str, str]:
        channels = np.concatenate([block.samples for block in audio.blocks(path)], axis=1)
        sides = ("both",) if len(channels) == 1 else ("seller", "buyer")
        return {
            side: _text(pipeline, channel.astype(np.float32) / np.float32(32768), config.language)
            for side, channel in zip(sides, channels, strict=False)
        }

    return hear


def _text(pipeline: Any, sound: Any, language: str) -> str:
    segments, _ = pipeline.transcribe(sound, language=language)
    return " ".join(segment.text.strip() for segment in segments)


def _peak_mib() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


if __name__ == "__main__":
    given = Settings.model_validate_json(sys.stdin.read())
    result = run(sys.argv[1], Path(sys.argv[2]), given)
    sys.stdout.write(json.dumps(asdict(result)) + "\n")
