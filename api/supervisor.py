"""Keeps Earshot's own processes running and lets none of them outlive this one.

Each child leads a process group of its own and holds the reading end of a pipe whose writing end
only this process has. When this process ends, however it ends, the pipe closes, and each child
ends its whole group: nothing is left even after a `kill -9`, on Linux and on macOS.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from ingest.base.errors import Unavailable

LIFELINE = "EARSHOT_LIFELINE"
LOG_BYTES = 10_000_000  # a log above this is set aside when its process starts again
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds before a dead child is started again
STEADY_SECONDS = 60.0  # a child that lived so long starts again without a pause
STOP_SECONDS = 10.0  # a child that has not ended by then is killed
GIVE_UP_AFTER = 5  # starts in a row that came to nothing, before we say so


@dataclass(frozen=True, slots=True)
class Program:
    """One process to keep running."""

    name: str  # also the log's name
    arguments: tuple[str, ...]  # after `earshot`
    environment: Mapping[str, str]
    stop: signal.Signals = signal.SIGTERM
    files: tuple[int, ...] = ()  # file descriptors handed over


class Child:
    """A program as it runs: started again, ever more slowly, whenever it dies."""

    def __init__(self, program: Program, log: Path, lifeline: int) -> None:
        self.program = program
        self._log = log
        self._environment = {**program.environment, LIFELINE: str(lifeline)}
        self._files = (*program.files, lifeline)
        self._deaths = 0
        self._start()

    def _start(self) -> None:
        if self._log.exists() and self._log.stat().st_size > LOG_BYTES:
            self._log.replace(self._log.with_suffix(".old.log"))
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "api.cli", *self.program.arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                pass_fds=self._files,
                start_new_session=True,
            )
        self._started = time.monotonic()
        self._again_at: float | None = None

    def tend(self, now: float) -> None:
        """Start the process again if it is dead and has rested."""
        if self._process.poll() is None:
            if now - self._started > STEADY_SECONDS:
                self._deaths = 0
            return
        if self._again_at is None:
            self._kill_group()  # what it had forked must not go on without it
            self._again_at = now + min(FIRST_PAUSE * 2**self._deaths, LONGEST_PAUSE)
            self._deaths += 1
        elif now >= self._again_at:
            self._start()

    @property
    def hopeless(self) -> bool:
        """Whether it has died so often in a row that a person should look."""
        return self._deaths >= GIVE_UP_AFTER

    def ask_to_stop(self) -> None:
        """Ask politely; do not wait."""
        if self._process.poll() is None:
            self._process.send_signal(self.program.stop)

    def make_sure(self, deadline: float) -> None:
        """Wait until `deadline` (monotonic seconds), then end what is left of the group."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(max(0.0, deadline - time.monotonic()))
        self._kill_group()
        self._process.wait()

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)


class Supervisor:
    """Starts programs, starts dead ones again, and stops all of them on leaving the block."""

    def __init__(self, programs: Sequence[Program], logs: Path) -> None:
        self._programs = programs
        self._logs = logs
        self._children: list[Child] = []
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="supervisor", daemon=True)

    def __enter__(self) -> Self:
        self._logs.mkdir(parents=True, exist_ok=True)
        self._read_end, self._write_end = os.pipe()
        for program in self._programs:
            log = self._logs / f"{program.name}.log"
            self._children.append(Child(program, log, self._read_end))
        self._watcher.start()
        return self

    def _watch(self) -> None:
        while not self._stopping.wait(0.2):
            for child in self._children:
                child.tend(time.monotonic())

    def check(self) -> None:
        """Raise Unavailable when a child keeps dying."""
        for child in self._children:
            if child.hopeless:
                name = child.program.name
                raise Unavailable(
                    f"The {name} process keeps ending: see {self._logs / name}.log for the reason."
                )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._watcher.join()
        for child in self._children:
            child.ask_to_stop()
        deadline = time.monotonic() + STOP_SECONDS
        for child in self._children:
            child.make_sure(deadline)
        os.close(self._write_end)
        os.close(self._read_end)


def die_with_parent(*, politely: bool = False) -> None:
    """In a child: end this process group as soon as the supervisor is gone.

    `politely` asks the group with SIGTERM first, for one that has something to put away.
    """
    lifeline = os.environ.get(LIFELINE)
    if lifeline is not None and os.getpgrp() == os.getpid():
        arguments = (int(lifeline), politely)
        threading.Thread(target=_wait_for_the_end, args=arguments, daemon=True).start()


def _wait_for_the_end(lifeline: int, politely: bool) -> None:
    os.read(lifeline, 1)  # nothing is ever written: this returns when the pipe closes
    if politely:
        os.killpg(os.getpid(), signal.SIGTERM)
        time.sleep(STOP_SECONDS)
    os.killpg(os.getpid(), signal.SIGKILL)
