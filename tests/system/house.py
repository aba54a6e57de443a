"""One Earshot for a test: started as users start it, spoken to over HTTP, killed where need be."""

import json
import os
import signal
import subprocess
import sys
import time
import wave
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil

T = TypeVar("T")

SAMPLES = Path(__file__).parents[2] / "samples"
SPOKEN = SAMPLES / "haulwright-05.wav"  # two channels of telephone sound, 235 seconds
START_SECONDS = 120.0  # on a machine that is busy with other tests


class House:
    """A data folder with everything that runs in it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "EARSHOT_HOME": str(home),
            "EARSHOT_PORT": "0",
            "EARSHOT_HEARING_THREADS": "2",  # not measured first, in each new house
            "EARSHOT_LEASE_SECONDS": "6",
            "EARSHOT_SWEEP_SECONDS": "1",
        }
        self.up: subprocess.Popen[str] | None = None

    def run(self, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
        """Run a command to its end."""
        return subprocess.run(
            self._command(*arguments),
            env=self.environment,
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    def start(self) -> None:
        """Start `earshot up` and wait until it answers."""
        told = self.home / "up.out"
        with told.open("w") as out:
            self.up = subprocess.Popen(
                self._command("up"),
                env=self.environment,
                cwd=self.home,
                text=True,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        up = self.up

        def runs() -> bool:
            assert up.poll() is None, f"up has ended: {told.read_text()}"
            return "Ctrl-C ends it." in told.read_text()

        wait_until(runs, START_SECONDS)
        self.said = told.read_text()
        known = json.loads((self.home / "server.json").read_text())
        self.url = known["url"]
        self.http = httpx.Client(
            base_url=f"{self.url}/v1/",
            headers={"Authorization": f"Bearer {known['token']}"},
            timeout=60,
            trust_env=False,
        )

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """End `up` with a signal and return its exit code."""
        assert self.up is not None
        self.http.close()
        self.up.send_signal(number)
        return self.up.wait(60)

    def clean_up(self) -> None:
        """Whatever the test left: nothing of ours goes on running."""
        if self.up is not None and self.up.poll() is None:
            self.stop()
        for process in self.processes():
            process.kill()

    def upload(self, file: Path, **details: str) -> dict[str, Any]:
        """Bring a recording; its call as the server answers."""
        with file.open("rb") as sound:
            answer = self.http.post("calls", files={"file": (file.name, sound)}, data=details)
        assert answer.is_success, answer.text
        call: dict[str, Any] = answer.json()
        return call

    def add_rival(self) -> None:
        """Put the rival whom the telephone call names into Haulwright's catalogue."""
        added = self.run(
            *(
                "competitors",
                "add",
                "Corwen Brokers",
                "--company",
                "Haulwright",
                "--alias",
                "Corwen",
            )
        )
        assert added.returncode == 0, added.stderr

    def call(self, number: int) -> dict[str, Any]:
        """A call as it stands now."""
        answer = self.http.get(f"calls/{number}")
        assert answer.is_success, answer.text
        call: dict[str, Any] = answer.json()
        return call

    def wait_for(self, number: int, *states: str, seconds: float = 300) -> dict[str, Any]:
        """Wait until a call is in one of these states."""
        wait_until(lambda: self.call(number)["state"] in states, seconds, every=0.2)
        return self.call(number)

    def wait_for_any_call(self) -> int:
        """Wait until somebody has brought a call; its number."""
        found = wait_until(lambda: self.http.get("calls").json()["items"], 60)
        number: int = found[0]["id"]
        return number

    def processes(self) -> list[psutil.Process]:
        """Every process that has to do with this data folder, however it came about."""
        return [process for process in psutil.process_iter() if self._is_ours(process)]

    def family(self) -> list[psutil.Process]:
        """All that descends from `up` just now, also what does not name the data folder."""
        assert self.up is not None
        family: list[psutil.Process] = psutil.Process(self.up.pid).children(recursive=True)
        return family

    def workers(self, queue: str) -> list[psutil.Process]:
        """The processes of a queue's workers, forked ones included."""
        return [p for p in self.processes() if f"worker {queue}" in " ".join(p.cmdline())]

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            home = process.environ().get("EARSHOT_HOME", "")
            named = [*process.cmdline(), home, process.cwd()]
            gone = process.status() == psutil.STATUS_ZOMBIE
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return False
        return not gone and any(str(self.home) in word for word in named)

    @staticmethod
    def _command(*arguments: str | Path) -> list[str]:
        return [sys.executable, "-P", "-m", "api.cli", *map(str, arguments)]


def alive(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """Those that still run; a zombie does not."""
    return [p for p in processes if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


def wait_until(true: Callable[[], T], seconds: float, every: float = 0.1) -> T:
    """Wait until `true()` is; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, f"not within {seconds} seconds"
        time.sleep(every)
    return found


def cut(target: Path, seconds: float, start: float = 0.0) -> Path:
    """Cut a piece out of the telephone call: another length or start is another recording."""
    with wave.open(str(SPOKEN)) as source, wave.open(str(target), "wb") as out:
        out.setparams(source.getparams())
        source.setpos(int(start * source.getframerate()))
        out.writeframes(source.readframes(int(seconds * source.getframerate())))
    return target


def joined(target: Path, times: int) -> Path:
    """The telephone call so many times over."""
    with wave.open(str(SPOKEN)) as source, wave.open(str(target), "wb") as out:
        out.setparams(source.getparams())
        out.writeframes(source.readframes(source.getnframes()) * times)
    return target
