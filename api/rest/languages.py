"""What language a call is in: set right by a person."""

from fastapi import APIRouter
from pydantic import Field

from api.context import Here
from api.rest.parameters import Bringer, Id
from api.schemas import Body, CallLine
from ingest.tasks import relay
from transcribe.corrections import hear_again

router = APIRouter(prefix="/calls", tags=["Calls"])


class Language(Body):
    """What a call is to be heard in."""

    language: str | None = Field(
        max_length=3, description="ISO 639-1; null for what is detected.", examples=["de"]
    )
    discard_edits: bool = Field(
        False,
        strict=True,
        description="Go on although what people put right, words or who speaks, is lost by it. "
        "Without this such a call is left as it is, and the problem `edits-stand` says what it is.",
    )


@router.post("/{call_id}/rehear", status_code=202)
def rehear(here: Here, _: Bringer, call_id: Id, wanted: Language) -> CallLine:
    """Have a call heard again in another language. Its transcript and insights stay until that is
    done; what somebody reviewed stays. Where somebody put words right, or said who speaks, send
    `discard_edits`: that is gone then."""
    with here.whole.connection() as conn:
        call = hear_again(conn, call_id, wanted.language, discard_edits=wanted.discard_edits)
    relay(here.whole)
    return CallLine.model_validate(call)
