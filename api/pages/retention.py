"""Retention on the pages: looked at and set on Settings, and a call put on hold."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from api.context import Context, Here
from api.pages.settings import Told, settings
from api.rest.parameters import Id
from api.rest.retention import Keeper, ask_for_run, ring_for_run, set_hold, set_rule
from api.users import User
from ingest.base.errors import EarshotError
from ingest.retention.rule import LONGEST_DAYS, BadRule, Rule

router = APIRouter()
Days = Annotated[str, Form()]
WHERE = "/settings#retention"


@router.get("/settings/retention")
def look(
    request: Request,
    here: Here,
    user: Keeper,
    recording_days: str | None = None,
    call_days: str | None = None,
) -> Response:
    """What these periods, in days, would let go; without them, the page as it is."""
    if recording_days is None and call_days is None:
        return RedirectResponse(WHERE, 303)
    try:
        wanted = Rule(_days(recording_days or ""), _days(call_days or ""))
    except BadRule as error:
        return settings(request, here, user, Told("retention", wrong=error))
    return settings(request, here, user, wanted=wanted)


@router.post("/settings/retention")
def keep_to(
    request: Request,
    here: Here,
    user: Keeper,
    version: Annotated[int, Form()],
    recording_days: Days = "",
    call_days: Days = "",
) -> Response:
    """Keep to these periods, which somebody has looked at."""
    try:
        rule = Rule(_days(recording_days), _days(call_days))
        with here.whole.connection() as conn:
            set_rule(conn, user, rule, version, confirmed=True)
    except EarshotError as error:
        return settings(request, here, user, Told("retention", wrong=error))
    return RedirectResponse(WHERE, 303)


@router.get("/settings/retention/run")
def leave_run(_: Keeper) -> Response:
    """Where a page that answered the form is loaded once more."""
    return RedirectResponse(WHERE, 303)


@router.post("/settings/retention/run")
def run(
    request: Request, here: Here, user: Keeper, confirmed: Annotated[bool, Form()] = False
) -> Response:
    """Let go of what is past without waiting for the night."""
    try:
        with here.whole.connection() as conn:
            ask_for_run(conn, user, confirmed=confirmed)
    except EarshotError as error:
        return settings(request, here, user, Told("retention", wrong=error))
    ring_for_run()
    return settings(request, here, user, Told("retention", "A worker begins within seconds."))


@router.post("/calls/{call_id}/hold")
def hold(
    here: Here, user: Keeper, call_id: Id, held: Annotated[bool, Form()], to: str = ""
) -> Response:
    """Put a call on hold, or lift that."""
    return _held(here, user, call_id, held, WHERE if to == "settings" else f"/calls/{call_id}")


def _held(here: Context, user: User, call_id: int, held: bool, back: str) -> Response:
    set_hold(here, user, call_id, held=held)
    return RedirectResponse(back, 303)


def _days(text: str) -> int | None:
    """A period as it was typed; None for no end. Raises BadRule."""
    typed = text.strip()
    if not typed:
        return None
    if not (typed.isascii() and typed.isdecimal() and len(typed) < 9):
        raise BadRule(
            f"“{typed[:40]}” is no number of days: write 1 to {LONGEST_DAYS:,}, or nothing."
        )
    return int(typed)
