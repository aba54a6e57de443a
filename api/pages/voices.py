"""Who speaks on a call, set right by one click."""

from typing import Annotated

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse
from pydantic import StringConstraints

from api.context import Here
from api.pages.call import Draft, whole
from api.rest.parameters import Bringer, Id
from ingest.tasks import relay
from transcribe.corrections import Busy, set_speakers
from transcribe.transcript import Speaker
from transcribe.voices import MOST_VOICES

router = APIRouter()
Voice = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,4}=(seller|buyer)$")]


@router.post("/calls/{call_id}/voices")
def set_voices(
    here: Here,
    user: Bringer,
    call_id: Id,
    voice: Annotated[list[Voice], Form(min_length=1, max_length=MOST_VOICES)],
) -> Response:
    """Set whose each voice is that is given as "0=seller"; then the call again."""
    speakers = {}
    for one in voice:
        number, _, side = one.partition("=")
        speakers[int(number)] = Speaker(side)
    try:
        with here.whole.connection() as conn:
            set_speakers(conn, call_id, speakers)
    except Busy as error:
        return whole(here, user, call_id, Draft(str(error)))
    relay(here.whole)
    return RedirectResponse(f"/calls/{call_id}#who-speaks", 303)
