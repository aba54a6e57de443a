"""An answer as JSON or as a table, whichever was asked for, and not sent twice."""

from collections.abc import Callable
from hashlib import sha256
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
) -> Response:
    """The answer as JSON; as CSV by `format=csv` or `Accept: text/csv`, to be kept as a file."""
    if format == "csv" or (format is None and _prefers_csv(request)):
        return _tagged(
            request,
            to_csv(answer).encode(),
            "text/csv; charset=utf-8; header=present",
            {"Content-Disposition": f"attachment; filename=earshot-{name}.csv"},
        )
    return _tagged(request, answer.model_dump_json().encode(), "application/json", {})


def _prefers_csv(request: Request) -> bool:
    accepted = request.headers.get("accept", "")
    return "text/csv" in accepted and "application/json" not in accepted


def _tagged(request: Request, body: bytes, media_type: str, headers: dict[str, str]) -> Response:
    """The body, or 304 where the asker has it already."""
    tag = f'"{sha256(body).hexdigest()}"'
    headers |= {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Accept"}
    known = [each.strip() for each in request.headers.get("if-none-match", "").split(",")]
    if tag in known or f"W/{tag}" in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=media_type)
