"""The miner's speed: what is counted, and what is said of a thousand hours."""

import json
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from ingest.base.errors import NotFound
from insights.bench import MinerSpeed, bench_mine, calls_with_turns, turns_an_hour
from insights.insight import Competitor, Mined
from tests.insights.keywords import Keywords, objections
from transcribe.transcript import Transcript

SAMPLES = Path(__file__).parents[2] / "samples"


class Busy(Keywords):
    """Takes 5 ms of processor time a turn."""

    def mine(
        self,
        transcript: Transcript,
        competitors: Sequence[Competitor],
        own_names: Sequence[str] = (),
    ) -> Mined:
        until = time.process_time() + 0.005 * len(transcript.turns)
        while time.process_time() < until:
            pass
        return super().mine(transcript, competitors, own_names)


def call(folder: Path, name: str, *texts: str) -> None:
    turns = [{"speaker": "customer", "text": text} for text in texts]
    (folder / name).write_text(json.dumps({"turns": turns}))


def test_turns_and_processor_time_are_counted_without_the_warming_up(tmp_path: Path) -> None:
    call(tmp_path, "a.json", *["the price"] * 20)
    call(tmp_path, "b.json", *["the timing"] * 10)
    speed = bench_mine(calls_with_turns(tmp_path), Busy(objections("price").words), 300.0)
    assert (speed.calls, speed.turns, speed.insights) == (2, 30, 20)
    assert speed.cpu_seconds >= 0.15
    assert speed.wall_seconds >= 0.14
    assert 120 < speed.turns_a_second_a_core <= 200


def test_a_thousand_hours_follow_from_the_turns_of_one() -> None:
    speed = MinerSpeed(6, 400, 50, wall_seconds=3.0, cpu_seconds=4.0, turns_an_hour=360.0)
    assert speed.turns_a_second_a_core == 100
    assert speed.core_seconds_a_thousand_hours == 3600


def test_the_samples_turns_an_hour() -> None:
    truths = [json.loads(path.read_text()) for path in SAMPLES.glob("*.truth.json")]
    rates = [3600 * len(truth["turns"]) / truth["seconds"] for truth in truths]
    assert len(rates) == 6
    assert min(rates) < turns_an_hour(SAMPLES) < max(rates)


def test_nothing_to_measure_is_said(tmp_path: Path) -> None:
    (tmp_path / "silent.json").write_text('{"turns": []}')
    with pytest.raises(NotFound, match="holds no calls"):
        calls_with_turns(tmp_path)
    with pytest.raises(NotFound, match="no such folder"):
        calls_with_turns(tmp_path / "none")
    with pytest.raises(NotFound, match="true times"):
        turns_an_hour(tmp_path)
