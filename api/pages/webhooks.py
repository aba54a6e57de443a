"""Webhooks, for admins: who is told what, what became of it, and what to do about it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Response
from fastapi.responses import RedirectResponse

from api.auth import needs
from api.context import Context, Here
from api.pages.site import page
from api.rest.webhooks import ring_sender
from api.schemas import LONGEST_TEXT
from api.users import Right, User
from ingest.base.errors import Refused
from ingest.webhooks import queries
from ingest.webhooks.address import check_url
from ingest.webhooks.webhook import KEPT_DAYS, Endpoint, EndpointState, EventType, new_secret
from insights.digest import count_words

router = APIRouter(prefix="/webhooks")
Keeper = Annotated[User, Depends(needs(Right.WEBHOOKS))]
Field = Annotated[str, Form()]
Events = Annotated[Sequence[EventType], Form()]
Description = Annotated[str, Form(max_length=LONGEST_TEXT)]

SHOWN = 100
"""Deliveries on the page; the API lists them all."""


@router.get("")
def webhooks_page(here: Here, user: Keeper) -> Response:
    """All of them, and a form for a new one."""
    return _list(here, user)


@router.post("")
def add(
    here: Here, user: Keeper, url: Field = "", events: Events = (), description: Description = ""
) -> Response:
    """A new one: the page shows its secret, this once."""
    secret = new_secret()
    try:
        if not events:
            raise Refused("Choose at least one event to tell of.")
        check_url(url.strip())
    except Refused as error:
        return _list(here, user, wrong=error, url=url, description=description)
    with here.pool.connection() as conn:
        made = queries.add_endpoint(conn, url.strip(), events, secret, description.strip())
    return _one(here, user, made.id, secret=secret)


@router.get("/{webhook_id}")
def webhook_page(here: Here, user: Keeper, webhook_id: int) -> Response:
    """One, with its log."""
    return _one(here, user, webhook_id)


@router.post("/{webhook_id}/secret")
def rotate(here: Here, user: Keeper, webhook_id: int) -> Response:
    """A new secret, shown this once."""
    secret = new_secret()
    with here.pool.connection() as conn:
        queries.rotate(conn, webhook_id, secret)
    return _one(here, user, webhook_id, secret=secret)


@router.post("/{webhook_id}/state")
def set_state(
    here: Here, _: Keeper, webhook_id: int, state: Annotated[EndpointState, Form()]
) -> Response:
    """Pause it, or resume it."""
    change = queries.pause if state is EndpointState.PAUSED else queries.resume
    with here.pool.connection() as conn:
        change(conn, webhook_id)
    return _sent(webhook_id)


@router.post("/{webhook_id}/test")
def try_out(here: Here, _: Keeper, webhook_id: int) -> Response:
    """Send something that means nothing."""
    with here.pool.connection() as conn:
        queries.try_out(conn, webhook_id)
    return _sent(webhook_id)


@router.post("/{webhook_id}/replay")
def replay_failed(here: Here, _: Keeper, webhook_id: int) -> Response:
    """Send again all that was given up."""
    with here.pool.connection() as conn:
        queries.endpoint(conn, webhook_id)
        queries.replay_failed(conn, webhook_id, datetime.now(UTC) - timedelta(days=KEPT_DAYS))
    return _sent(webhook_id)


@router.post("/{webhook_id}/deliveries/{delivery_id}/replay")
def replay(here: Here, _: Keeper, webhook_id: int, delivery_id: int) -> Response:
    """Send one message again."""
    with here.pool.connection() as conn:
        queries.replay(conn, webhook_id, delivery_id)
    return _sent(webhook_id)


@router.post("/{webhook_id}/remove")
def remove(here: Here, _: Keeper, webhook_id: int) -> Response:
    """Tell it nothing more."""
    with here.pool.connection() as conn:
        queries.delete_endpoint(conn, webhook_id)
    return RedirectResponse("/webhooks", 303)


def _sent(webhook_id: int) -> Response:
    ring_sender()
    return RedirectResponse(f"/webhooks/{webhook_id}", 303)


def _list(
    here: Context, user: User, wrong: Refused | None = None, url: str = "", description: str = ""
) -> Response:
    with here.pool.connection() as conn:
        found = queries.endpoints(conn)
    return page(
        "webhooks.html",
        user,
        status=wrong.status if wrong else 200,
        answer=_answer(found),
        endpoints=found,
        event_types=list(EventType),
        wrong=wrong,
        url=url,
        description=description,
    )


def _answer(found: Sequence[Endpoint]) -> str:
    if not found:
        return "No other program is told of what happens here."
    paused = sum(each.state is EndpointState.PAUSED for each in found)
    told = f"{count_words(len(found), 'program')} {'is' if len(found) == 1 else 'are'} told"
    return f"{told} of what happens here" + (f"; {paused} of them paused." if paused else ".")


def _one(here: Context, user: User, webhook_id: int, secret: str = "") -> Response:
    with here.pool.connection() as conn:
        endpoint = queries.endpoint(conn, webhook_id)
        deliveries = queries.deliveries(conn, webhook_id, limit=SHOWN + 1)
    return page(
        "webhook.html",
        user,
        endpoint=endpoint,
        deliveries=deliveries[:SHOWN],
        more=len(deliveries) > SHOWN,
        shown=SHOWN,
        secret=secret,
    )
