"""A call's recording, whole or in ranges, so that a player can jump (RFC 9110, section 14)."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from api.context import Context, Here
from api.errors import problem, respond
from api.rest.parameters import Id, Reader
from api.users import User
from api.veil import is_veiled, veil
from ingest.base.db import Connection
from ingest.base.errors import NotFound, Refused
from ingest.calls import Audio, Call
from ingest.queries import get_audio, get_call
from ingest.retention.rule import gone
from ingest.silence import silenced_copy
from ingest.store import CHUNK_BYTES, spool_folder
from transcribe import queries as transcripts

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


WAITS_FOR_WORDS = (
    "Call {} is not heard yet: what is private in it can only be silenced once its words are known."
    " Play it then, or ask an admin."
)


class NotHeard(Refused):
    """A recording of which nobody knows yet what must be silenced."""

    code = "not-heard"
    status = 409


@dataclass(frozen=True, slots=True)
class _Sound:
    """What is played."""

    size: int  # bytes
    tag: str
    media_type: str
    read: Callable[[int, int], Iterator[bytes]]  # the bytes [start, end)


@router.get("/calls/{call_id}/audio", responses={200: {"content": BODY}, 206: {"content": BODY}})
@router.head("/calls/{call_id}/audio", include_in_schema=False)
def play(request: Request, here: Here, user: Reader, call_id: Id) -> Response:
    """The recording as it was brought; for roles that may not hear what is private, with that
    silenced, as WAV. One byte range is answered by 206."""
    with here.pool.connection() as conn:
        call = get_call(conn, call_id)
        audio = sound_of(conn, call)
        spans = silences(here, user, conn, call_id)
    sound = _silenced(here, audio, spans) if spans else _as_brought(here, audio)
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",  # it may be gone tomorrow, or more of it private
        "Content-Disposition": f"inline; filename*=UTF-8''{quote(call.filename, safe='')}",
        "ETag": sound.tag,
        "Vary": "Authorization, Cookie",
    }
    if sound.tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return _part(request, sound, headers)


def sound_of(conn: Connection, call: Call) -> Audio:
    """The call's recording. Raises NotFound for a transcript, RecordingGone."""
    if call.recording_gone_at:
        raise gone(call.id, call.recording_gone_at)
    if call.audio_sha256 is None:
        raise NotFound(f"Call {call.id} was brought as a transcript: it has no recording.")
    return get_audio(conn, call.audio_sha256)


def _part(request: Request, sound: _Sound, headers: dict[str, str]) -> Response:
    """The bytes asked for."""
    asked = request.headers.get("range", "")
    if request.headers.get("if-range", sound.tag) != sound.tag:
        asked = ""  # the part in hand is of another file: it gets this one whole
    wanted = wanted_range(asked, sound.size)
    if wanted is None:
        detail = f"The recording has {sound.size} bytes: ask for a range below that."
        refusal = problem("range-not-satisfiable", 416, detail)
        return respond(
            refusal, {"Content-Range": f"bytes */{sound.size}", "Accept-Ranges": "bytes"}
        )
    in_part = one_range(asked) is not None  # also where that is all of it: Safari insists on 206
    headers["Content-Length"] = str(len(wanted))
    if in_part:
        headers["Content-Range"] = f"bytes {wanted.start}-{wanted.stop - 1}/{sound.size}"
    return StreamingResponse(
        iter(()) if request.method == "HEAD" else sound.read(wanted.start, wanted.stop),
        status_code=206 if in_part else 200,
        headers=headers,
        media_type=sound.media_type,
    )


def silences(
    here: Context, user: User, conn: Connection, call_id: int
) -> list[tuple[float, float]]:
    """When in the recording this user hears nothing, in seconds. Raises NotHeard."""
    if not is_veiled(here, user):
        return []
    try:
        transcript = transcripts.load(conn, call_id)
    except NotFound as error:
        raise NotHeard(WAITS_FOR_WORDS.format(call_id)) from error
    return veil(here, user, conn, [call_id]).silences(call_id, transcript)


def _as_brought(here: Context, audio: Audio) -> _Sound:
    return _Sound(
        size=here.store.size(audio.sha256),
        tag=f'"{audio.sha256}"',
        media_type=TYPES.get(audio.container, "application/octet-stream"),
        read=partial(here.store.open_range, audio.sha256),
    )


def _silenced(here: Context, audio: Audio, spans: list[tuple[float, float]]) -> _Sound:
    path = silenced_copy(here.store, audio.sha256, spans, spool_folder(here.settings))
    return _Sound(
        size=path.stat().st_size,
        tag=f'"{path.stem}"',
        media_type="audio/wav",
        read=partial(_read, path),
    )


def _read(path: Path, start: int, end: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        while chunk := file.read(min(CHUNK_BYTES, end - file.tell())):
            yield chunk


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
