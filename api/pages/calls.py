"""The calls: what was heard, what is on the way, and where to bring more."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Response
from fastapi.responses import RedirectResponse

from api.context import Context, Here
from api.pages import queries, words
from api.pages.site import page
from api.queries import saved_views
from api.rest.calls import NotFailed, place, retry_call
from api.rest.lists import encode
from api.rest.parameters import Bringer, Reader
from api.users import User
from api.veil import shown_quotes
from ingest import queries as calls
from ingest.base.db import Connection
from ingest.calls import Call, CallState
from ingest.library.library import Place, Sort
from insights.digest import Mention
from insights.insight import Kind
from transcribe.language_names import language_name

router = APIRouter()

PAGE = 25
"""Calls on a page: as many as one looks through before filtering."""

STATES: dict[str, frozenset[CallState]] = {
    "": frozenset(CallState),
    "done": frozenset({CallState.DONE}),
    "underway": words.ON_THE_WAY,
    "failed": frozenset({CallState.FAILED}),
}


FILTER_WORDS = {"text": "title", "lead_source": "lead source", "since": "from", "until": "to"}
"""The filters that are called otherwise on the page than in its address."""

Day = date | Literal[""]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which calls are wanted in which order, as the address says it; empty asks for nothing."""

    text: str = ""
    account: str = ""
    rep: str = ""
    state: Literal["", "done", "underway", "failed"] = ""
    company: str = ""
    segment: str = ""
    stage: str = ""
    outcome: str = ""
    lead_source: str = ""
    since: Day = ""
    until: Day = ""  # the last day, in UTC as the first
    sort: Sort | Literal[""] = ""

    @property
    def asked(self) -> dict[str, str]:
        """What is asked for, the order too."""
        given = asdict(self) | {"sort": "" if self.sort == Sort.NEWEST else self.sort}
        return {name: str(value) for name, value in given.items() if value}

    @property
    def filters(self) -> dict[str, str]:
        """What is asked of the calls."""
        return {name: value for name, value in self.asked.items() if name != "sort"}

    @property
    def words(self) -> str:
        """The filter said back: account “Hartsoe Home”, state “failed”."""
        return ", ".join(self.said(name) for name in self.filters)

    def said(self, name: str) -> str:
        """One filter said back."""
        return f"{FILTER_WORDS.get(name, name)} “{self.filters[name]}”"

    @property
    def unusual(self) -> bool:
        """Whether something is asked for that is folded away else."""
        return bool(self.asked.keys() - {"text", "account", "rep", "state"})

    @property
    def order(self) -> Sort:
        return Sort(self.sort or Sort.NEWEST)


@dataclass(frozen=True, slots=True)
class Row:
    """A call in the list."""

    call: Call
    counts: list[tuple[Kind, str]]  # "3 objections"
    best: Mention | None  # the quote it is known by
    unmined: str  # the language that kept it from being mined; empty else

    @property
    def underway(self) -> bool:
        return self.call.state in words.ON_THE_WAY

    @property
    def state(self) -> str:
        return words.state_of(self.call)


@router.get("/calls")
def calls_page(
    here: Here, user: Reader, wanted: Annotated[Filter, Depends()], before: str = ""
) -> Response:
    """The list, and where recordings are dropped."""
    with here.pool.connection() as conn:
        shown = _shown(here, user, conn, wanted, before)
        known = queries.known_names(conn)
        views = saved_views(conn, user.id)
    open_view = next((view for view in views if view.query == urlencode(wanted.asked)), None)
    return page(
        "calls.html",
        user,
        known=known,
        views=views,
        open_view=open_view,
        max_mb=here.settings.max_upload_mb,
        **shown,
    )


@router.get("/calls/live")
def calls_live(
    here: Here, user: Reader, wanted: Annotated[Filter, Depends()], before: str = ""
) -> Response:
    """What of the list changes while calls are on their way."""
    with here.pool.connection() as conn:
        shown = _shown(here, user, conn, wanted, before)
    return page("calls_live.html", user, **shown)


@router.post("/calls/{call_id}/retry")
def retry(here: Here, user: Bringer, call_id: int) -> Response:
    """Try a failed call again; a second press of the button changes nothing."""
    with suppress(NotFailed):
        retry_call(here, user, call_id)
    return RedirectResponse(f"/calls/{call_id}", 303)


def _shown(
    here: Context, user: User, conn: Connection, wanted: Filter, before: str
) -> dict[str, Any]:
    """What the list's templates show."""
    found = _found(conn, wanted, place(before or None, wanted.order), PAGE + 1)
    return {
        "filter": wanted,
        "tally": queries.tally(conn),
        "rows": _rows(here, user, conn, found[:PAGE]),
        "older": _older(wanted, found[PAGE - 1]) if len(found) > PAGE else "",
        "newest": not before,
        "dropped": [] if found else _worth_dropping(conn, wanted),
        "Sort": Sort,
    }


def _found(conn: Connection, wanted: Filter, after: Place | None, limit: int) -> list[Call]:
    names = ("text", "account", "rep", "company", "segment", "stage", "outcome", "lead_source")
    return calls.list_calls(
        conn,
        **{name: getattr(wanted, name) or None for name in names},
        states=STATES[wanted.state],
        held_from=midnight(wanted.since) if wanted.since else None,
        held_to=midnight(wanted.until) + timedelta(1) if wanted.until else None,
        sort=wanted.order,
        before=after,
        limit=limit,
    )


def midnight(day: date) -> datetime:
    """The beginning of a day in UTC."""
    return datetime.combine(day, time(), UTC)


def _worth_dropping(conn: Connection, wanted: Filter) -> list[tuple[str, str]]:
    """The filters without which there are calls, each with the address that leaves it out."""
    empty: dict[str, Any] = dict.fromkeys(wanted.filters, "")
    without = {name: replace(wanted, **{name: empty[name]}) for name in empty}
    return [
        (wanted.said(name), f"/calls?{urlencode(other.asked)}")
        for name, other in without.items()
        if other.filters and _found(conn, other, None, 1)
    ]


def _older(wanted: Filter, last: Call) -> str:
    after = encode(Place.of(last, wanted.order))
    return f"/calls?{urlencode(wanted.asked | {'before': after})}"


def _rows(here: Context, user: User, conn: Connection, found: Sequence[Call]) -> list[Row]:
    ids = [call.id for call in found]
    counts = queries.counts_of(conn, ids)
    quotes = shown_quotes(here, user, conn, queries.best_of(conn, ids))
    best = {mention.call_id: mention for mention in quotes}
    languages = queries.unmined(conn, ids)
    return [
        Row(
            call,
            words.kinds_counted(counts.get(call.id, {})),
            best.get(call.id),
            language_name(languages.get(call.id, "")),
        )
        for call in found
    ]
