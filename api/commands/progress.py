"""How far calls are, as bars on a terminal and as plain lines elsewhere."""

import contextlib
from collections.abc import Iterator
from typing import Any, Protocol

import click

from api.commands.common import clock

MINING_SHARE = 0.05  # of a call's bar: finding insights takes little beside hearing


class Display(Protocol):
    """Shows each call as it comes on."""

    def show(self, call: dict[str, Any]) -> None:
        """Show a call as the API tells of it."""

    def say(self, line: str) -> None:
        """Print a line without disturbing what is shown."""


def fraction(call: dict[str, Any]) -> float:
    """How much of a call's work is done, 0 to 1."""
    if call["state"] in ("done", "failed"):
        return 1.0
    heard = call["heard_seconds"] / call["seconds"] if call["seconds"] else 0.0
    return min(heard, 1.0) * (1 - MINING_SHARE)


def state_words(call: dict[str, Any]) -> str:
    """Where a call stands, in a few plain words."""
    if call["state"] == "hearing":
        return f"hearing, {clock(call['heard_seconds'])} of {clock(call['seconds'])}"
    if call["waiting_reason"]:
        return f"waiting: {call['waiting_reason']}"
    return str(call["state"])


@contextlib.contextmanager
def display() -> Iterator[Display]:
    """A display for this process's output."""
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        yield _Lines()
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[state]}", markup=False),
    )
    with Progress(*columns, console=console) as progress:
        yield _Bars(progress)


class _Lines:
    """A line whenever a call enters another state."""

    def __init__(self) -> None:
        self._states: dict[int, str] = {}

    def show(self, call: dict[str, Any]) -> None:
        said = state_words(call) if call["waiting_reason"] else call["state"]
        if self._states.get(call["id"]) != said:
            self._states[call["id"]] = said
            self.say(f"{call['filename']}: {said}")

    def say(self, line: str) -> None:
        click.echo(line)


class _Bars:
    """A bar a call."""

    def __init__(self, progress: Any) -> None:
        self._progress = progress
        self._tasks: dict[int, Any] = {}

    def show(self, call: dict[str, Any]) -> None:
        known = self._tasks.get(call["id"])
        if known is None:
            known = self._progress.add_task(call["filename"], total=1.0, start=False, state="")
            self._tasks[call["id"]] = known
        if call["state"] != "waiting":
            self._progress.start_task(known)
        self._progress.update(known, completed=fraction(call), state=state_words(call))

    def say(self, line: str) -> None:
        self._progress.console.print(line, markup=False, highlight=False)
