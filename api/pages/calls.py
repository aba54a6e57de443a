"""The calls: what was heard, what is on the way, and where to bring more."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Response
from fastapi.responses import RedirectResponse

from api.auth import needs
from api.context import Here
from api.pages import queries, words
from api.pages.site import page
from api.rest.calls import NotFailed, retry_call
from api.rest.lists import decode, encode
from api.users import Right, User
from ingest import queries as calls
from ingest.base.db import Connection
from ingest.calls import Call, CallState
from insights.digest import Mention
from insights.insight import Kind

router = APIRouter()
Reader = Annotated[User, Depends(needs(Right.READ))]
Bringer = Annotated[User, Depends(needs(Right.BRING))]

PAGE = 25
"""Calls on a page: as many as one looks through before filtering."""

STATES: dict[str, frozenset[CallState]] = {
    "": frozenset(CallState),
    "done": frozenset({CallState.DONE}),
    "underway": words.ON_THE_WAY,
    "failed": frozenset({CallState.FAILED}),
}


@dataclass(frozen=True, slots=True)
class Filter:
    """Which calls are wanted, as the address says it; empty asks for nothing."""

    text: str = ""
    account: str = ""
    rep: str = ""
    state: Literal["", "done", "underway", "failed"] = ""

    @property
    def asked(self) -> dict[str, str]:
        """What is asked for."""
        return {name: value for name, value in asdict(self).items() if value}

    @property
    def words(self) -> str:
        """The filter said back: account “Hartsoe Home”, state “failed”."""
        return ", ".join(f"{name} “{value}”" for name, value in self.asked.items())


@dataclass(frozen=True, slots=True)
class Place:
    """The last call of a page: the next goes on after it."""

    held_at: datetime
    id: int


@dataclass(frozen=True, slots=True)
class Row:
    """A call in the list."""

    call: Call
    counts: list[tuple[Kind, str]]  # "3 objections"
    best: Mention | None  # the quote it is known by

    @property
    def underway(self) -> bool:
        return self.call.state in words.ON_THE_WAY

    @property
    def state(self) -> str:
        return words.state_of(self.call)


@router.get("/")
@router.get("/calls")
def calls_page(
    here: Here, user: Reader, wanted: Annotated[Filter, Depends()], before: str = ""
) -> Response:
    """The list, and where recordings are dropped."""
    with here.pool.connection() as conn:
        shown = _shown(conn, wanted, before)
        known = queries.known_names(conn)
    return page("calls.html", user, known=known, max_mb=here.settings.max_upload_mb, **shown)


@router.get("/calls/live")
def calls_live(
    here: Here, user: Reader, wanted: Annotated[Filter, Depends()], before: str = ""
) -> Response:
    """What of the list changes while calls are on their way."""
    with here.pool.connection() as conn:
        shown = _shown(conn, wanted, before)
    return page("calls_live.html", user, **shown)


@router.post("/calls/{call_id}/retry")
def retry(here: Here, user: Bringer, call_id: int) -> Response:
    """Try a failed call again; a second press of the button changes nothing."""
    with suppress(NotFailed):
        retry_call(here, user, call_id)
    return RedirectResponse(f"/calls/{call_id}", 303)


def _shown(conn: Connection, wanted: Filter, before: str) -> dict[str, Any]:
    """What the list's templates show."""
    last = decode(before or None, Place)
    found = calls.list_calls(
        conn,
        text=wanted.text or None,
        account=wanted.account or None,
        rep=wanted.rep or None,
        states=STATES[wanted.state],
        before=(last.held_at, last.id) if last else None,
        limit=PAGE + 1,
    )
    return {
        "filter": wanted,
        "tally": queries.tally(conn),
        "rows": _rows(conn, found[:PAGE]),
        "older": _older(wanted, found[PAGE - 1]) if len(found) > PAGE else "",
        "newest": not before,
    }


def _older(wanted: Filter, last: Call) -> str:
    place = encode(Place(last.held_at, last.id))
    return f"/calls?{urlencode(wanted.asked | {'before': place})}"


def _rows(conn: Connection, found: Sequence[Call]) -> list[Row]:
    ids = [call.id for call in found]
    counts, best = queries.counts_of(conn, ids), queries.best_of(conn, ids)
    return [
        Row(call, words.kinds_counted(counts.get(call.id, {})), best.get(call.id)) for call in found
    ]
