"""The API for programs, under /v1."""

from fastapi import APIRouter

from api.errors import ProblemBody
from api.rest import (
    audio,
    calls,
    catalogue,
    edits,
    health,
    hearing,
    insights,
    languages,
    leads,
    partial,
    progress,
    proposals,
    remines,
    retention,
    rivals,
    search,
    themes,
    tokens,
    transcriptions,
    transcripts,
    trends,
    upload,
    uploads,
    users,
    voices,
    waveform,
    webhooks,
)

REFUSED = {
    "description": "Refused: `detail` says what to do.",
    "content": {"application/problem+json": {"schema": ProblemBody.model_json_schema()}},
}

router = APIRouter(responses={"4XX": REFUSED, "5XX": REFUSED})
for part in (
    upload,
    uploads,
    transcripts,
    transcriptions,
    calls,
    partial,
    voices,
    languages,
    edits,
    progress,
    audio,
    waveform,
    hearing,
    insights,
    rivals,  # before the catalogue, which takes what follows /competitors/ for a number
    catalogue,
    themes,
    trends,
    leads,
    search,
    proposals,
    remines,
    retention,
    webhooks,
    users,
    tokens,
    health,
):
    router.include_router(part.router)
