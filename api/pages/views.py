"""Views of the list of calls that a user keeps under a name."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Path, Response
from fastapi.responses import RedirectResponse

from api import queries
from api.context import Here
from api.pages.calls import Filter
from api.rest.parameters import Reader
from api.schemas import BIGINT, Text
from ingest.base.errors import Refused

router = APIRouter(prefix="/views")


class BadView(Refused):
    """A view that nobody could open again."""

    code = "bad-view"


@router.post("")
def save(
    here: Here,
    user: Reader,
    wanted: Annotated[Filter, Depends()],
    name: Annotated[Text, Form()],
) -> Response:
    """Keep the filters and the order of this address under a name."""
    query = urlencode(wanted.asked)
    if not name.strip() or not query:
        raise BadView("A view has a name and a filter: choose which calls it shows, and name it.")
    with here.pool.connection() as conn:
        queries.save_view(conn, user.id, name.strip(), query)
    return RedirectResponse(f"/calls?{query}", 303)


@router.post("/{view_id}/remove")
def remove(here: Here, user: Reader, view_id: Annotated[int, Path(ge=1, le=BIGINT)]) -> Response:
    """Forget a view; the calls stay as they are."""
    with here.pool.connection() as conn:
        queries.delete_view(conn, user.id, view_id)
    return RedirectResponse("/calls", 303)
