"""Calls: brought, listed, read, corrected, tried again, deleted."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import PlainTextResponse

from api.auth import needs
from api.context import Context, Here
from api.rest.lists import BadCursor, Cursor, Limit, decode, next_cursor
from api.rest.parameters import Bringer, Id, Reader, Reviewed, Sureness, Time, Words
from api.rest.tabular import ANSWERS, Format, respond
from api.schemas import (
    CallChange,
    CallLine,
    CallOut,
    EditOut,
    InsightOut,
    MiningOut,
    Page,
    TranscriptOut,
)
from api.tables import flat
from api.users import Right, User
from api.veil import insights_behind, shown_edits, veil
from ingest import queries
from ingest.base.db import Connection
from ingest.base.errors import NotFound, Refused
from ingest.calls import Call, CallDetails, CallState
from ingest.details import check_rep, check_times
from ingest.leftovers.removing import remove
from ingest.library.library import Place, Sort
from ingest.retention.queries import ends_of
from ingest.silence import forget_copies
from ingest.store import spool_folder
from ingest.tasks import relay
from insights.holding import holding
from insights.insight import Kind
from insights.minable import why_not_mined
from insights.queries import insights_of, mining_note
from insights.retention import erase
from insights.rollups.queries import moving_rollups
from transcribe import formats
from transcribe import queries as transcripts
from transcribe.edits.queries import edits_of
from transcribe.transcript import Transcript

router = APIRouter(prefix="/calls", tags=["Calls"])
Eraser = Annotated[User, Depends(needs(Right.ERASE))]

MEDIA_TYPES = {
    "text": "text/plain",
    "markdown": "text/markdown",
    "vtt": "text/vtt",
    "srt": "application/x-subrip",
    "json": "application/json",
}


class NotFailed(Refused):
    """A call that has nothing to be tried again."""

    code = "not-failed"
    status = 409


@router.get("", response_model=Page[CallLine], responses=ANSWERS)
def list_calls(
    request: Request,
    response: Response,
    here: Here,
    _: Reader,
    account: Words = None,
    rep: Words = None,
    company: Words = None,
    segment: Words = None,
    stage: Words = None,
    outcome: Words = None,
    lead_source: Words = None,
    campaign: Words = None,
    kind: Annotated[Kind | None, Query(description="Calls with an insight of it.")] = None,
    label: Annotated[Words, Query(description="Calls with an insight that has it.")] = None,
    min_confidence: Annotated[Sureness, Query(description="With an insight so sure.")] = None,
    review: Annotated[Reviewed, Query(description="With an insight so reviewed.")] = None,
    state: Annotated[list[CallState] | None, Query(description="Any of these.")] = None,
    title: Annotated[Words, Query(description="Calls whose title has these words.")] = None,
    since: Time = None,
    until: Time = None,
    sort: Sort = Sort.NEWEST,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """Calls, latest first, or by their deal's value or their length, the largest first. Names match
    case aside; `since` ≤ held < `until`. What is asked of an insight is asked of one and the same,
    and what was rejected is none unless asked for. As CSV by `Accept: text/csv` or `format=csv`."""
    after = place(cursor, sort)
    with here.pool.connection() as conn:
        found = queries.list_calls(
            conn,
            account=account,
            rep=rep,
            company=company,
            segment=segment,
            stage=stage,
            outcome=outcome,
            lead_source=lead_source,
            campaign=campaign,
            states=state,
            text=title,
            held_from=since,
            held_to=until,
            also=holding(kind, label, min_confidence, review),
            sort=sort,
            before=after,
            limit=limit + 1,
        )
    shown = found[:limit]
    more = Place.of(shown[-1], sort) if len(found) > limit else None
    page = Page[CallLine](
        items=[CallLine.model_validate(call) for call in shown],
        next=next_cursor(request, response, more),
    )
    return respond(request, page, flat(CallLine), "calls", format, response.headers)


def place(cursor: str | None, sort: Sort) -> Place | None:
    """Where a list in this order goes on. Raises BadCursor."""
    after = decode(cursor, Place)
    if after and not after.fits(sort):
        raise BadCursor("This cursor is of a list in another order: start again without it.")
    return after


@router.get("/{call_id}")
def get_call(here: Here, user: Reader, call_id: Id) -> CallOut:
    """A call with its transcript and insights, as far as it has come: `state`, `heard_seconds` of
    `seconds`, and `failure` where it has failed."""
    with here.pool.connection() as conn:
        return whole(here, user, conn, queries.get_call(conn, call_id))


@router.patch("/{call_id}")
def change_call(here: Here, user: Bringer, call_id: Id, change: CallChange) -> CallOut:
    """Correct what is known of a call. One given to another company is mined again, against that
    company's catalogue."""
    details = CallDetails(**change.model_dump(exclude_none=True))
    if "rep" in change.model_fields_set:
        check_rep(change.rep, user.rep)
    check_times(details, datetime.now(UTC))
    clear = [name for name in change.model_fields_set if getattr(change, name) is None]
    with here.whole.connection() as conn:
        with moving_rollups(conn, call_id):
            before = queries.get_call(conn, call_id)
            call = queries.update_details(conn, call_id, _for_account(details, before), clear)
        if call.company_id != before.company_id and call.state is CallState.DONE:
            call = queries.retry(conn, call_id, CallState.HEARD)
        answer = whole(here, user, conn, call)
    relay(here.whole)
    return answer


@router.post("/{call_id}/retry", status_code=202)
def retry_call(here: Here, _: Bringer, call_id: Id) -> CallLine:
    """Try a failed call again, from the step that failed."""
    with here.whole.connection() as conn:
        call = queries.get_call(conn, call_id)
        if call.state is not CallState.FAILED:
            raise NotFailed(
                f"Call {call_id} is {call.state}: only one that has failed is tried again."
            )
        heard = transcript_of(conn, call_id) is not None
        call = queries.retry(conn, call_id, CallState.HEARD if heard else CallState.WAITING)
    relay(here.whole)
    return CallLine.model_validate(call)


@router.delete("/{call_id}", status_code=204)
def delete_call(here: Here, _: Eraser, call_id: Id) -> None:
    """Delete a call for good: its recording, its transcript, its insights and what they count. One
    on hold is refused. Where the store of recordings is away, the sound is removed as soon as it is
    back."""
    with here.whole.connection() as conn:
        sha256 = erase(conn, call_id)
        conn.commit()
        if sha256:
            remove(conn, here.store, sha256)
            forget_copies(sha256, spool_folder(here.settings))


@router.get(
    "/{call_id}/transcript",
    response_class=PlainTextResponse,
    responses={200: {"content": {kind: {} for kind in MEDIA_TYPES.values()}}},
)
def get_transcript(
    here: Here, user: Reader, call_id: Id, format: formats.Format = "text"
) -> Response:
    """A call's words as a file: to read (`text`, `markdown`), as subtitles with voices (`vtt`,
    `srt`), to process (`json`)."""
    with here.pool.connection() as conn:
        call = queries.get_call(conn, call_id)
        transcript = transcript_of(conn, call_id)
        hide = veil(here, user, conn, [call_id])
    if transcript is None:
        raise NotFound(f"Call {call_id} has no transcript yet: it is {call.state}.")
    return Response(
        formats.render(hide.transcript(call_id, transcript), format), media_type=MEDIA_TYPES[format]
    )


def whole(here: Context, user: User, conn: Connection, call: Call) -> CallOut:
    """The call with all that this user may know of it."""
    transcript = transcript_of(conn, call.id)
    hide = veil(here, user, conn, [call.id])
    if transcript:
        transcript = hide.transcript(call.id, transcript)
    found = insights_behind(hide, insights_of(conn, call.id))
    how = mining_note(conn, call.id)
    ends = ends_of(conn, call)
    return CallOut(
        **CallLine.model_validate(call).model_dump(),
        transcript=TranscriptOut.model_validate(transcript) if transcript else None,
        insights=[InsightOut.model_validate(insight) for insight in found],
        mining=MiningOut.model_validate(how) if how else None,
        mined=how is not None,
        not_mined=why_not_mined(transcript, how is not None) if transcript else None,
        edits=[
            EditOut.model_validate(edit)
            for edit in shown_edits(here, user, conn, call.id, edits_of(conn, call.id))
        ],
        recording_until=ends.sound,
        kept_until=ends.calls,
    )


def _for_account(details: CallDetails, call: Call) -> CallDetails:
    """An account's value and segment are noted of the account that is named, or the call's own."""
    return replace(details, account=details.account or call.account)


def transcript_of(conn: Connection, call_id: int) -> Transcript | None:
    """The call's transcript; None until it is heard."""
    try:
        return transcripts.load(conn, call_id)
    except NotFound:
        return None
