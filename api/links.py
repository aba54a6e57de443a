"""Where the quotes behind a number are listed."""

from collections.abc import Callable
from dataclasses import fields
from functools import lru_cache
from urllib.parse import urlencode

from insights.trends.trend import Question

QuotesPath = Callable[..., str]
"""Given what names a part of what was asked, the path where the quotes behind it are listed."""


def quotes_path(question: Question) -> QuotesPath:
    """The list of what a question counts, or of a part of it, newest first: the same calls, and
    what a person rejected only where that was asked for. An answer about rivals has a thousand such
    paths: what is the same in all of them is written once."""
    among = {each.name: getattr(question.among, each.name) for each in fields(question.among)}
    same = {
        "kind": question.kind.value,
        **among,
        "since": f"{question.since}T00:00:00Z",
        "until": f"{question.until}T00:00:00Z",
        "rejected": "false" if question.among.review is None else None,
    }
    written = {name: _pair(name, value) for name, value in same.items()}

    def path(**more: str | None) -> str:
        pairs = written | {name: _pair(name, value) for name, value in more.items()}
        return f"/v1/insights?{'&'.join(filter(None, pairs.values()))}"

    return path


@lru_cache(maxsize=10_000)
def _pair(name: str, value: str | float | None) -> str:
    """Empty where nothing is asked; what is asked for is of few names."""
    return urlencode({name: value}) if value is not None else ""
