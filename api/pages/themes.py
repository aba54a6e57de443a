"""What buyers wish: the themes of their requests, and the pairs that may be the same wish."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Response
from fastapi.responses import RedirectResponse

from api.auth import needs
from api.context import Context, Here
from api.pages import words
from api.pages.site import page
from api.rest.lists import decode, encode
from api.rest.parameters import Id
from api.schemas import BIGINT, Text
from api.theme_schemas import Number
from api.users import Right, User
from ingest.base.db import Connection
from ingest.base.errors import NotFound, Refused
from insights.catalogue.queries import list_companies
from insights.digest import Mention, best_quotes
from insights.queries import insights_of_themes
from insights.stored import Company, StoredInsight
from insights.themes import queries
from insights.themes.changes import queries as changes
from insights.themes.theme import Act, Change, Suggestion, Theme, ThemePosition
from transcribe.transcript import Speaker

router = APIRouter()
Reader = Annotated[User, Depends(needs(Right.READ))]
Reviewer = Annotated[User, Depends(needs(Right.REVIEW))]
Done = Annotated[int | None, Query(ge=1, le=BIGINT)]

PAGE = 25
"""Themes on a page: as many as one looks through at a time."""
PAIRS = 10
"""Doubtful pairs on a page: the next ones come when these are decided."""
CHANGES = 10
NAMES = 500
"""Themes offered to merge into."""

SIDES = {Speaker.SELLER: "Seller", Speaker.BUYER: "Buyer", Speaker.UNKNOWN: None}


@dataclass(frozen=True, slots=True)
class Row:
    """A theme in the list."""

    theme: Theme
    best: Mention


@dataclass(frozen=True, slots=True)
class Pair:
    """Two themes that may be one, each with a quote."""

    suggestion: Suggestion
    sides: tuple[tuple[int, str, Mention], tuple[int, str, Mention]]  # theme's id, name, quote


@router.get("/themes")
def themes_page(
    here: Here,
    user: Reader,
    company: Annotated[int | None, Query(ge=1, le=BIGINT)] = None,
    before: str = "",
    done: Done = None,
) -> Response:
    """One company's themes, those of the most accounts first; first the pairs to decide."""
    return _list(here, user, company, before, done)


@router.get("/themes/{theme_id}")
def theme_page(here: Here, user: Reader, theme_id: Id, done: Done = None) -> Response:
    """One theme: every mention, and what can be done with it."""
    return _whole(here, user, theme_id, done)


@router.post("/themes/{theme_id}/name")
def rename(
    here: Here, user: Reviewer, theme_id: Id, name: Annotated[Text, Form()] = ""
) -> Response:
    """Another name for it."""
    try:
        with here.pool.connection() as conn:
            done = changes.rename(conn, theme_id, name, user.id)
    except Refused as error:
        return _whole(here, user, theme_id, wrong=error)
    return RedirectResponse(f"/themes/{theme_id}?done={done}", 303)


@router.post("/themes/{theme_id}/merge")
def merge(here: Here, user: Reviewer, theme_id: Id, into: Annotated[Number, Form()]) -> Response:
    """Make it part of another; then that one."""
    try:
        with here.pool.connection() as conn:
            done = changes.merge(conn, theme_id, into, user.id)
    except Refused as error:
        return _whole(here, user, theme_id, wrong=error)
    return RedirectResponse(f"/themes/{into}?done={done}", 303)


@router.post("/themes/{theme_id}/split")
def split(
    here: Here,
    user: Reviewer,
    theme_id: Id,
    name: Annotated[Text, Form()] = "",
    insight: Annotated[list[Number], Form()] = [],  # noqa: B006 - FastAPI copies it
) -> Response:
    """Move the chosen mentions into a theme of their own."""
    try:
        with here.pool.connection() as conn:
            done = changes.split(conn, theme_id, insight, name, user.id)
    except Refused as error:
        return _whole(here, user, theme_id, wrong=error)
    return RedirectResponse(f"/themes/{theme_id}?done={done}", 303)


@router.post("/theme-suggestions/{suggestion_id}/review")
def review_pair(
    here: Here, user: Reviewer, suggestion_id: Id, same: Annotated[bool, Form()]
) -> Response:
    """Same wish or different; then the next pair."""
    try:
        with here.pool.connection() as conn:
            done = changes.judge(conn, suggestion_id, same, user.id)
            company_id = changes.change(conn, done).company_id
    except Refused as error:
        return _list(here, user, wrong=error)
    return RedirectResponse(f"/themes?company={company_id}&done={done}#pairs", 303)


@router.post("/theme-changes/{change_id}/undo")
def undo(here: Here, user: Reviewer, change_id: Id) -> Response:
    """Take a change back."""
    with here.pool.connection() as conn:
        company_id = changes.change(conn, change_id).company_id
    try:
        with here.pool.connection() as conn:
            done = changes.undo(conn, change_id, user.id)
    except Refused as error:
        return _list(here, user, company_id, wrong=error)
    return RedirectResponse(f"/themes?company={company_id}&done={done}", 303)


def _list(
    here: Context,
    user: User,
    company_id: int | None = None,
    before: str = "",
    done: int | None = None,
    wrong: Refused | None = None,
) -> Response:
    with here.pool.connection() as conn:
        companies = list_companies(conn)
        company = _chosen(companies, company_id)
        found: Sequence[Theme] = ()
        undecided: Sequence[Suggestion] = ()
        if company:
            found = queries.list_themes(
                conn, company.id, decode(before or None, ThemePosition), PAGE + 1
            )
            undecided = [] if before else queries.open_suggestions(conn, company.id)
        more = queries.position(found[PAGE - 1]) if len(found) > PAGE else None
        return page(
            "themes.html",
            user,
            status=wrong.status if wrong else 200,
            answer=_answer(found, first=not before),
            companies=companies,
            company=company,
            rows=_rows(conn, found[:PAGE]),
            more=f"/themes?company={company.id}&before={encode(more)}" if company and more else "",
            pairs=_pairs(conn, undecided[:PAIRS]),
            undecided=len(undecided),
            history=changes.changes(conn, company.id, limit=CHANGES) if company else [],
            done=_done(conn, done),
            wrong=str(wrong) if wrong else "",
            Act=Act,
        )


def _whole(
    here: Context, user: User, theme_id: int, done: int | None = None, wrong: Refused | None = None
) -> Response:
    with here.pool.connection() as conn:
        theme = queries.theme(conn, theme_id)
        said = insights_of_themes(conn, [theme.id])
        return page(
            "theme.html",
            user,
            status=wrong.status if wrong else 200,
            theme=theme,
            mentions=[(_mention(mention), mention.mined_label) for mention in said],
            others=[
                other
                for other in queries.list_themes(conn, theme.company_id, limit=NAMES)
                if other.id != theme.id
            ],
            done=_done(conn, done),
            wrong=str(wrong) if wrong else "",
            Act=Act,
        )


def _chosen(companies: Sequence[Company], company_id: int | None) -> Company | None:
    """The company asked for, else the one with the most calls; None where there is none at all."""
    if company_id is None:
        return max(companies, key=lambda company: company.calls, default=None)
    chosen = next((company for company in companies if company.id == company_id), None)
    if chosen is None:
        raise NotFound(f"There is no company {company_id}.")
    return chosen


def _answer(found: Sequence[Theme], first: bool) -> str:
    if not found:
        return "Nobody has asked for a feature yet"
    if not first:
        return "What else buyers ask for"
    top = found[0]
    if top.accounts < 2:
        return "No wish has come from two accounts yet"
    worth = f", worth {words.dollars(top.value_usd)}" if top.value_usd else ""
    return f"“{top.name}” is asked for most: by {top.accounts} accounts{worth}"


def _rows(conn: Connection, themes: Sequence[Theme]) -> list[Row]:
    best = _best(conn, [theme.id for theme in themes])
    return [Row(theme, best[theme.id]) for theme in themes if theme.id in best]


def _pairs(conn: Connection, open_pairs: Sequence[Suggestion]) -> list[Pair]:
    best = _best(conn, [number for pair in open_pairs for number in (pair.theme_id, pair.other_id)])
    return [
        Pair(
            pair,
            (
                (pair.theme_id, pair.theme, best[pair.theme_id]),
                (pair.other_id, pair.other, best[pair.other_id]),
            ),
        )
        for pair in open_pairs
        if pair.theme_id in best and pair.other_id in best
    ]


def _best(conn: Connection, themes: Sequence[int]) -> dict[int, Mention]:
    """Each theme's surest quote."""
    said: dict[int | None, list[Mention]] = {}
    for mention in insights_of_themes(conn, themes):
        said.setdefault(mention.theme_id, []).append(_mention(mention))
    return {theme: best_quotes(said[theme])[0] for theme in themes if theme in said}


def _mention(insight: StoredInsight) -> Mention:
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


def _done(conn: Connection, change_id: int | None) -> Change | None:
    """What was just done, to be told with the way back."""
    return changes.change(conn, change_id) if change_id else None
