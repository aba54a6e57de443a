"""What several commands share: settings with a plain error, tables, times in words."""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ingest.base.errors import BadSetup

if TYPE_CHECKING:
    from ingest.base.settings import Settings
    from insights.evaluate import Share

SAMPLES = Path(__file__).parents[2] / "samples"

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


def load_settings(**changes: Any) -> "Settings":
    """The settings of the environment, with those `changes` that are not None."""
    from pydantic import ValidationError

    from ingest.base.settings import settings

    try:
        found = settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = f"EARSHOT_{str(first['loc'][0]).upper()}"
        raise BadSetup(f"{name} is not right: {first['msg']} (it is {first['input']!r}).") from None
    return found.model_copy(update={k: v for k, v in changes.items() if v is not None})


def print_json(value: Any) -> None:
    """Print one JSON value, indented."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def print_table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table: wrapped to a terminal's width, or a line a row for a file or a pipe."""
    from rich.console import Console

    console = Console()
    if console.is_terminal:
        from rich.table import Table

        table = Table(*headers, box=None, padding=(0, 2, 0, 0), header_style="bold")
        for row in rows:
            table.add_row(*(_unmarked(cell) for cell in row))
        console.print(table)
        return
    lines = [list(headers), *(list(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headers))]
    for line in lines:
        cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=True)]
        click.echo("  ".join(cells).rstrip())


def _unmarked(text: str) -> Any:
    from rich.text import Text

    return Text(text)  # what was said may hold square brackets, which rich reads as markup


def clock(seconds: float | None) -> str:
    """A place in a recording: 4:07, 1:02:09; a dash where it is not known."""
    if seconds is None:
        return "–"
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def day_and_time(iso: str) -> str:
    """An ISO time in the reader's zone: "Tue 14 Oct 2026, 10:32"."""
    when = datetime.fromisoformat(iso).astimezone()
    return f"{when:%a} {when.day} {when:%b %Y, %H:%M}"


def count(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun: "1 call", "3 calls"."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def with_interval(value: float, interval: tuple[float, float]) -> str:
    """ "0.90 [0.80–0.95]"."""
    return f"{value:.2f} [{interval[0]:.2f}–{interval[1]:.2f}]"


def share_object(share: "Share") -> dict[str, float]:
    """A share with its interval, as JSON."""
    low, high = share.interval
    return {"value": share.value, "low": low, "high": high}
