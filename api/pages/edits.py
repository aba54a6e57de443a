"""Words put right on a call's page."""

from typing import Annotated

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse

from api.context import Here
from api.edit_schemas import Spoken
from api.pages.call import Draft, whole
from api.rest.parameters import Bringer, Id, Turn
from api.veil import must_see
from ingest.base.errors import Refused
from ingest.tasks import relay
from insights.edits.queries import edit_turn, undo_edit

router = APIRouter(prefix="/calls/{call_id}/turns/{turn}")


@router.post("")
def change_words(
    here: Here,
    user: Bringer,
    call_id: Id,
    turn: Turn,
    text: Annotated[Spoken, Form()] = "",
    seen: Annotated[Spoken | None, Form()] = None,
) -> Response:
    """Put a turn's words right; then the call again, at it. A browser sends an emptied field, so
    without one the words are taken away."""
    try:
        with here.whole.connection() as conn:
            must_see(here, user, conn, call_id, turn)
            edit_turn(conn, call_id, turn, text, user.id, seen)
    except Refused as error:
        return whole(here, user, call_id, Draft(str(error), turn=turn, text=text))
    relay(here.whole)
    return RedirectResponse(f"/calls/{call_id}#turn-{turn}", 303)


@router.post("/undo")
def undo(here: Here, user: Bringer, call_id: Id, turn: Turn) -> Response:
    """Take the last edit back; then the call again, at it."""
    try:
        with here.whole.connection() as conn:
            undo_edit(conn, call_id, turn, user.id)
    except Refused as error:
        return whole(here, user, call_id, Draft(str(error)))
    relay(here.whole)
    return RedirectResponse(f"/calls/{call_id}#turn-{turn}", 303)
