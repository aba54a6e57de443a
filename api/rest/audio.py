"""A call's recording, whole or in ranges, so that a player can jump (RFC 9110, section 14)."""

import re
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from api.context import Here
from api.errors import problem, respond
from api.rest.parameters import Id, Reader
from ingest.base.errors import NotFound
from ingest.queries import get_audio, get_call

router = APIRouter(tags=["Calls"])

TYPES = {
    "aac": "audio/aac",
    "amr": "audio/amr",
    "asf": "audio/x-ms-wma",
    "flac": "audio/flac",
    "matroska": "audio/webm",
    "mov": "audio/mp4",
    "mp3": "audio/mpeg",
    "ogg": "audio/ogg",
    "w64": "audio/x-w64",
    "wav": "audio/wav",
}
"""Media types by FFmpeg's demuxer; a film's sound is played as sound."""

ONE_RANGE = re.compile(r"bytes=(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))")

BODY = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}


@router.get("/calls/{call_id}/audio", responses={200: {"content": BODY}, 206: {"content": BODY}})
@router.head("/calls/{call_id}/audio", include_in_schema=False)
def play(request: Request, here: Here, _: Reader, call_id: Id) -> Response:
    """The recording as it was brought. One byte range is answered by 206."""
    with here.pool.connection() as conn:
        call = get_call(conn, call_id)
        if call.audio_sha256 is None:
            raise NotFound(f"Call {call_id} was brought as a transcript: it has no recording.")
        audio = get_audio(conn, call.audio_sha256)
    size = here.store.size(audio.sha256)
    tag = f'"{audio.sha256}"'
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=31536000, immutable",
        "Content-Disposition": f"inline; filename*=UTF-8''{quote(call.filename, safe='')}",
        "ETag": tag,
    }
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    asked = request.headers.get("range", "")
    if request.headers.get("if-range", tag) != tag:
        asked = ""  # the part in hand is of another file: it gets this one whole
    wanted = wanted_range(asked, size)
    if wanted is None:
        detail = f"The recording has {size} bytes: ask for a range below that."
        refusal = problem("range-not-satisfiable", 416, detail)
        return respond(refusal, {"Content-Range": f"bytes */{size}", "Accept-Ranges": "bytes"})
    partial = one_range(asked) is not None  # also where that is all of it: Safari insists on 206
    headers["Content-Length"] = str(len(wanted))
    if partial:
        headers["Content-Range"] = f"bytes {wanted.start}-{wanted.stop - 1}/{size}"
    chunks = here.store.open_range(audio.sha256, wanted.start, wanted.stop)
    return StreamingResponse(
        iter(()) if request.method == "HEAD" else chunks,
        status_code=206 if partial else 200,
        headers=headers,
        media_type=TYPES.get(audio.container, "application/octet-stream"),
    )


def one_range(asked: str) -> tuple[int | None, int | None] | None:
    """First and last byte of a Range header, or (None, length of the end asked for); None where
    it asks for several parts or for nothing we know, which RFC 9110 has ignored."""
    match = ONE_RANGE.fullmatch(asked.strip())
    if match is None:
        return None
    first, last, suffix = (int(text) if text else None for text in match.groups())
    if suffix is not None:
        return None, suffix
    if first is not None and last is not None and last < first:
        return None
    return first, last


def wanted_range(asked: str, size: int) -> range | None:
    """The bytes that a Range header asks for: all of them where it is ignored, None where there
    are no such bytes."""
    match one_range(asked):
        case None:
            wanted = range(size)
        case None, suffix:
            wanted = range(max(0, size - (suffix or 0)), size)
        case first, last:
            stop = size if last is None else min(last + 1, size)
            wanted = range(first or 0, stop)
    return wanted or None
