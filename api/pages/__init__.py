"""The pages people open: server-rendered, no outside request."""

from fastapi import APIRouter

from api.pages import (
    call,
    calls,
    competitors,
    digest,
    digests,
    edits,
    languages,
    leads,
    login,
    overview,
    proposals,
    provider,
    queue,
    retention,
    reviews,
    rivals,
    search,
    settings,
    theme,
    themes,
    trends,
    views,
    voices,
    webhooks,
)
from api.pages.errors import error_page

__all__ = ["error_page", "router"]

router = APIRouter(include_in_schema=False)
for room in (
    *(overview, calls, call, voices, languages, edits, views, search, reviews, queue, digest),
    *(digests, trends, themes, theme, competitors, rivals, leads, proposals, webhooks, settings),
    *(retention, provider, login),
):
    router.include_router(room.router)
