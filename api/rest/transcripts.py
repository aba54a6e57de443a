"""Transcripts brought without sound: each becomes a call that is mined as one that was heard."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from api.context import Here
from api.rest.parameters import Bringer
from api.schemas import CallLine, Imported
from api.users import Right
from ingest.details import LONGEST_NAME
from insights.imports.bring import bring
from insights.imports.transcript import DETAILS, LONGEST_TURN, MOST_TURNS, SUMS, read_transcript

router = APIRouter(tags=["Calls"])


async def _body(request: Request) -> bytes:
    return await request.body()  # the guard has it end at its cap


Body = Annotated[bytes, Depends(_body)]
FileName = Annotated[
    str, Query(max_length=LONGEST_NAME, description="Names the file in refusals and in lists.")
]

TEXT: dict[str, Any] = {"type": "string"}
SECONDS: dict[str, Any] = {"type": "number", "minimum": 0}
NAMES: dict[str, Any] = {"type": "array", "items": TEXT}

TURN = {
    "type": "object",
    "required": ["text"],
    "additionalProperties": False,
    "properties": {
        "speaker": {"enum": ["rep", "customer", "unknown"], "default": "unknown"},
        "name": TEXT,
        "text": {**TEXT, "maxLength": LONGEST_TURN},
        "start": {**SECONDS, "description": "Seconds from the call's start."},
        "end": SECONDS,
    },
}
COMPANY = {
    "type": "object",
    "description": "The seller's. Its rivals and what it sells are taken where its catalogue is"
    " empty and your role may edit it; a catalogue that somebody keeps is never changed.",
    "properties": {
        "name": TEXT,
        "product": TEXT,
        "pitch": TEXT,
        "competitors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": TEXT, "aliases": NAMES},
            },
        },
    },
}
CALL = {
    "type": "object",
    "required": ["turns"],
    "additionalProperties": False,
    "properties": {
        "id": TEXT,
        "company": COMPANY,
        "date": {"type": "string", "format": "date", "description": "Where no time is known."},
        **{name: {"type": ["number", "string"]} if name in SUMS else TEXT for name in DETAILS},
        "turns": {"type": "array", "minItems": 1, "maxItems": MOST_TURNS, "items": TURN},
        "insights": {"description": "Never read: Earshot finds them itself."},
        "known": {"description": "Never read."},
    },
}
EXAMPLE = {
    "company": {"name": "Plumbline", "competitors": [{"name": "Attrivo", "aliases": ["Trivo"]}]},
    "title": "Renewal with Hartsoe Home",
    "account": "Hartsoe Home",
    "rep": "Dana Whitlock",
    "held_at": "2026-10-14T10:32:00+02:00",
    "turns": [
        {"speaker": "rep", "name": "Dana Whitlock", "text": "How does it look?", "start": 0.4},
        {"speaker": "customer", "text": "That's twice what we pay today.", "start": 2.1},
    ],
}
DESCRIBED = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": CALL, "example": EXAMPLE}},
    }
}


@router.post(
    "/transcripts",
    status_code=201,
    openapi_extra=DESCRIBED,
    responses={200: {"model": Imported, "description": "These words were here before"}},
)
def bring_transcript(
    here: Here, response: Response, user: Bringer, body: Body, filename: FileName = ""
) -> Imported:
    """Bring a call as its words, without sound. The same words of the same company are one call:
    sending again after a lost answer is safe. What is there of its details stays; what was not
    known is filled in."""
    taken = bring(
        here.whole,
        read_transcript(body, filename),
        datetime.now(UTC),
        may_catalogue=user.may(Right.CATALOGUE),
        rep=user.rep,
    )
    call = taken.accepted.call
    response.status_code = 200 if taken.accepted.duplicate else 201
    response.headers["Location"] = f"/v1/calls/{call.id}"
    return Imported(
        **CallLine.model_validate(call).model_dump(),
        duplicate=taken.accepted.duplicate,
        rivals_added=taken.rivals_added,
        rivals_left_out=list(taken.rivals_left_out),
    )
