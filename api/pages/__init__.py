"""The pages people open: server-rendered, no outside request."""

from fastapi import APIRouter

from api.pages import (
    call,
    calls,
    competitors,
    digest,
    login,
    proposals,
    reviews,
    themes,
    trends,
)
from api.pages.errors import error_page

__all__ = ["error_page", "router"]

router = APIRouter(include_in_schema=False)
for room in (calls, call, reviews, digest, trends, themes, competitors, proposals, login):
    router.include_router(room.router)
