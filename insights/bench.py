"""How fast the whole miner is: the reader, the parse and the detectors, over known calls."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.base.errors import NotFound
from insights.labels import LabelledCall, read_folder
from insights.mining import Mining


@dataclass(frozen=True, slots=True)
class MinerSpeed:
    """One run over all calls, without loading the miner."""

    calls: int
    turns: int
    insights: int
    wall_seconds: float
    cpu_seconds: float  # of this process, on all cores together
    turns_an_hour: float  # of an hour of calls, as assumed

    @property
    def turns_a_second_a_core(self) -> float:
        """Turns mined in a second of one core's time."""
        return self.turns / self.cpu_seconds

    @property
    def core_seconds_a_thousand_hours(self) -> float:
        """Seconds of one core for a thousand hours of calls."""
        return 1000 * self.turns_an_hour / self.turns_a_second_a_core


def calls_with_turns(folder: Path) -> list[LabelledCall]:
    """The calls to measure on. Raises NotFound where nothing is said in the folder."""
    calls = [call for call in read_folder(folder) if call.transcript.turns]
    if not calls:
        raise NotFound(f"{folder}: holds no calls (*.json in the label format).")
    return calls


def turns_an_hour(recordings: Path) -> float:
    """How many turns an hour of calls has, by the true times (`*.truth.json`) of recordings.
    Raises NotFound where there are none."""
    truths = [json.loads(path.read_text()) for path in sorted(recordings.glob("*.truth.json"))]
    seconds = sum(truth["seconds"] for truth in truths)
    if not seconds:
        raise NotFound(f"{recordings}: holds no recordings' true times (*.truth.json).")
    return 3600 * sum(len(truth["turns"]) for truth in truths) / float(seconds)


def bench_mine(calls: Sequence[LabelledCall], miner: Mining, an_hour: float) -> MinerSpeed:
    """Mine every call once, after one to warm up, which loads what is loaded at first use."""
    _mine(miner, calls[0])
    wall, cpu = time.perf_counter(), time.process_time()
    insights = sum(_mine(miner, call) for call in calls)
    return MinerSpeed(
        calls=len(calls),
        turns=sum(len(call.transcript.turns) for call in calls),
        insights=insights,
        wall_seconds=time.perf_counter() - wall,
        cpu_seconds=time.process_time() - cpu,
        turns_an_hour=an_hour,
    )


def _mine(miner: Mining, call: LabelledCall) -> int:
    return len(miner.mine(call.transcript, call.competitors, call.own_names).insights)
