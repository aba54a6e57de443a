"""What hearing several calls together would bring: `python -m tests.bench.several [ROUNDS]`.

The samples of two channels are heard one after the other, as a worker does, and then two at a time
with their batches on the same lanes; the words have to be the same.
"""

import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from ingest.base.settings import settings
from transcribe import engine
from transcribe.engine import Hearer
from transcribe.transcript import Transcript

SAMPLES = Path(__file__).parents[2] / "samples"


def main() -> None:
    calls = sorted(SAMPLES.glob("*.ogg"))
    hearer = Hearer(settings())
    hearer.hear(calls[0])
    sys.stdout.write("one by one   two at a time   ratio\n")
    for _ in range(int(sys.argv[1]) if len(sys.argv) > 1 else 3):
        alone, one_by_one = timed(lambda: [hearer.hear(call) for call in calls])
        together, at_once = timed(lambda: two_at_a_time(hearer, calls))
        same = [words(call) for call in one_by_one] == [words(call) for call in at_once]
        sys.stdout.write(f"{alone:8.1f} s   {together:11.1f} s   {alone / together:5.2f}")
        sys.stdout.write("\n" if same else "   other words!\n")
        sys.stdout.flush()


def timed(work: Callable[[], list[Transcript]]) -> tuple[float, list[Transcript]]:
    began = time.monotonic()
    done = work()
    return time.monotonic() - began, done


def two_at_a_time(hearer: Hearer, calls: list[Path]) -> list[Transcript]:
    lanes = ThreadPoolExecutor(2)

    @contextmanager
    def shared(_: int) -> Iterator[ThreadPoolExecutor]:
        yield lanes

    with lanes, ThreadPoolExecutor(2) as callers, patch.object(engine, "_threads", shared):
        return list(callers.map(hearer.hear, calls))


def words(call: Transcript) -> list[str]:
    return [turn.text for turn in call.turns]


if __name__ == "__main__":
    main()
