"""An upload: streamed to a file, checked by what is in it, kept once, queued to be heard."""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime

from anyio import to_thread
from fastapi import APIRouter, Request, Response

from api.context import Context, Here
from api.rest.parameters import Bringer
from api.rest.receiving import FILE, BadForm, Form, body, check_length
from api.schemas import CallLine, Uploaded
from api.users import User
from ingest.calls import Accepted, CallDetails
from ingest.details import for_rep
from ingest.intake import accept, details_from, receive

router = APIRouter(tags=["Calls"])

UNNAMED = "recording"

DETAILS = {detail.name: {"type": "string"} for detail in fields(CallDetails)}

SOUND = {"schema": {"type": "string", "format": "binary"}}

BODY = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": [FILE],
                "properties": {FILE: SOUND["schema"], **DETAILS},
            },
            "example": {
                FILE: "(the recording)",
                "title": "Renewal with Hartsoe Home",
                "account": "Hartsoe Home",
                "held_at": "2026-10-14T10:32:00+02:00",
            },
        },
        "application/octet-stream": SOUND,
        "audio/*": SOUND,
        "video/*": SOUND,
    },
}

QUERY = [
    {"name": name, "in": "query", "schema": {"type": "string"}} for name in ("filename", *DETAILS)
]


@router.post(
    "/calls",
    status_code=201,
    openapi_extra={"requestBody": BODY, "parameters": QUERY},
    responses={200: {"model": Uploaded, "description": "This sound was here before"}},
)
async def upload(request: Request, response: Response, here: Here, user: Bringer) -> Uploaded:
    """Bring a recording: as the part `file` of a form, the call's details as other parts; or as the
    body itself, with `filename` and the details in the address. The form's details come before the
    file if they are to be checked before it is sent."""
    # Its own threads: however slowly recordings come in, the other routes have theirs.
    accepted = await to_thread.run_sync(_take, request, here, user, limiter=here.uploads)
    response.status_code = 200 if accepted.duplicate else 201
    response.headers["Location"] = f"/v1/calls/{accepted.call.id}"
    line = CallLine.model_validate(accepted.call)
    return Uploaded(**line.model_dump(), duplicate=accepted.duplicate)


def _take(request: Request, here: Context, user: User) -> Accepted:
    check_length(request, here.settings)
    sent = _sent(request)
    # Better refused now than after the whole recording.
    for_rep(details_from(sent.given | sent.fields), user.rep)
    with receive(
        sent.chunks, here.settings, filename=sent.filename, declared_size=sent.size
    ) as received:
        details = details_from(sent.given | sent.fields)  # also those that came behind the file
        return accept(
            here.whole,
            here.store,
            received.path,
            received.sha256,
            sent.filename,
            details,
            here.settings,
            datetime.now(UTC),
            rep=user.rep,
        )


@dataclass(frozen=True, slots=True)
class _Sent:
    """A recording on its way in, with what is said of it."""

    chunks: Iterable[bytes]
    filename: str
    given: dict[str, str]  # in the address
    fields: dict[str, str] = field(default_factory=dict)  # of the form; grows as it is read
    size: int | None = None  # as announced


def _sent(request: Request) -> _Sent:
    given = dict(request.query_params)
    content_type = request.headers.get("content-type", "")
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        form = Form(content_type, body(request))
        form.read_to_file()
        return _Sent(form.file(), form.filename or UNNAMED, given, form.fields)
    if kind == "application/octet-stream" or kind.startswith(("audio/", "video/")):
        filename = given.pop("filename", UNNAMED)
        length = request.headers.get("content-length")
        return _Sent(body(request), filename, given, size=int(length) if length else None)
    raise BadForm(
        f"The body is {kind or 'of no type'}: send multipart/form-data with a part named “{FILE}”,"
        " or the recording itself as application/octet-stream."
    )
