"""Earshot's ear beside faster-whisper's own pipelines: same files, same model, one run.

Each engine runs in a process of its own, so that its peak memory is its own. The other pipelines
know no channels, so they hear each channel by itself, and they are told the language, as Earshot
is; for the rest they run by their defaults. They give no times of words, Earshot does.

Earshot hears three times: without names, with those that it would expect, and with those of another
company, none of which may be heard where it was not said.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ingest import audio
from ingest.base.cores import cores
from ingest.base.errors import EarshotError
from ingest.base.settings import Settings
from transcribe.engine import Hearer
from transcribe.evaluate import (
    Spoken,
    WordErrors,
    normalised,
    spoken_in,
    texts_by_side,
    word_error_rate,
)
from transcribe.languages import ENGLISH
from transcribe.near_misses import NearMisses
from transcribe.tuning import known, peak_mib
from transcribe.vocabulary import Expected, relevant
from transcribe.whisper import batched_pipeline, load_model

EARSHOT = "earshot"
WITHOUT_NAMES = "earshot, no names"
FOREIGN_NAMES = "earshot, names of others"
ENGINES = ("faster-whisper", "faster-whisper batched", WITHOUT_NAMES, EARSHOT, FOREIGN_NAMES)


@dataclass(frozen=True, slots=True)
class Texts:
    """What was heard of each side, or of "both" on one channel."""

    heard: dict[str, str]
    corrected: dict[str, str] | None = None  # with near-misses of names put right, where they are


Hear = Callable[[Path, Expected], Texts]
"""Takes a recording and what is known of it."""


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
    names: NameCount  # of the names told before hearing; without any, of the company's own
    corrected: NameCount | None = None  # the same with near-misses put right

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
    if data["corrected"] is not None:
        data["corrected"] = NameCount(**data["corrected"])
    return EngineResult(**data)


def run(engine: str, folder: Path, config: Settings) -> EngineResult:
    """Hear all recordings in `folder` with one engine, in this process."""
    hear = _hearer(engine, config)
    errors, names, corrected = WordErrors(), NameCount(), None
    recordings = spoken_in(folder)
    wall = cpu = 0.0
    for spoken in recordings:
        of = _stranger(spoken, recordings) if engine == FOREIGN_NAMES else spoken
        at, at_cpu = time.perf_counter(), time.process_time()
        texts = hear(spoken.audio, of.expected)
        wall += time.perf_counter() - at
        cpu += time.process_time() - at_cpu
        for side, words in spoken.sides.items():
            errors += word_error_rate(words, (texts.corrected or texts.heard)[side])
        names += count_names(spoken, texts.heard, of.names)
        if texts.corrected:
            more = count_names(spoken, texts.corrected, of.names)
            corrected = more + (corrected or NameCount())
    return EngineResult(
        engine=engine,
        audio_seconds=sum(spoken.seconds for spoken in recordings),
        wall_seconds=wall,
        cpu_seconds=cpu,
        peak_mib=peak_mib(),
        errors=errors,
        names=names,
        corrected=corrected,
    )


def _stranger(spoken: Spoken, recordings: Sequence[Spoken]) -> Spoken:
    """A recording of another company; one of nobody where there is none."""
    others = [other for other in recordings if other.expected.company != spoken.expected.company]
    nobody = replace(spoken, names=(), expected=Expected())
    return others[recordings.index(spoken) % len(others)] if others else nobody


def count_names(spoken: Spoken, heard: dict[str, str], names: Iterable[str]) -> NameCount:
    """How often each side says one of the names, and how often that was heard."""
    total = NameCount()
    wanted = {normalised(name) for name in names}
    for side, words in spoken.sides.items():
        reference, hypothesis = f" {normalised(words)} ", f" {normalised(heard[side])} "
        for name in wanted:
            said, found = reference.count(f" {name} "), hypothesis.count(f" {name} ")
            total += NameCount(said, min(said, found), max(found - said, 0))
    return total


def _hearer(engine: str, config: Settings) -> Hear:
    if engine in (EARSHOT, WITHOUT_NAMES, FOREIGN_NAMES):
        return _ear(config, told=engine != WITHOUT_NAMES)
    one_by_one = replace(known(config).chosen, lanes=1, threads=config.threads)
    model = load_model(config, one_by_one)
    pipeline = batched_pipeline(model) if engine == "faster-whisper batched" else model

    def hear(path: Path, _: Expected) -> Texts:
        channels = np.concatenate([block.samples for block in audio.blocks(path)], axis=1)
        sides = ("both",) if len(channels) == 1 else ("seller", "buyer")
        return Texts(
            {
                side: _text(pipeline, channel.astype(np.float32) / np.float32(32768), ENGLISH)
                for side, channel in zip(sides, channels, strict=False)
            }
        )

    return hear


def _ear(config: Settings, *, told: bool) -> Hear:
    ear = Hearer(config)

    def hear(path: Path, expected: Expected) -> Texts:
        names = relevant(expected)
        heard = ear.hear(path, language=ENGLISH, vocabulary=names if told else ())
        corrected = NearMisses(names).corrected(heard)
        return Texts(texts_by_side(heard), texts_by_side(corrected))

    return hear


def _text(pipeline: Any, sound: Any, language: str) -> str:
    segments, _ = pipeline.transcribe(sound, language=language)
    return " ".join(segment.text.strip() for segment in segments)


if __name__ == "__main__":
    given = Settings.model_validate_json(sys.stdin.read())
    result = run(sys.argv[1], Path(sys.argv[2]), given)
    sys.stdout.write(json.dumps(asdict(result)) + "\n")
