"""Large recordings in pieces, by the tus protocol: what broke off goes on where it stopped."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Annotated, TypeVar

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Request, Response
from fastapi import Path as InPath

from api.context import Context, Here
from api.rest import tus
from api.rest.parameters import Bringer
from api.rest.receiving import body
from api.rest.tus import Sender
from api.users import User
from ingest.audio import Limits
from ingest.base.errors import Incomplete
from ingest.uploads.partial import check_fits
from ingest.uploads.upload import BadHeader, NoRoom
from ingest.uploads.work import Uploads

router = APIRouter(tags=["Uploads in pieces"], dependencies=[Depends(tus.speak)])

UploadId = Annotated[str, InPath(max_length=64)]
Result = TypeVar("Result")

OVERRIDE = "x-http-method-override"

SAID = {
    "Upload-Offset": "How many bytes are here.",
    "Upload-Expires": "Until when it may go on.",
    tus.CALL: "The number of the call that it became, once it is whole.",
    tus.DUPLICATE: "true, with the last bytes, where the recording was here before.",
}


def _parameters(*names: str) -> dict[str, list[dict[str, object]]]:
    return {
        "parameters": [
            {"name": name, "in": "header", "required": True, "schema": {"type": "string"}}
            for name in ("Tus-Resumable", *names)
        ]
    }


def _headers(*names: str) -> dict[str, object]:
    return {
        "headers": {
            name: {"description": SAID.get(name, name), "schema": {"type": "string"}}
            for name in names
        }
    }


PIECE = {
    "requestBody": {"content": {tus.PIECE: {"schema": {"type": "string", "format": "binary"}}}}
}


@router.options("/uploads", status_code=204, response_class=Response)
def abilities(here: Here, _: Bringer) -> Response:
    """Which versions and extensions of tus are spoken, and how large a recording may be."""
    said = {
        "Tus-Version": tus.VERSION,
        "Tus-Extension": tus.EXTENSIONS,
        "Tus-Max-Size": str(Limits.of(here.settings).size_bytes),
        "Tus-Checksum-Algorithm": ",".join(tus.ALGORITHMS),
    }
    return Response(status_code=204, headers=said)


@router.post(
    "/uploads",
    status_code=201,
    response_class=Response,
    responses={201: _headers("Location", *SAID)},
    openapi_extra=_parameters("Upload-Length", "Upload-Metadata") | PIECE,
)
async def begin(request: Request, here: Here, user: Sender) -> Response:
    """Begin an upload of `Upload-Length` bytes. `Upload-Metadata` holds `filename` and the call's
    details, as /v1/calls takes them. The first bytes may come with it."""
    return await _with_threads(here, lambda: _begin(request, here, user))


@router.head(
    "/uploads/{upload_id}",
    response_class=Response,
    responses={200: _headers("Upload-Length", *SAID)},
    openapi_extra=_parameters(),
)
def look(here: Here, user: Sender, upload_id: UploadId) -> Response:
    """How far an upload is: where to go on, or which call it became."""
    upload, offset = _uploads(here).finish(user.id, upload_id)
    said = tus.said_of(upload, offset) | {"Upload-Length": str(upload.bytes)}
    if upload.metadata:
        said["Upload-Metadata"] = upload.metadata
    return Response(headers=said)


@router.patch(
    "/uploads/{upload_id}",
    status_code=204,
    response_class=Response,
    responses={204: _headers(*SAID)},
    openapi_extra=_parameters("Upload-Offset") | PIECE,
)
async def go_on(request: Request, here: Here, user: Sender, upload_id: UploadId) -> Response:
    """Bring the bytes that follow the first `Upload-Offset`. With the last ones the upload becomes
    a call, which `Earshot-Call` names. What came before a connection broke is kept."""
    return await _with_threads(here, lambda: _go_on(request, here, user, upload_id))


@router.delete("/uploads/{upload_id}", status_code=204, response_class=Response)
def give_up(here: Here, user: Sender, upload_id: UploadId) -> Response:
    """Forget an upload. A call that it became stays."""
    uploads = _uploads(here)
    uploads.remove(uploads.find(user.id, upload_id))
    return Response(status_code=204)


@router.post(
    "/uploads/{upload_id}",
    status_code=204,
    response_class=Response,
    openapi_extra=_parameters("X-HTTP-Method-Override") | PIECE,
)
async def instead(request: Request, here: Here, user: Sender, upload_id: UploadId) -> Response:
    """PATCH or DELETE for who cannot send these: `X-HTTP-Method-Override` says which is meant."""
    meant = request.headers.get(OVERRIDE, "").upper()
    if meant == "PATCH":
        return await go_on(request, here, user, upload_id)
    if meant == "DELETE":
        return await _with_threads(here, lambda: give_up(here, user, upload_id))
    raise BadHeader(
        "Send PATCH or DELETE; or, where you cannot, say which with X-HTTP-Method-Override."
    )


async def _with_threads(here: Context, do: Callable[[], Result]) -> Result:
    """In the threads for uploads: however slowly these come in, the other routes have theirs."""
    return await run_sync(do, limiter=here.uploads)


def _uploads(here: Context) -> Uploads:
    return Uploads(here.whole, here.store, here.settings)


def _begin(request: Request, here: Context, user: User) -> Response:
    uploads, size = _uploads(here), tus.length(request)
    checksum, announced = tus.checksum(request), tus.announced(request)
    if tus.has_body(request):
        tus.check_type(request)
        check_fits(announced, size)
    upload = uploads.begin(user.id, user.rep, size, request.headers.get("upload-metadata", ""))
    # On a full disk as well the sender has to hear where the upload lies, or all is sent again.
    if tus.has_body(request):
        with suppress(NoRoom):
            uploads.append(upload, 0, _pieces(request), announced=announced, checksum=checksum)
    offset = uploads.kept(upload)
    with suppress(NoRoom):
        upload, offset = uploads.finish(user.id, upload.id)
    said = {"Location": f"/v1/uploads/{upload.id}"} | tus.said_of(upload, offset)
    return Response(status_code=201, headers=said)


def _go_on(request: Request, here: Context, user: User, upload_id: str) -> Response:
    tus.check_type(request)
    at, checksum = tus.number(request, "Upload-Offset"), tus.checksum(request)
    uploads, announced = _uploads(here), tus.announced(request)
    upload = uploads.go_on(user.id, upload_id)
    offset = uploads.append(upload, at, _pieces(request), announced=announced, checksum=checksum)
    upload, _ = uploads.finish(user.id, upload_id)
    return Response(status_code=204, headers=tus.said_of(upload, offset))


def _pieces(request: Request) -> Iterator[bytes]:
    try:
        yield from body(request)
    except Incomplete:
        raise Incomplete("The upload broke off: ask by HEAD where to go on.") from None
