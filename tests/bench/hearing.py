"""What hearing costs by the length of a call: `python -m tests.bench.hearing [MINUTES …]`.

Two people speak in turns all the time, on two channels of 8 kHz. Each length runs in a process of
its own, with the plan that this machine's home remembers. Three hours take a quarter of an hour
and more of two cores.
"""

import sys
import tempfile
import wave
from pathlib import Path

import numpy as np

from ingest.audio import blocks
from ingest.base.settings import settings
from tests.transcribe.test_machines import heard
from transcribe.noises import Samples

MINUTES = (10, 30, 60, 180)
RATE = 8_000  # of a telephone line
SAMPLES = Path(__file__).parents[2] / "samples"


def main() -> None:
    sys.stdout.write("minutes  CPU seconds  an hour  peak MiB    words\n")
    with tempfile.TemporaryDirectory() as folder:
        for minutes in [int(given) for given in sys.argv[1:]] or MINUTES:
            call = long_call(Path(folder) / "call.wav", 60 * minutes)
            found = heard(settings(), call)
            hourly = found["cpu_seconds"] * 60 / minutes
            sys.stdout.write(
                f"{minutes:7}  {found['cpu_seconds']:11.1f}  {hourly:7.1f}  "
                f"{found['peak_mib']:8.0f}  {found['words']:7}\n"
            )
            sys.stdout.flush()


def conversation() -> Samples:
    """Five of the samples' calls on two channels, one after the other: 23 minutes, (2, n) samples
    at RATE."""
    calls = (path for path in sorted(SAMPLES.iterdir()) if path.suffix in (".ogg", ".wav"))
    found = [block.samples for call in calls for block in blocks(call, rate=RATE)]
    return np.concatenate(found, axis=1)


def long_call(path: Path, seconds: float) -> Path:
    """A two-channel recording of that conversation, again and again."""
    one = conversation().T.astype("<i2").tobytes()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        left = round(seconds * RATE) * 4
        while left:
            part = one[:left]
            file.writeframesraw(part)
            left -= len(part)
    return path


if __name__ == "__main__":
    main()
