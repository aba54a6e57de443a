"""Hearing for programs that speak OpenAI's audio API: a recording in, its words out, nothing kept.

The contract: https://platform.openai.com/docs/api-reference/audio/createTranscription
"""

import re
from collections.abc import Sequence
from math import log
from threading import Event
from typing import Any, Literal
from zlib import compress

from anyio import from_thread, to_thread
from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, ValidationError

from api.context import Context, Here
from api.errors import OpenAiError
from api.rest.parameters import Bringer
from api.rest.receiving import FILE, Form, body, check_length
from ingest.audio import Limits, probe
from ingest.base.errors import Incomplete
from ingest.intake import receive
from transcribe.cues import runs
from transcribe.formats import render
from transcribe.transcript import Transcript, Word

router = APIRouter(tags=["Transcription"])

Granularity = Literal["word", "segment"]
LEAST_PROBABILITY = 1e-6  # its logarithm is told


class Asked(BaseModel):
    """The form's fields beside the file; those that only other models know are passed over."""

    model: str = Field(default="", description="Any name: the server hears with the one it has.")
    language: str = Field(default="", description="ISO 639-1; the server's own, or detected.")
    prompt: str = Field(default="", description="Names that may be said, the likeliest first.")
    response_format: Literal["json", "text", "srt", "vtt", "verbose_json"] = "json"
    temperature: float = Field(default=0, ge=0, le=1, description="Taken, and without effect.")
    timestamp_granularities: list[Granularity] = Field(
        default=["segment"], alias="timestamp_granularities[]", description="Of `verbose_json`."
    )
    stream: Literal["", "false"] = Field(default="", description="The answer comes whole.")

    @property
    def names(self) -> list[str]:
        """The prompt as names to expect; Whisper's own marks in it are no words."""
        parts = re.split(r"[,;\n]|<\|[^|]*\|>", self.prompt)
        return [name for part in parts if (name := " ".join(part.split()))]


SCHEMA = Asked.model_json_schema()
BODY = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": [FILE],
                "properties": {
                    FILE: {"type": "string", "format": "binary"},
                    **SCHEMA["properties"],
                },
            },
            "example": {FILE: "(the recording)", "model": "whisper-1"},
        }
    },
}
REFUSED = {"description": "Refused, in OpenAI's shape.", "model": OpenAiError}


@router.post(
    "/audio/transcriptions",
    openapi_extra={"requestBody": BODY},
    response_class=JSONResponse,
    responses={"4XX": REFUSED, "5XX": REFUSED},
)
async def transcribe(request: Request, here: Here, _: Bringer) -> Response:
    """Hear a recording and keep nothing of it, as OpenAI's clients ask for it: point one at
    `/v1` here, with a token of this server as its key. One is heard at a time; where the wait
    grows long the answer is 503 with Retry-After."""
    over = Event()
    try:
        heard = await to_thread.run_sync(_heard, request, here, over, limiter=here.listeners)
    finally:
        over.set()  # the server ends: so must the thread, which would keep it waiting
    return _answer(*heard)


def _heard(request: Request, here: Context, over: Event) -> tuple[Asked, Transcript]:
    check_length(request, here.settings)
    form = Form(request.headers.get("content-type", ""), body(request))
    form.read_to_file()
    _asked(form)  # better refused now than after the whole recording
    filename = form.filename or "recording"
    with receive(form.file(), here.settings, filename=filename) as received:
        asked = _asked(form)  # also what came behind the file
        probe(received.path, Limits.of(here.settings), name=filename, sha256=received.sha256)
        return asked, here.ear.hear(
            received.path,
            language=asked.language or here.settings.language or None,
            vocabulary=asked.names,
            on_progress=lambda _: _still_there(request, over),
        )


def _asked(form: Form) -> Asked:
    try:
        return Asked.model_validate(form.fields | form.lists)
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from error


def _still_there(request: Request, over: Event) -> None:
    """Where nobody waits for the words any more, leave the ear to the next."""
    if over.is_set() or from_thread.run(request.is_disconnected):
        raise Incomplete("The client left before its recording was heard: nothing was kept.")


def _answer(asked: Asked, transcript: Transcript) -> Response:
    text = " ".join(turn.text for turn in transcript.turns)
    match asked.response_format:
        case "json":
            return JSONResponse({"text": text})
        case "text":
            return Response(f"{text}\n", media_type="text/plain")
        case "verbose_json":
            return JSONResponse(_verbose(transcript, text, asked.timestamp_granularities))
        case subtitles:
            return Response(render(transcript, subtitles), media_type="text/plain")


def _verbose(transcript: Transcript, text: str, wanted: Sequence[Granularity]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "task": "transcribe",
        "language": transcript.language,
        "duration": transcript.seconds,
        "text": text,
    }
    if "segment" in wanted:
        said = [run for turn in transcript.turns for run in runs(turn)]
        found["segments"] = [_segment(number, run) for number, run in enumerate(said)]
    if "word" in wanted:
        found["words"] = [
            {"word": word.text, "start": word.start, "end": word.end}
            for turn in transcript.turns
            for word in turn.words
        ]
    return found


def _segment(number: int, words: tuple[Word, ...]) -> dict[str, Any]:
    """All the fields that clients may insist on. Words not believed are dropped while hearing, and
    neither tokens nor windows are kept: those fields are empty."""
    text = " ".join(word.text for word in words)
    sure = [log(max(word.probability, LEAST_PROBABILITY)) for word in words]
    return {
        "id": number,
        "seek": 0,
        "start": words[0].start,
        "end": words[-1].end,
        "text": text,
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": sum(sure) / len(sure),
        "compression_ratio": len(text.encode()) / len(compress(text.encode())),
        "no_speech_prob": 0.0,
    }
