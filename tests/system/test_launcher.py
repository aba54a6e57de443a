"""The launcher's own logic: when it installs, when it does not, and what it says.

Its Python is a stand-in that writes down what it is asked to install: what is tested here is the
shell script. The real installation is what runs these tests.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

LAUNCHER = Path(__file__).parents[2] / "earshot"

STAND_IN = """#!/bin/sh
case "$1 $2" in
  "-c "*) exec "{real}" "$@" ;;
  "-m venv")
    rm -rf "$4"; mkdir -p "$4/bin"; cp "$0" "$4/bin/python"; echo venv >>"{log}" ;;
  "-m pip")
    echo "pip $*" >>"{log}"
    [ ! -e "{slow}" ] || sleep 1
    [ ! -e "{broken}" ] ;;
  *) echo "ran $*" ;;
esac
"""


class House:
    """A folder with the launcher in it, and the stand-in for Python on the path."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "a house with spaces"
        self.root.mkdir()
        shutil.copy(LAUNCHER, self.root / "earshot")
        (self.root / "requirements.lock").write_text("one==1\n")
        self.log, self.slow, self.broken = (folder / n for n in ("log", "slow", "broken"))
        tools = folder / "bin"
        tools.mkdir()
        self.python = python = tools / "python3.11"
        names = {"log": self.log, "slow": self.slow, "broken": self.broken}
        python.write_text(STAND_IN.format(real=sys.executable, **names))
        python.chmod(0o755)
        self.environment = {"PATH": f"{tools}:/usr/bin:/bin", "HOME": ""}

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [self.root / "earshot", *arguments],
            env=self.environment,
            cwd="/",
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        process = self.start(*arguments)
        out, err = process.communicate(timeout=60)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def installs(self) -> int:
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return sum("--require-hashes" in line for line in lines)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_the_first_run_installs_and_the_second_installs_nothing(house: House) -> None:
    first = house.run("calls", "--json")
    assert (first.returncode, first.stdout) == (0, "ran -P -m api.cli calls --json\n")
    assert "MB to download" in first.stderr
    assert house.installs() == 1
    second = house.run("calls")
    assert (second.returncode, second.stderr) == (0, "")
    assert house.installs() == 1


def test_a_changed_lock_is_installed_afresh(house: House) -> None:
    house.run()
    (house.root / "requirements.lock").write_text("one==2\n")
    house.run()
    assert house.installs() == 2


def test_a_moved_folder_is_installed_afresh(house: House) -> None:
    house.run()
    house.root = house.root.rename(house.root.with_name("elsewhere"))
    assert house.run("up").returncode == 0
    assert house.installs() == 2


def test_a_virtual_environment_of_somebody_else_is_not_cleared(house: House) -> None:
    bin_ = house.root / ".venv" / "bin"
    bin_.mkdir(parents=True)
    shutil.copy(house.python, bin_ / "python")
    (bin_ / "precious").touch()
    assert house.run("calls").returncode == 0
    assert (bin_ / "precious").exists()
    assert house.installs() == 1


def test_a_failed_install_says_so_and_starts_over(house: House) -> None:
    house.broken.touch()
    failed = house.run("calls")
    assert failed.returncode == 1
    assert "could not be installed" in failed.stderr
    assert "ran" not in failed.stdout
    house.broken.unlink()
    assert house.run("calls").returncode == 0
    assert house.log.read_text().count("venv") == 2


def test_a_killed_install_starts_over(house: House) -> None:
    house.slow.touch()
    process = house.start("calls")
    deadline = time.monotonic() + 30
    while not house.installs() and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    house.slow.unlink()
    assert house.run("calls").returncode == 0
    assert house.installs() == 2


def test_two_at_once_install_once(house: House) -> None:
    house.slow.touch()
    pair = [house.start("calls") for _ in range(2)]
    ends = [process.communicate(timeout=60) for process in pair]
    assert [process.returncode for process in pair] == [0, 0]
    assert [out for out, _ in ends] == ["ran -P -m api.cli calls\n"] * 2
    assert house.installs() == 1
    assert sum("waiting for it" in err for _, err in ends) == 1


def test_without_python_it_says_what_to_install(house: House) -> None:
    house.python.unlink()
    tools = house.python.parent
    for name in ("sh", "dirname", "cat", "cmp", "rm"):
        (tools / name).symlink_to(shutil.which(name) or name)
    house.environment["PATH"] = str(tools)
    missing = house.run("demo")
    assert missing.returncode == 1
    assert missing.stderr.startswith("earshot: Python 3.11 or newer is needed")
