"""Lists that go on: opaque cursors, and the Link header."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import asdict, dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Query, Request, Response
from pydantic import Field, TypeAdapter

from api.schemas import INTEGER
from ingest.base.errors import Refused

Limit = Annotated[int, Query(ge=1, le=200, description="Items a page.")]
Cursor = Annotated[
    str | None, Query(max_length=500, description="`next` of the page before; leave its filters.")
]

Position = TypeVar("Position")


@dataclass(frozen=True, slots=True)
class After:
    """Where a list goes on whose order is computed for all of it: after so many items."""

    items: Annotated[int, Field(ge=0, le=INTEGER)]


class BadCursor(Refused):
    """A cursor that this API did not give."""

    code = "bad-cursor"


def encode(position: Any) -> str:
    """A position (a dataclass) as text that a URL carries unchanged."""
    text = json.dumps(asdict(position), default=str, separators=(",", ":"))
    return urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def decode(cursor: str | None, kind: type[Position]) -> Position | None:
    """The position that `encode` made a cursor of. Raises BadCursor."""
    if cursor is None:
        return None
    try:
        text = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        return TypeAdapter(kind).validate_json(text)
    except ValueError:  # not base64, not JSON, not these fields
        raise BadCursor(
            "This cursor is not one that Earshot gave: start again without it."
        ) from None


def next_cursor(request: Request, response: Response, position: Any) -> str | None:
    """The cursor for going on after `position`, also put in the Link header; None at the end."""
    if position is None:
        return None
    cursor = encode(position)
    url = request.url.include_query_params(cursor=cursor)
    response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
    return cursor
