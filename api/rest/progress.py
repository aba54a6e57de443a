"""A call's progress as it happens, by Server-Sent Events."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Response
from fastapi.responses import StreamingResponse

from api.context import Here
from api.progress.queries import progress_of
from api.rest.parameters import Id, Reader
from ingest.base.errors import NotFound

router = APIRouter(prefix="/calls", tags=["Calls"])

EVENTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "`data` is JSON: state, heard_seconds, seconds, failure, waiting_reason. It"
        " ends with the final state, `done` or `failed`; the event `gone` says that the call was"
        " deleted.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    },
    204: {"description": "You know the final state already: do not come again."},
}


@router.get("/{call_id}/events", response_class=StreamingResponse, responses=EVENTS)
def follow_call(
    here: Here,
    _: Reader,
    call_id: Id,
    last_event_id: Annotated[str | None, Header(max_length=100)] = None,
) -> Response:
    """What becomes of a call, as it happens: an event whenever it has come further, at first where
    it is now. A stream that ends before the final state is to be asked for again, with
    `Last-Event-ID`, as browsers do; after ten minutes each one ends."""
    with here.pool.connection() as conn:
        progress = progress_of(conn, [call_id]).get(call_id)
    if progress is None:
        raise NotFound(f"There is no call {call_id}.")
    if progress.final and progress.version == last_event_id:
        return Response(status_code=204)
    return StreamingResponse(
        here.follower.follow(progress, last_event_id),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},  # or nginx would keep events back
    )
