"""Whose a call's voices are: set right by a person."""

from fastapi import APIRouter

from api.context import Here
from api.rest.calls import whole
from api.rest.parameters import Bringer, Id
from api.schemas import CallOut, VoiceSides
from ingest.tasks import relay
from transcribe.corrections import set_speakers

router = APIRouter(prefix="/calls", tags=["Calls"])


@router.patch("/{call_id}/voices", status_code=202)
def change_voices(here: Here, user: Bringer, call_id: Id, change: VoiceSides) -> CallOut:
    """Say which voices sell and which buy. The call is mined again by it; what somebody reviewed
    stays."""
    speakers = {voice.number: voice.speaker for voice in change.voices}
    with here.whole.connection() as conn:
        answer = whole(here, user, conn, set_speakers(conn, call_id, speakers))
    relay(here.whole)
    return answer
