"""Webhooks: who is told what, and what became of it."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api.auth import needs
from api.context import Here
from api.idempotency.once import shown_once
from api.rest.lists import Cursor, Limit, Paged, decode, next_cursor
from api.rest.parameters import Id
from api.schemas import Page
from api.users import Right, User
from api.webhook_schemas import (
    DeliveryOut,
    NewWebhook,
    Replayed,
    Since,
    WebhookChange,
    WebhookMade,
    WebhookOut,
)
from ingest.base.db import Connection
from ingest.base.errors import Unavailable
from ingest.base.queue import SEND, ring
from ingest.webhooks import queries
from ingest.webhooks.address import check_url
from ingest.webhooks.webhook import DeliveryState, EndpointState, new_secret

router = APIRouter(prefix="/webhooks", tags=["Webhooks"])
Keeper = Annotated[User, Depends(needs(Right.WEBHOOKS))]


@dataclass(frozen=True, slots=True)
class LogPosition:
    """Where a page of the log ended."""

    id: int


@router.get("")
def list_webhooks(here: Here, paged: Paged, _: Keeper) -> Page[WebhookOut]:
    """Every webhook, the oldest first."""
    with here.pool.connection() as conn:
        found = queries.endpoints(conn)
    return paged.page([WebhookOut.model_validate(each) for each in found])


@router.post("", status_code=201, dependencies=[Depends(shown_once)])
def make_webhook(here: Here, response: Response, _: Keeper, wanted: NewWebhook) -> WebhookMade:
    """Have a URL told of what happens, in the Standard Webhooks form. The secret that its messages
    are signed with is in this answer only."""
    check_url(wanted.url)
    secret = new_secret()
    with here.pool.connection() as conn:
        made = queries.add_endpoint(
            conn, wanted.url, wanted.events, secret, wanted.description, wanted.company
        )
    response.headers["Location"] = f"/v1/webhooks/{made.id}"
    return _with_secret(WebhookOut.model_validate(made), secret)


@router.get("/{webhook_id}")
def get_webhook(here: Here, _: Keeper, webhook_id: Id) -> WebhookOut:
    """One webhook."""
    with here.pool.connection() as conn:
        return _out(conn, webhook_id)


@router.patch("/{webhook_id}")
def change_webhook(here: Here, _: Keeper, webhook_id: Id, change: WebhookChange) -> WebhookOut:
    """Change what is given; pause it, or resume it, which sends what waited."""
    if change.url:
        check_url(change.url)
    with here.pool.connection() as conn:
        queries.change_endpoint(
            conn,
            webhook_id,
            url=change.url,
            description=change.description,
            events=change.events,
        )
        if change.state is EndpointState.PAUSED:
            queries.pause(conn, webhook_id)
        elif change.state is EndpointState.ACTIVE:
            queries.resume(conn, webhook_id)
        changed = _out(conn, webhook_id)
    ring_sender()
    return changed


@router.delete("/{webhook_id}", status_code=204)
def delete_webhook(here: Here, _: Keeper, webhook_id: Id) -> None:
    """Tell this URL nothing more, and forget what became of what was told."""
    with here.pool.connection() as conn:
        queries.delete_endpoint(conn, webhook_id)


@router.post("/{webhook_id}/secret", dependencies=[Depends(shown_once)])
def rotate_secret(here: Here, _: Keeper, webhook_id: Id) -> WebhookMade:
    """A new secret, in this answer only. For a day the old one signs as well."""
    secret = new_secret()
    with here.pool.connection() as conn:
        queries.rotate(conn, webhook_id, secret)
        return _with_secret(_out(conn, webhook_id), secret)


@router.post("/{webhook_id}/test", status_code=202)
def try_webhook(here: Here, _: Keeper, webhook_id: Id) -> DeliveryOut:
    """Send a `webhook.test`, to see whether it arrives: ask for the delivery in a moment."""
    with here.pool.connection() as conn:
        delivery_id = queries.try_out(conn, webhook_id)
        sent = DeliveryOut.model_validate(queries.delivery(conn, webhook_id, delivery_id))
    ring_sender()
    return sent


@router.post("/{webhook_id}/replay", status_code=202)
def replay_failed(here: Here, _: Keeper, webhook_id: Id, wanted: Since) -> Replayed:
    """Send again what was given up of all that happened since then."""
    with here.pool.connection() as conn:
        queries.endpoint(conn, webhook_id)
        again = queries.replay_failed(conn, webhook_id, wanted.since)
    ring_sender()
    return Replayed(deliveries=again)


@router.get("/{webhook_id}/deliveries")
def list_deliveries(
    request: Request,
    response: Response,
    here: Here,
    _: Keeper,
    webhook_id: Id,
    state: DeliveryState | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[DeliveryOut]:
    """The messages to this URL of the last 30 days, the latest first."""
    after = decode(cursor, LogPosition)
    with here.pool.connection() as conn:
        queries.endpoint(conn, webhook_id)
        found = queries.deliveries(
            conn, webhook_id, state=state, before=after.id if after else None, limit=limit + 1
        )
    shown = found[:limit]
    more = LogPosition(shown[-1].id) if len(found) > limit else None
    return Page(
        items=[DeliveryOut.model_validate(each) for each in shown],
        next=next_cursor(request, response, more),
    )


@router.get("/{webhook_id}/deliveries/{delivery_id}")
def get_delivery(here: Here, _: Keeper, webhook_id: Id, delivery_id: Id) -> DeliveryOut:
    """One message, and what became of it."""
    with here.pool.connection() as conn:
        return DeliveryOut.model_validate(queries.delivery(conn, webhook_id, delivery_id))


@router.post("/{webhook_id}/deliveries/{delivery_id}/replay", status_code=202)
def replay(here: Here, _: Keeper, webhook_id: Id, delivery_id: Id) -> DeliveryOut:
    """Send one message again, under the same `webhook-id`."""
    with here.pool.connection() as conn:
        queries.replay(conn, webhook_id, delivery_id)
        again = DeliveryOut.model_validate(queries.delivery(conn, webhook_id, delivery_id))
    ring_sender()
    return again


def ring_sender() -> None:
    """Have the worker look at once; where the broker is away, the clock rings."""
    with suppress(Unavailable):
        ring(SEND)


def _out(conn: Connection, webhook_id: int) -> WebhookOut:
    return WebhookOut.model_validate(queries.endpoint(conn, webhook_id))


def _with_secret(webhook: WebhookOut, secret: str) -> WebhookMade:
    return WebhookMade(**webhook.model_dump(), secret=secret)
