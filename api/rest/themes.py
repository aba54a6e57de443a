"""Themes of feature requests: listed, named, merged, split; every change can be undone."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from api.context import Here
from api.rest.lists import Cursor, Limit, Paged, decode, next_cursor
from api.rest.parameters import Id, Reader, Reviewed, Sureness, Themer, Words
from api.rest.tabular import ANSWERS, Format, respond
from api.rest.trends import Day
from api.schemas import BIGINT, InsightOut, Page
from api.theme_schemas import (
    ChangeOut,
    SuggestionBody,
    SuggestionOut,
    ThemeInto,
    ThemeLink,
    ThemeName,
    ThemeOut,
    ThemeSplit,
    ThemeStatus,
    ThemeWhole,
    to_csv,
)
from api.veil import shown_insights
from insights.queries import insights_of_themes
from insights.themes import queries
from insights.themes.changes import queries as changes
from insights.themes.history.queries import change
from insights.themes.history.queries import changes as history
from insights.themes.theme import ChangePosition, Rank, Status, ThemeFilter, ThemePosition

router = APIRouter(tags=["Themes"])
MOST = 1000
"""Themes an answer: a table for a spreadsheet has all that a company's people can look through."""
Company = Annotated[int | None, Query(ge=1, le=BIGINT, description="A company's id.")]


def wished(
    company: Company = None,
    status: Status | None = None,
    account: Words = None,
    segment: Words = None,
    stage: Words = None,
    rep: Words = None,
    lead_source: Words = None,
    campaign: Words = None,
    since: Day = None,
    until: Day = None,
    min_confidence: Sureness = None,
    review: Reviewed = None,
) -> ThemeFilter:
    """Which themes are wanted; an empty name asks for nothing, as an empty field of a form."""
    return ThemeFilter(
        *(company, status, account or None, segment or None, stage or None, rep or None),
        *(lead_source or None, campaign or None, since, until, min_confidence, review),
    )


Wished = Annotated[ThemeFilter, Depends(wished)]


@router.get("/themes", response_model=Page[ThemeOut], responses=ANSWERS)
def list_themes(
    request: Request,
    response: Response,
    here: Here,
    _: Reader,
    wanted: Wished,
    sort: Rank = Rank.ACCOUNTS,
    limit: Annotated[int, Query(ge=1, le=MOST, description="Items a page.")] = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """What buyers wish: the themes of the most accounts first, of the largest value, or those heard
    last.

    Account, segment, stage, rep, lead source, campaign (names match case aside), `since` ≤ day held
    < `until` (UTC), confidence and review state choose the mentions that count, in every number
    told here. As CSV by `Accept: text/csv` or `format=csv`.
    """
    after = decode(cursor, ThemePosition)
    with here.pool.connection() as conn:
        found = queries.list_themes(conn, wanted, sort, after, limit + 1)
    shown = found[:limit]
    more = queries.position(shown[-1]) if len(found) > limit else None
    page = Page[ThemeOut](
        items=[ThemeOut.model_validate(theme) for theme in shown],
        next=next_cursor(request, response, more),
    )
    return respond(request, page, to_csv, "requests", format, response.headers)


@router.get("/themes/{theme_id}")
def get_theme(here: Here, user: Reader, theme_id: Id) -> ThemeWhole:
    """One theme with every mention; of a theme that was merged, the one it is part of."""
    with here.pool.connection() as conn:
        theme = queries.theme(conn, theme_id)
        mentions = shown_insights(here, user, conn, insights_of_themes(conn, [theme.id]))
    return ThemeWhole(
        **ThemeOut.model_validate(theme).model_dump(),
        insights=[InsightOut.model_validate(mention) for mention in mentions],
    )


@router.post("/themes/{theme_id}/name")
def rename_theme(here: Here, user: Themer, theme_id: Id, wanted: ThemeName) -> ChangeOut:
    """Call a theme otherwise; its mentions follow, and the old name still means it."""
    with here.pool.connection() as conn:
        done = changes.rename(conn, theme_id, wanted.name, user.id)
        return ChangeOut.model_validate(change(conn, done))


@router.post("/themes/{theme_id}/merge")
def merge_theme(here: Here, user: Themer, theme_id: Id, wanted: ThemeInto) -> ChangeOut:
    """Make a theme part of another; its names mean that one in the calls to come."""
    with here.pool.connection() as conn:
        done = changes.merge(conn, theme_id, wanted.into, user.id)
        return ChangeOut.model_validate(change(conn, done))


@router.post("/themes/{theme_id}/split")
def split_theme(here: Here, user: Themer, theme_id: Id, wanted: ThemeSplit) -> ChangeOut:
    """Move some of a theme's mentions into a new theme."""
    with here.pool.connection() as conn:
        done = changes.split(conn, theme_id, wanted.insights, wanted.name, user.id)
        return ChangeOut.model_validate(change(conn, done))


@router.post("/themes/{theme_id}/status")
def set_status(here: Here, user: Themer, theme_id: Id, wanted: ThemeStatus) -> ChangeOut:
    """Say what becomes of it: planned, shipped, declined, or new again; with a note why."""
    with here.pool.connection() as conn:
        done = changes.set_status(conn, theme_id, wanted.status, wanted.note, user.id)
        return ChangeOut.model_validate(change(conn, done))


@router.post("/themes/{theme_id}/link")
def link_issue(here: Here, user: Themer, theme_id: Id, wanted: ThemeLink) -> ChangeOut:
    """Link it to an issue elsewhere, by its http or https address; null takes the link away."""
    with here.pool.connection() as conn:
        done = changes.set_link(conn, theme_id, wanted.url or "", user.id)
        return ChangeOut.model_validate(change(conn, done))


@router.get("/theme-suggestions")
def list_suggestions(
    here: Here, paged: Paged, _: Reader, company: Company = None
) -> Page[SuggestionOut]:
    """Pairs of themes that may be the same wish, those most alike first."""
    with here.pool.connection() as conn:
        found = queries.open_suggestions(conn, company, paged.most)
    return paged.page([SuggestionOut.model_validate(pair) for pair in found])


@router.post("/theme-suggestions/{suggestion_id}/review")
def review_suggestion(
    here: Here, user: Themer, suggestion_id: Id, said: SuggestionBody
) -> ChangeOut:
    """Say whether two themes are the same wish: `same` merges the newer into the older, and two
    that are `different` are never suggested again."""
    with here.pool.connection() as conn:
        done = changes.judge(conn, suggestion_id, said.verdict == "same", user.id)
        return ChangeOut.model_validate(change(conn, done))


@router.get("/theme-changes")
def list_changes(
    request: Request,
    response: Response,
    here: Here,
    _: Reader,
    company: Company = None,
    theme: Annotated[int | None, Query(ge=1, le=BIGINT, description="A theme's id.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[ChangeOut]:
    """What people did to themes, or to one of them, the latest first."""
    before = decode(cursor, ChangePosition)
    with here.pool.connection() as conn:
        found = history(conn, company, before, limit + 1, theme)
    shown = found[:limit]
    more = ChangePosition(shown[-1].id) if len(found) > limit else None
    return Page(
        items=[ChangeOut.model_validate(found) for found in shown],
        next=next_cursor(request, response, more),
    )


@router.post("/theme-changes/{change_id}/undo")
def undo_change(here: Here, user: Themer, change_id: Id) -> ChangeOut:
    """Take a change back, if what it touched is still as it left it."""
    with here.pool.connection() as conn:
        done = changes.undo(conn, change_id, user.id)
        return ChangeOut.model_validate(change(conn, done))
