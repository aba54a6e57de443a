"""Answers as tables: CSV that no spreadsheet runs."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from pydantic import BaseModel

_FORMULA = re.compile(r"[\t\r\n]|\s*[=+\-@＝＋－＠]")
"""What a spreadsheet may run (OWASP, CSV injection), also after blanks, which some take away."""


def harmless(cell: str) -> str:
    """Text that a spreadsheet shows and does not run: a caller may speak a formula."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def table(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> str:
    """Rows as RFC 4180 with a line of names; what a row lacks is empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _cell(value) for name, value in row.items()})
    return text.getvalue()


class Listed(Protocol):
    """A stretch of a list."""

    items: list[Any]


def flat(shape: type[BaseModel]) -> Callable[[Listed], str]:
    """What makes a table of a list of such items, a column a field: of shapes that hold no lists
    themselves."""
    columns = tuple(shape.model_fields)
    return lambda listed: table(columns, (item.model_dump(mode="json") for item in listed.items))


def _cell(value: object) -> object:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return harmless(value)
        case _:
            return value
