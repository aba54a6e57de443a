"""How long recordings and calls are kept: the rule, what it would do, what it did, and holds."""

from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from api.auth import needs
from api.context import Context, Here
from api.rest.lists import USUAL, Paged, Paging
from api.rest.parameters import Id, Reader
from api.retention_schemas import (
    ChangeOut,
    HoldOut,
    NewRule,
    NewRun,
    PreviewOut,
    RuleOut,
    RunOut,
    RunsOut,
)
from api.schemas import CallLine, Page
from api.users import Right, User
from ingest.base.db import Connection
from ingest.base.errors import Refused, Unavailable
from ingest.base.queue import RETAIN, ring
from ingest.calls import Call
from ingest.leftovers.queries import remains
from ingest.queries import get_call
from ingest.retention import queries
from ingest.retention.rule import Kept, Rule, RuleChanged, Unconfirmed
from insights.digest import count_words

router = APIRouter(tags=["Retention"])
Keeper = Annotated[User, Depends(needs(Right.RETAIN))]


@router.get("/retention")
def get_rule(here: Here, response: Response, _: Reader) -> RuleOut:
    """How long recordings and calls are kept. The ETag is for `If-Match`."""
    with here.pool.connection() as conn:
        return _told(response, queries.kept(conn))


@router.put("/retention")
def put_rule(
    here: Here,
    response: Response,
    user: Keeper,
    wanted: NewRule,
    if_match: Annotated[str | None, Header()] = None,
) -> RuleOut:
    """Keep to other periods from now on. What is past them goes with the first run of the next day,
    in UTC; till then they can be changed back."""
    rule = Rule(wanted.recording_days, wanted.call_days)
    with here.whole.connection() as conn:
        kept = set_rule(conn, user, rule, _version(if_match), confirmed=wanted.confirm)
    return _told(response, kept)


@router.get("/retention/preview")
def preview(
    here: Here,
    _: Keeper,
    recording_days: Annotated[int | None, Query()] = None,
    call_days: Annotated[int | None, Query()] = None,
) -> PreviewOut:
    """What these periods would let go; without any, what the present rule does. A period left out
    beside the other has no end."""
    with here.pool.connection() as conn:
        rule = Rule(recording_days, call_days)
        found = queries.preview(conn, rule if rule.limits else queries.kept(conn).rule)
    return PreviewOut.model_validate(found)


@router.get("/retention/changes")
def list_changes(here: Here, paged: Paged, _: Keeper) -> Page[ChangeOut]:
    """Every rule there was, the latest first."""
    with here.pool.connection() as conn:
        found = queries.changes(conn)
    return paged.page([ChangeOut.model_validate(each) for each in found])


@router.get("/retention/runs")
def list_runs(here: Here, paged: Paged, _: Keeper) -> RunsOut:
    """The latest runs: when, what went, what could not be removed and why."""
    with here.pool.connection() as conn:
        rest = remains(conn)
        shown, more = paged.of(queries.runs(conn, paged.most))
        return RunsOut(
            items=[RunOut.model_validate(run) for run in shown],
            next=more,
            waiting=queries.kept(conn).asked_by is not None,
            remains=rest.count if rest else 0,
            trouble=rest.trouble if rest else None,
        )


@router.post("/retention/runs", status_code=202)
def begin(
    request: Request, response: Response, here: Here, user: Keeper, wanted: NewRun
) -> RunsOut:
    """Have what is past let go now, without waiting for the night."""
    with here.whole.connection() as conn:
        ask_for_run(conn, user, confirmed=wanted.confirm)
    ring_for_run()
    return list_runs(here, Paging(request, response, 0, USUAL), user)


@router.get("/retention/holds")
def list_holds(here: Here, paged: Paged, _: Keeper) -> Page[HoldOut]:
    """The calls that are kept, whatever the rule: those held last first."""
    with here.pool.connection() as conn:
        found = queries.holds(conn, paged.most)
    return paged.page([HoldOut.model_validate(each) for each in found])


@router.put("/calls/{call_id}/hold")
def hold(here: Here, user: Keeper, call_id: Id) -> CallLine:
    """Keep this call with its recording, whatever the rule; it cannot be deleted either."""
    return CallLine.model_validate(set_hold(here, user, call_id, held=True))


@router.delete("/calls/{call_id}/hold")
def lift(here: Here, user: Keeper, call_id: Id) -> CallLine:
    """Have the rule count for this call again."""
    return CallLine.model_validate(set_hold(here, user, call_id, held=False))


def set_rule(
    conn: Connection, user: User, rule: Rule, version: int | None, *, confirmed: bool
) -> Kept:
    """Set the rule, unless something goes by it to which nobody agreed: Unconfirmed."""
    kept = queries.set_rule(conn, rule, user.name, version)
    if not confirmed and (going := queries.past(conn, kept.agreed)):
        raise Unconfirmed(
            f"{count_words(going.recordings, 'recording')} and "
            f"{count_words(going.calls, 'call')} would go with the next run. Look at what goes by "
            '/v1/retention/preview, and send "confirm": true to let it go.'
        )
    return kept


def ask_for_run(conn: Connection, user: User, *, confirmed: bool) -> None:
    """Have a run begin at once; confirmed, whatever the share that goes. Raises Refused."""
    kept = queries.kept(conn, hold=True)
    if not kept.rule.limits:
        raise Refused("Everything is kept for ever: set a period first.")
    if confirmed:
        queries.agree(conn, kept.rule.bounds(queries.clock(conn)))
    queries.ask(conn, user.name)


def ring_for_run() -> None:
    """Wake a worker."""
    with suppress(Unavailable):  # the clock rings again
        ring(RETAIN)


def set_hold(here: Context, user: User, call_id: int, *, held: bool) -> Call:
    """Put a call on hold, or lift that; the call then."""
    with here.whole.connection() as conn:
        if held:
            queries.hold(conn, call_id, user.name)
        else:
            queries.lift(conn, call_id)
        return get_call(conn, call_id)


def _told(response: Response, kept: Kept) -> RuleOut:
    response.headers["ETag"] = f'"{kept.version}"'
    return RuleOut(
        recording_days=kept.rule.recording_days,
        call_days=kept.rule.call_days,
        version=kept.version,
        changed_at=kept.changed_at,
        changed_by=kept.changed_by,
    )


def _version(if_match: str | None) -> int | None:
    """The version that a change is made of; None for any. Raises RuleChanged for one that never
    was."""
    if if_match is None or if_match.strip() == "*":
        return None
    number = if_match.strip().strip('"')
    if not (number.isascii() and number.isdecimal() and len(number) < 10):
        raise RuleChanged(f"The rule never had the ETag {if_match[:80]}: ask for it again.")
    return int(number)
