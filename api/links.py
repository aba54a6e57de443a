"""Where the quotes behind a number are listed."""

from dataclasses import fields
from functools import lru_cache
from urllib.parse import urlencode

from insights.trends.trend import Question


def quotes_path(question: Question, **more: str | None) -> str:
    """The list of what a question counts, or of a part of it, newest first: the same calls, and
    nothing that a person rejected."""
    given: dict[str, str | None] = {
        "kind": question.kind.value,
        **{each.name: getattr(question.among, each.name) for each in fields(question.among)},
        "since": f"{question.since}T00:00:00Z",
        "until": f"{question.until}T00:00:00Z",
        "rejected": "false",
    }
    asked = [_pair(name, value) for name, value in (given | more).items() if value is not None]
    return f"/v1/insights?{'&'.join(asked)}"


@lru_cache(maxsize=10_000)
def _pair(name: str, value: str) -> str:
    """An answer about rivals has a thousand such paths, of few names."""
    return urlencode({name: value})
