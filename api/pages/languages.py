"""What language a call was heard in, set right by one click."""

from typing import Annotated

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse
from pydantic import StringConstraints

from api.context import Here
from api.pages.call import Draft, whole
from api.rest.parameters import Bringer, Id
from ingest.base.errors import Refused
from ingest.tasks import relay
from transcribe.corrections import WouldLose, hear_again

router = APIRouter()


@router.post("/calls/{call_id}/rehear")
def rehear(
    here: Here,
    user: Bringer,
    call_id: Id,
    language: Annotated[str, Form(), StringConstraints(min_length=2, max_length=3)],
    discard_edits: Annotated[bool, Form()] = False,
) -> Response:
    """Have the call heard again in this language; then the call again, which asks first where what
    people put right would be lost."""
    try:
        with here.whole.connection() as conn:
            hear_again(conn, call_id, language, discard_edits=discard_edits)
    except WouldLose:
        return RedirectResponse(f"/calls/{call_id}?rehear={language}#rehear", 303)
    except Refused as error:
        return whole(here, user, call_id, Draft(str(error)))
    relay(here.whole)
    return RedirectResponse(f"/calls/{call_id}", 303)
