"""One wish of the buyers: every mention, what becomes of it, and what can be done with it."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form, Query, Response
from fastapi.responses import RedirectResponse

from api.context import Context, Here
from api.pages.site import page
from api.rest.parameters import Id, Reader, Themer
from api.schemas import BIGINT, Text
from api.theme_schemas import Address, Number
from api.users import User
from api.veil import shown_insights
from ingest.base.db import Connection
from ingest.base.errors import Refused
from insights.digest import Mention
from insights.queries import insights_of_themes
from insights.stored import StoredInsight
from insights.themes import queries
from insights.themes.changes import queries as changing
from insights.themes.history import queries as history
from insights.themes.rules import host_of
from insights.themes.theme import Act, Change, Status, Theme, ThemeFilter
from transcribe.transcript import Speaker

router = APIRouter()
Done = Annotated[int | None, Query(ge=1, le=BIGINT)]

NAMES = 500
"""Themes offered to merge into."""
CHANGES = 50

SIDES = {Speaker.SELLER: "Seller", Speaker.BUYER: "Buyer", Speaker.UNKNOWN: None}


@router.get("/themes/{theme_id}")
def theme_page(here: Here, user: Reader, theme_id: Id, done: Done = None) -> Response:
    """One theme: every mention, and what can be done with it."""
    return _whole(here, user, theme_id, done)


@router.post("/themes/{theme_id}/name")
def rename(here: Here, user: Themer, theme_id: Id, name: Annotated[Text, Form()] = "") -> Response:
    """Another name for it."""
    return _done(here, user, theme_id, lambda conn: changing.rename(conn, theme_id, name, user.id))


@router.post("/themes/{theme_id}/merge")
def merge(here: Here, user: Themer, theme_id: Id, into: Annotated[Number, Form()]) -> Response:
    """Make it part of another; then that one."""
    return _done(
        here, user, theme_id, lambda conn: changing.merge(conn, theme_id, into, user.id), then=into
    )


@router.post("/themes/{theme_id}/split")
def split(
    here: Here,
    user: Themer,
    theme_id: Id,
    name: Annotated[Text, Form()] = "",
    insight: Annotated[list[Number], Form()] = [],  # noqa: B006 - FastAPI copies it
) -> Response:
    """Move the chosen mentions into a theme of their own."""
    return _done(
        here, user, theme_id, lambda conn: changing.split(conn, theme_id, insight, name, user.id)
    )


@router.post("/themes/{theme_id}/link")
def link(here: Here, user: Themer, theme_id: Id, url: Annotated[Address, Form()] = "") -> Response:
    """The issue that it is about, elsewhere."""
    return _done(here, user, theme_id, lambda conn: changing.set_link(conn, theme_id, url, user.id))


def _done(
    here: Context,
    user: User,
    theme_id: int,
    change: Callable[[Connection], int],
    then: int | None = None,
) -> Response:
    """Change the theme and show it, or the theme `then`; where refused, the theme with why."""
    try:
        with here.pool.connection() as conn:
            done = change(conn)
    except Refused as error:
        return _whole(here, user, theme_id, wrong=error)
    return RedirectResponse(f"/themes/{then or theme_id}?done={done}", 303)


def _whole(
    here: Context, user: User, theme_id: int, done: int | None = None, wrong: Refused | None = None
) -> Response:
    with here.pool.connection() as conn:
        theme = queries.theme(conn, theme_id)
        said = shown_insights(here, user, conn, insights_of_themes(conn, [theme.id]))
        among = ThemeFilter(company=theme.company_id)
        return page(
            "theme.html",
            user,
            status=wrong.status if wrong else 200,
            theme=theme,
            mentions=[(mention(each), each.mined_label, _again(each, theme)) for each in said],
            others=[
                other
                for other in queries.list_themes(conn, among, limit=NAMES)
                if other.id != theme.id
            ],
            history=history.changes(conn, theme.company_id, limit=CHANGES, theme_id=theme.id),
            done=just_done(conn, done),
            wrong=str(wrong) if wrong else "",
            back="",
            **words_of_themes(),
        )


def _again(said: StoredInsight, theme: Theme) -> bool:
    """Whether it was wished after it was said to be shipped."""
    since = theme.status_since
    return theme.status is Status.SHIPPED and since is not None and said.held_at > since


def mention(insight: StoredInsight) -> Mention:
    """A mention as the pages quote it."""
    return Mention(
        insight_id=insight.id,
        call_id=insight.call_id,
        title=insight.call_title,
        held_at=insight.held_at,
        kind=insight.kind,
        label=insight.label,
        quote=insight.quote,
        confidence=insight.confidence,
        account=insight.account,
        start=insight.start if insight.sound else None,
        speaker=insight.speaker_name or SIDES[insight.speaker],
    )


def just_done(conn: Connection, change_id: int | None) -> Change | None:
    """What was just done, to be told with the way back."""
    return history.change(conn, change_id) if change_id else None


def words_of_themes() -> dict[str, object]:
    """What the templates of themes need."""
    return {"Act": Act, "Status": Status, "host_of": host_of}
