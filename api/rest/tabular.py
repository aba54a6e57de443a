"""An answer as JSON or as a table, whichever was asked for."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeVar

from fastapi import Request, Response
from pydantic import BaseModel

Format = Literal["json", "csv"] | None

ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}},
    304: {"description": "As it was when `If-None-Match` was given."},
}
"""What such a route answers, for its description."""

AnAnswer = TypeVar("AnAnswer", bound=BaseModel)


def respond(
    request: Request,
    answer: AnAnswer,
    to_csv: Callable[[AnAnswer], str],
    name: str,
    format: Format,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer as JSON; as CSV by `format=csv` or `Accept: text/csv`, to be kept as a file."""
    sent = {**(headers or {}), "Cache-Control": "private, no-cache", "Vary": "Accept"}
    if format == "csv" or (format is None and _prefers_csv(request)):
        sent["Content-Disposition"] = f"attachment; filename=earshot-{name}.csv"
        return Response(to_csv(answer), 200, sent, "text/csv; charset=utf-8; header=present")
    return Response(answer.model_dump_json(), 200, sent, "application/json")


def _prefers_csv(request: Request) -> bool:
    accepted = request.headers.get("accept", "")
    return "text/csv" in accepted and "application/json" not in accepted
