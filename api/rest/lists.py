"""Lists that go on: opaque cursors, and the Link header."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Query, Request, Response
from pydantic import Field, TypeAdapter

from api.schemas import INTEGER, Item, Page
from ingest.base.errors import Refused

Limit = Annotated[int, Query(ge=1, le=200, description="Items a page.")]
Cursor = Annotated[
    str | None, Query(max_length=500, description="`next` of the page before; leave its filters.")
]

USUAL = 200
"""Items a page of a list that is short as a rule."""

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


@dataclass(frozen=True, slots=True)
class Paging:
    """A page of a list that is computed as a whole, as those are that people keep by hand."""

    request: Request
    response: Response
    first: int
    limit: int

    @property
    def most(self) -> int:
        """Items that are enough to know the page, and whether there is another."""
        return self.first + self.limit + 1

    def of(self, items: Sequence[Item]) -> tuple[Sequence[Item], str | None]:
        """The page of all `items`, and the cursor for going on."""
        stop = self.first + self.limit
        more = After(stop) if len(items) > stop else None
        return items[self.first : stop], next_cursor(self.request, self.response, more)

    def page(self, items: Sequence[Item]) -> Page[Item]:
        """The same as an answer."""
        shown, more = self.of(items)
        return Page(items=list(shown), next=more)


def paged(usual: int) -> Any:
    """What is asked of a list, so many items a page where nobody says how many. BadCursor where the
    cursor is none."""

    def paging(
        request: Request, response: Response, limit: Limit = usual, cursor: Cursor = None
    ) -> Paging:
        after = decode(cursor, After) or After(0)
        return Paging(request, response, after.items, limit)

    return Depends(paging)


Paged = Annotated[Paging, paged(USUAL)]


def next_cursor(request: Request, response: Response, position: Any) -> str | None:
    """The cursor for going on after `position`, also put in the Link header; None at the end."""
    if position is None:
        return None
    cursor = encode(position)
    url = request.url.include_query_params(cursor=cursor)
    response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
    return cursor
