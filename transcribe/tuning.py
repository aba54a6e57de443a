"""What plan suits this machine: measured once, remembered in `<home>/hearing.json`.

A hearing worker measures before its first call, when there is no figure yet for this processor,
its threads, the model and the libraries. Each plan runs in a process of its own on some seconds
of speech: so its peak memory is its own, and one that crashes costs nothing but itself. Processor
seconds are compared, not seconds, since everything else is starting just then.
"""

import fcntl
import json
import os
import platform
import re
import resource
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from ingest import audio
from ingest.base.log import get_logger
from ingest.base.settings import Settings
from transcribe import instructions
from transcribe import plan as plans
from transcribe.decoder import Decoder
from transcribe.languages import ENGLISH, Languages
from transcribe.listening import Listener
from transcribe.plan import Figure, Plan
from transcribe.silero import new_detector
from transcribe.weights import identity
from transcribe.whisper import device_of, load_model, offered
from transcribe.windows import RATE, Window

SAMPLE = Path(__file__).parent / "model" / "sample.ogg"
BUDGET_SECONDS = 12.0  # of the first call's wait; what is not measured by then is not chosen
FILE = "hearing.json"
ABOUT = "How hearing runs on this machine, as measured. `earshot tune` measures again."

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Tuning:
    """A plan, with what it depends on and the figures that speak for it."""

    chosen: Plan
    depends_on: dict[str, str]
    measured: tuple[Figure, ...] = ()  # none: the default, or what was set by hand
    about: str = ABOUT


_FORM = TypeAdapter(Tuning)


def known(settings: Settings) -> Tuning:
    """What was measured on this machine, else the default; measures nothing."""
    instructions.choose()
    usual = _by_rule(settings)
    return usual if _is_ruled(settings) else _remembered(settings, usual.depends_on) or usual


def tuned(settings: Settings, *, again: bool = False, seconds: float = BUDGET_SECONDS) -> Tuning:
    """What was measured on this machine; if nothing was yet, or `again`, measure now.

    Takes so many `seconds` at most; processes that start at once measure once. Where the home
    cannot be written it is the default, and the log says so. A setting by hand, and a GPU, need
    none.
    """
    instructions.choose()
    usual = _by_rule(settings)
    if _is_ruled(settings):
        return usual
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
        with (settings.home / f"{FILE}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            found = None if again else _remembered(settings, usual.depends_on)
            return found or _measured_and_kept(settings, usual, seconds)
    except OSError as error:
        log.warning(
            "hearing is not measured, the defaults serve: the home cannot be written",
            home=str(settings.home),
            reason=error.strerror,
        )
        return usual


def _is_ruled(settings: Settings) -> bool:
    return bool(settings.hearing_threads) or device_of(settings) == "cuda"


def _by_rule(settings: Settings) -> Tuning:
    threads = settings.threads
    if device_of(settings) == "cuda":
        chosen = plans.on_cuda(threads, settings.whisper_model or "base", _free_mib())
    else:
        chosen = plans.default(threads)
    return Tuning(chosen, _fingerprint(settings))


def _measured_and_kept(settings: Settings, usual: Tuning, seconds: float) -> Tuning:
    figures = _measure(settings, seconds)
    if len(figures) < 2:  # nothing to compare: the machine is busy, or the model slow
        log.warning("hearing is not measured, the defaults serve: it takes too long just now")
        return usual
    found = Tuning(plans.best(figures), usual.depends_on, tuple(figures))
    _keep(settings.home / FILE, found)
    log.info("hearing is measured", plans=len(figures), **asdict(found.chosen))
    return found


def _measure(settings: Settings, seconds: float) -> list[Figure]:
    """The default's figure first, then those of its rivals that the time allows."""
    until = time.monotonic() + seconds
    figures: list[Figure] = []

    def measure(some: Iterable[Plan]) -> None:
        for plan in some:
            figure = _in_a_process(plan, settings, until - time.monotonic())
            if figure is not None:
                figures.append(figure)

    measure([plans.default(settings.threads)])
    if figures:
        measure(plans.splits(settings.threads))
        measure(plans.exact(plans.best(figures), offered()))
    return figures


def _in_a_process(plan: Plan, settings: Settings, seconds: float) -> Figure | None:
    """The plan's figure; None where it does not come in time, or at all."""
    if seconds <= 0:
        return None
    with suppress(subprocess.SubprocessError, ValidationError):
        done = subprocess.run(
            [sys.executable, "-P", "-m", __name__, json.dumps(asdict(plan))],
            input=settings.model_dump_json(),  # not an argument, which others could read
            capture_output=True,
            text=True,
            check=True,
            timeout=seconds,
        )
        return TypeAdapter(Figure).validate_json(done.stdout)
    return None


def figure_of(plan: Plan, settings: Settings) -> Figure:
    """Hear the sample by this plan, in this process, which should do nothing else."""
    model, batch = load_model(settings, plan), [(0, _sample())] * plan.batch
    with ThreadPoolExecutor(plan.lanes) as hands, ThreadPoolExecutor(plan.lanes) as lanes:
        decoder = Decoder(model, Languages(ENGLISH), (), hands)
        before = time.process_time()
        for _ in lanes.map(decoder.words, [batch] * plan.lanes):
            pass
    spent = (time.process_time() - before) / (plan.lanes * plan.batch)
    return Figure(plan, round(spent, 3), round(peak_mib(), 1))


def _sample() -> Window:
    """The speech of the sample, one window."""
    listener = Listener(new_detector)
    for block in audio.blocks(SAMPLE, rate=RATE):
        for _ in listener.feed(round(block.start * RATE), block.samples):
            pass
    return next(window for _, window in listener.end())


def peak_mib() -> float:
    """The most memory that this process has held.

    Linux counts into ru_maxrss what the process that began this one held then: VmHWM does not.
    """
    status = Path("/proc/self/status")
    if status.exists() and (found := re.search(r"VmHWM:\s*(\d+) kB", status.read_text())):
        return int(found[1]) / 2**10
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def _fingerprint(settings: Settings) -> dict[str, str]:
    """What a measurement depends on."""
    libraries = ("ctranslate2", "faster-whisper")
    return {
        "processor": _processor(),
        "threads": str(settings.threads),
        "model": identity(settings),
        "instructions": os.environ.get(instructions.VARIABLE, "all"),
        **{name: version(name) for name in libraries},
    }


def _processor() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def _remembered(settings: Settings, depends_on: dict[str, str]) -> Tuning | None:
    """What the file holds, if it is whole and about this machine as it is now."""
    with suppress(OSError, ValidationError):
        found = _FORM.validate_json((settings.home / FILE).read_bytes())
        fits = found.chosen.lanes * found.chosen.threads <= settings.threads
        if found.depends_on == depends_on and fits:
            return found
    return None


def _keep(file: Path, tuning: Tuning) -> None:
    """Write it in one step, under the lock: a reader finds the old file, or the new one, whole."""
    building = file.with_suffix(".new")
    building.write_bytes(_FORM.dump_json(tuning, indent=2) + b"\n")
    building.replace(file)


def _free_mib() -> float | None:
    """Free memory of the first GPU, as its driver tells."""
    command = ("nvidia-smi", "--query-gpu=memory.free", "--format=csv,noheader,nounits", "--id=0")
    with suppress(OSError, subprocess.SubprocessError, ValueError):
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
        return float(done.stdout)
    return None


if __name__ == "__main__":
    wanted = TypeAdapter(Plan).validate_json(sys.argv[1])
    figure = figure_of(wanted, Settings.model_validate_json(sys.stdin.read()))
    sys.stdout.write(json.dumps(asdict(figure)) + "\n")
