"""A call's words while it is being heard."""

from fastapi import APIRouter

from api.context import Here
from api.partial import partial_of
from api.rest.calls import transcript_of
from api.rest.parameters import Id, Reader
from api.schemas import PartialOut, TurnOut
from api.veil import veil
from ingest.queries import get_call

router = APIRouter(prefix="/calls", tags=["Calls"])


@router.get("/{call_id}/transcript/partial")
def get_partial_transcript(here: Here, user: Reader, call_id: Id) -> PartialOut:
    """The turns heard so far, none at first, and in the end all of them, with `partial` false. Ask
    again with each event of `/v1/calls/{call_id}/events`: turns are added, the last ones grow, and
    whose they are may be known later. Who does not see what is private gets the words half a minute
    later, with every long number masked."""
    with here.pool.connection() as conn:
        call = get_call(conn, call_id)
        whole = transcript_of(conn, call_id)
        if whole is None:
            so_far = partial_of(here, user, conn, call)
            turns, heard_seconds = so_far.turns, so_far.seconds
        else:
            turns = veil(here, user, conn, [call_id]).transcript(call_id, whole).turns
            heard_seconds = whole.seconds
    return PartialOut(
        partial=whole is None,
        heard_seconds=heard_seconds,
        seconds=call.seconds,
        turns=[TurnOut.model_validate(turn) for turn in turns],
    )
