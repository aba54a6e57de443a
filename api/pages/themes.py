"""What buyers wish: a board of the themes of their requests, and the pairs that may be the same
wish."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Response
from fastapi.responses import RedirectResponse

from api.context import Context, Here
from api.pages import words
from api.pages.calls import midnight
from api.pages.queries import known_names
from api.pages.site import page
from api.pages.theme import just_done, mention, words_of_themes
from api.rest.lists import decode, encode
from api.rest.parameters import Id, Reader, Themer, Words
from api.schemas import BIGINT, Text
from api.users import User
from api.veil import shown_quotes
from ingest.base.db import Connection
from ingest.base.errors import NotFound, Refused
from ingest.library.queries import segments
from insights.catalogue.queries import list_companies
from insights.digest import Mention, best_quotes
from insights.queries import surest_of_themes
from insights.stored import Company, InsightFilter
from insights.themes import queries
from insights.themes.changes import queries as changing
from insights.themes.history import queries as history
from insights.themes.theme import Rank, Status, Suggestion, Theme, ThemeFilter, ThemePosition

router = APIRouter()
Day = Annotated[date | Literal[""], Query()]

PAGE = 25
"""Themes on a page: as many as one looks through at a time."""
PAIRS = 10
"""Doubtful pairs on a page: the next ones come when these are decided."""
CHANGES = 10
EVERY = ThemeFilter()

RANKS = {Rank.ACCOUNTS: "Most accounts", Rank.VALUE: "Largest value", Rank.RECENCY: "Heard last"}
FILTERS = {
    "status": "status",
    "account": "account",
    "segment": "segment",
    "since": "heard from",
    "until": "heard before",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks to see."""

    wanted: ThemeFilter
    rank: Rank = Rank.ACCOUNTS
    before: str = ""

    @property
    def query(self) -> str:
        """The part of the address that asks this."""
        given = {each.name: getattr(self.wanted, each.name) for each in fields(self.wanted)}
        given |= {
            "sort": self.rank if self.rank is not Rank.ACCOUNTS else None,
            "before": self.before or None,
        }
        return urlencode({name: value for name, value in given.items() if value is not None})

    def address(self, **changed: object) -> str:
        """The address that asks this with another filter, from the start of the list."""
        wanted = replace(self.wanted, **changed)  # type: ignore[arg-type]
        return f"/themes?{replace(self, wanted=wanted, before='').query}"

    @property
    def filters(self) -> dict[str, str]:
        """What is asked of the themes of a company, in words."""
        given = {name: getattr(self.wanted, name) for name in FILTERS}
        return {name: str(value) for name, value in given.items() if value is not None}


def asked(
    company: Annotated[int | None, Query(ge=1, le=BIGINT)] = None,
    status: Status | Literal[""] = "",
    account: Words = None,
    segment: Words = None,
    since: Day = "",
    until: Day = "",
    sort: Rank = Rank.ACCOUNTS,
    before: str = "",
) -> Asked:
    """What is asked; an empty field of the form asks for nothing."""
    wanted = ThemeFilter(
        company,
        status or None,
        account or None,
        segment or None,
        since=since or None,
        until=until or None,
    )
    return Asked(wanted, sort, before)


@dataclass(frozen=True, slots=True)
class Row:
    """A theme in the list."""

    theme: Theme
    best: Mention
    others: Sequence[Mention]  # the next surest


@dataclass(frozen=True, slots=True)
class Pair:
    """Two themes that may be one, each with a quote."""

    suggestion: Suggestion
    sides: tuple[tuple[int, str, Mention], tuple[int, str, Mention]]  # theme's id, name, quote


@router.get("/themes")
def themes_page(
    here: Here,
    user: Reader,
    asked: Annotated[Asked, Depends(asked)],
    done: Annotated[int | None, Query(ge=1, le=BIGINT)] = None,
) -> Response:
    """One company's themes by rank, and the pairs to decide."""
    return _list(here, user, asked, done)


@router.post("/themes/{theme_id}/status")
def set_status(
    here: Here,
    user: Themer,
    theme_id: Id,
    status: Annotated[Status, Form()],
    note: Annotated[Text, Form()] = "",
    back: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Say what becomes of it; then where one was: in the list that `back` asks for, or at it."""
    try:
        with here.pool.connection() as conn:
            done = changing.set_status(conn, theme_id, status, note, user.id)
    except Refused as error:
        with here.pool.connection() as conn:
            company_id = queries.theme(conn, theme_id).company_id
        return _list(here, user, Asked(ThemeFilter(company_id)), wrong=error)
    if not back:
        return RedirectResponse(f"/themes/{theme_id}?done={done}", 303)
    return RedirectResponse(f"/themes?{back}&done={done}#theme-{theme_id}", 303)


@router.post("/theme-suggestions/{suggestion_id}/review")
def review_pair(
    here: Here, user: Themer, suggestion_id: Id, same: Annotated[bool, Form()]
) -> Response:
    """Same wish or different; then the next pair."""
    try:
        with here.pool.connection() as conn:
            done = changing.judge(conn, suggestion_id, same, user.id)
            company_id = history.change(conn, done).company_id
    except Refused as error:
        return _list(here, user, Asked(EVERY), wrong=error)
    return RedirectResponse(f"/themes?company={company_id}&done={done}#pairs", 303)


@router.post("/theme-changes/{change_id}/undo")
def undo(here: Here, user: Themer, change_id: Id) -> Response:
    """Take a change back."""
    with here.pool.connection() as conn:
        company_id = history.change(conn, change_id).company_id
    try:
        with here.pool.connection() as conn:
            done = changing.undo(conn, change_id, user.id)
    except Refused as error:
        return _list(here, user, Asked(ThemeFilter(company_id)), wrong=error)
    return RedirectResponse(f"/themes?company={company_id}&done={done}", 303)


def _list(
    here: Context, user: User, asked: Asked, done: int | None = None, wrong: Refused | None = None
) -> Response:
    with here.pool.connection() as conn:
        companies = list_companies(conn)
        company = _chosen(companies, asked.wanted.company)
        if company is None:
            return page("themes.html", user, company=None)
        asked = replace(asked, wanted=replace(asked.wanted, company=company.id))
        after = decode(asked.before or None, ThemePosition)
        found = queries.list_themes(conn, asked.wanted, asked.rank, after, PAGE + 1)
        more = queries.position(found[PAGE - 1]) if len(found) > PAGE else None
        undecided = queries.open_suggestions(conn, company.id)
        return page(
            "themes.html",
            user,
            status=wrong.status if wrong else 200,
            asked=asked,
            answer=_answer(found, asked),
            companies=companies,
            company=company,
            by_status=queries.count_by_status(conn, asked.wanted),
            rows=_rows(here, user, conn, found[:PAGE], asked.wanted),
            more=f"/themes?{replace(asked, before=encode(more)).query}" if more else "",
            dropped=[] if found or asked.before else _worth_dropping(conn, asked),
            pairs=_pairs(here, user, conn, undecided[:PAIRS]),
            undecided=len(undecided),
            history=history.changes(conn, company.id, limit=CHANGES),
            done=just_done(conn, done),
            wrong=str(wrong) if wrong else "",
            back=asked.query,
            accounts=known_names(conn).accounts,
            segments=segments(conn),
            RANKS=RANKS,
            **words_of_themes(),
        )


def _chosen(companies: Sequence[Company], company_id: int | None) -> Company | None:
    """The company asked for, else the one with the most calls; None where there is none at all."""
    if company_id is None:
        return max(companies, key=lambda company: company.calls, default=None)
    chosen = next((company for company in companies if company.id == company_id), None)
    if chosen is None:
        raise NotFound(f"There is no company {company_id}.")
    return chosen


def _answer(found: Sequence[Theme], asked: Asked) -> str:
    if not found:
        return "No wish fits this" if asked.filters else "Nobody has asked for a feature yet"
    if asked.before:
        return "What else buyers ask for"
    top = found[0]
    worth = words.dollars(top.value_usd)
    if asked.rank is Rank.RECENCY:
        return f"“{top.name}” was asked for last"
    if asked.rank is Rank.VALUE and worth:
        return f"“{top.name}” has most behind it: {worth}"
    if top.accounts < 2:
        return "No wish has come from two accounts yet"
    return f"“{top.name}” is asked for most: by {top.accounts} accounts" + (
        f", worth {worth}" if worth else ""
    )


def _worth_dropping(conn: Connection, asked: Asked) -> list[tuple[str, str]]:
    """The filters without which there are themes, each with the address that leaves it out."""
    return [
        (f"{FILTERS[name]} “{value}”", asked.address(**{name: None}))
        for name, value in asked.filters.items()
        if queries.list_themes(conn, replace(asked.wanted, **{name: None}), limit=1)
    ]


def _rows(
    here: Context, user: User, conn: Connection, themes: Sequence[Theme], wanted: ThemeFilter
) -> list[Row]:
    best = _best(here, user, conn, [theme.id for theme in themes], wanted)
    return [
        Row(theme, best[theme.id][0], best[theme.id][1:]) for theme in themes if theme.id in best
    ]


def _pairs(
    here: Context, user: User, conn: Connection, open_pairs: Sequence[Suggestion]
) -> list[Pair]:
    sides = [number for pair in open_pairs for number in (pair.theme_id, pair.other_id)]
    best = _best(here, user, conn, sides)
    return [
        Pair(
            pair,
            (
                (pair.theme_id, pair.theme, best[pair.theme_id][0]),
                (pair.other_id, pair.other, best[pair.other_id][0]),
            ),
        )
        for pair in open_pairs
        if pair.theme_id in best and pair.other_id in best
    ]


def _best(
    here: Context,
    user: User,
    conn: Connection,
    themes: Sequence[int],
    wanted: ThemeFilter = EVERY,
) -> dict[int, Sequence[Mention]]:
    """Each theme's surest quotes among the mentions that are wanted."""
    among = InsightFilter(
        account=wanted.account,
        segment=wanted.segment,
        since=midnight(wanted.since) if wanted.since else None,
        until=midnight(wanted.until) if wanted.until else None,
    )
    said: dict[int | None, list[Mention]] = {}
    for each in surest_of_themes(conn, themes, among):
        said.setdefault(each.theme_id, []).append(mention(each))
    return {
        theme: shown_quotes(here, user, conn, best_quotes(said[theme]))
        for theme in themes
        if theme in said
    }
