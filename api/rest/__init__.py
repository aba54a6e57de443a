"""The API for programs, under /v1."""

from fastapi import APIRouter

from api.errors import ProblemBody
from api.rest import (
    audio,
    calls,
    catalogue,
    health,
    insights,
    proposals,
    remines,
    themes,
    tokens,
    transcripts,
    trends,
    upload,
)

REFUSED = {
    "description": "Refused: `detail` says what to do.",
    "content": {"application/problem+json": {"schema": ProblemBody.model_json_schema()}},
}

router = APIRouter(responses={"4XX": REFUSED, "5XX": REFUSED})
for part in (
    upload,
    transcripts,
    calls,
    audio,
    insights,
    catalogue,
    themes,
    trends,
    proposals,
    remines,
    tokens,
    health,
):
    router.include_router(part.router)
