"""Mining old calls again: asked for, watched, applied."""

from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from api.auth import needs
from api.context import Here
from api.remine_schemas import (
    NewRemine,
    RemineCall,
    RemineChange,
    RemineFailure,
    RemineLine,
    RemineOut,
)
from api.rest.parameters import Id
from api.users import Right, User
from ingest.base.db import Connection
from ingest.base.errors import Unavailable
from ingest.base.queue import REMINE, ring
from insights.remines import queries
from insights.remines.remine import Remine, Scope

router = APIRouter(prefix="/remines", tags=["Remines"])
Keeper = Annotated[User, Depends(needs(Right.REMINE))]

EXAMPLES = 3
"""Quotes shown of a label, of those that appear and of those that disappear."""

MOST_CALLS = 200
"""Calls listed by name; the rest are counted."""


@router.post("", status_code=202)
def begin(here: Here, response: Response, user: Keeper, wanted: NewRemine) -> RemineLine:
    """Look what the present catalogue and model find in the calls mined before, and what would
    appear and disappear. Nothing changes until it is applied."""
    scope = Scope(wanted.since, wanted.company, wanted.kind)
    with here.pool.connection() as conn:
        begun = queries.ask(conn, scope, user.name, dry_run=wanted.dry_run)
    _ring()
    response.headers["Location"] = f"/v1/remines/{begun.id}"
    return RemineLine.model_validate(begun)


@router.get("/{remine_id}")
def get_remine(here: Here, _: Keeper, remine_id: Id) -> RemineOut:
    """How far a remine is, and what it found so far."""
    with here.pool.connection() as conn:
        return _whole(conn, queries.remine(conn, remine_id))


@router.post("/{remine_id}/apply", status_code=202)
def apply(here: Here, _: Keeper, remine_id: Id) -> RemineLine:
    """Put what a remine found in the place of the old insights, call by call. Those that a person
    has reviewed stay as they are."""
    with here.pool.connection() as conn:
        asked = queries.ask_to_apply(conn, remine_id)
    _ring()
    return RemineLine.model_validate(asked)


def _ring() -> None:
    with suppress(Unavailable):  # the clock rings again
        ring(REMINE)


def _whole(conn: Connection, remine: Remine) -> RemineOut:
    changes = queries.changes(conn, remine.id, EXAMPLES)
    calls = queries.changed_calls(conn, remine.id, MOST_CALLS)
    failures = queries.failures(conn, remine.id, MOST_CALLS)
    return RemineOut(
        **RemineLine.model_validate(remine).model_dump(),
        changes=[RemineChange.model_validate(change) for change in changes],
        calls_changed=queries.count_changed_calls(conn, remine.id),
        changed_calls=[RemineCall.model_validate(call) for call in calls],
        failures=[RemineFailure(call_id=call, failure=why) for call, why in failures],
    )
