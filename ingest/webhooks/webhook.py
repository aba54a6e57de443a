"""Webhooks as values, and their rules: pure.

The form is Standard Webhooks 1.0: a JSON body of `type`, `timestamp` and `data`, and the headers
`webhook-id`, `webhook-timestamp` and `webhook-signature`.
"""

import secrets
from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPStatus

SECRET_PREFIX = "whsec_"  # noqa: S105 - how Standard Webhooks marks a secret
SECRET_BYTES = 32

OLD_SECRET_SERVES = timedelta(hours=24)
"""After a rotation both secrets sign for so long, so that a receiver can change over in peace."""

BACK_OFF = tuple(
    timedelta(**wait)
    for wait in (
        {"seconds": 5},
        {"seconds": 30},
        {"minutes": 2},
        {"minutes": 10},
        {"minutes": 30},
        {"hours": 1},
        {"hours": 2},
        {"hours": 4},
        {"hours": 6},
        {"hours": 11},
    )
)
"""Waits between the attempts, a day and three quarters of an hour in all: an endpoint that is away
overnight, or for a day, misses nothing."""

PAUSE_AFTER = timedelta(hours=24)
"""An endpoint that took nothing for so long, although it was asked, is paused."""

KEPT_DAYS = 30
"""How long events and their deliveries are kept, also those that wait for a paused endpoint."""


class EventType(StrEnum):
    """What can be told."""

    CALL_MINED = "call.mined"
    CALL_FAILED = "call.failed"
    PROPOSAL_CREATED = "proposal.created"


TEST = "webhook.test"
"""The type of the event that only tries an endpoint out."""


class EndpointState(StrEnum):
    """Whether an endpoint is sent anything."""

    ACTIVE = "active"
    PAUSED = "paused"


class DeliveryState(StrEnum):
    """How far an event has come on its way to an endpoint."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Who is told what, without its secret."""

    id: int
    company: str | None  # None: of every company
    url: str
    description: str
    events: tuple[EventType, ...]
    state: EndpointState
    notice: str | None  # why Earshot itself paused it
    failing_since: datetime | None
    old_secret_until: datetime | None
    created_at: datetime
    waiting: int  # deliveries that are not through yet
    failed: int  # deliveries that were given up


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event on its way to an endpoint, as the log shows it."""

    id: int
    event_id: str  # the webhook-id
    type: str
    body: str  # JSON, as it is sent
    occurred_at: datetime
    state: DeliveryState
    attempts: int
    tried_at: datetime | None
    next_try_at: datetime | None
    status: int | None  # of the last answer; None where there was none
    said: str  # the beginning of that answer, or why there was none


@dataclass(frozen=True, slots=True)
class Message:
    """A delivery that a worker has claimed, with all that sending needs."""

    delivery_id: int
    endpoint_id: int
    event_id: str
    body: str
    url: str
    secrets: tuple[str, ...]  # the newest first
    attempt: int  # from 1
    failing_for: timedelta  # how long nothing got through to the endpoint


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one attempt."""

    status: int | None  # None where there was no answer
    said: str  # the beginning of the answer, or why there was none

    @property
    def good(self) -> bool:
        """Whether the receiver took it."""
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows from an attempt."""

    state: DeliveryState
    wait: timedelta | None = None  # until the next attempt, where it is pending
    notice: str | None = None  # why the endpoint is paused now


def judge(message: Message, answer: Answer) -> Verdict:
    """Delivered, to be tried again, or given up; and whether the endpoint is paused."""
    if answer.good:
        return Verdict(DeliveryState.DELIVERED)
    if answer.status == HTTPStatus.GONE:  # how a receiver says that it wants no more
        return Verdict(DeliveryState.FAILED, notice="Paused, as the receiver answered 410 Gone.")
    notice = _paused(answer) if message.failing_for >= PAUSE_AFTER else None
    if message.attempt > len(BACK_OFF):
        return Verdict(DeliveryState.FAILED, notice=notice)
    return Verdict(DeliveryState.PENDING, BACK_OFF[message.attempt - 1], notice)


def _paused(answer: Answer) -> str:
    last = f"the receiver answered {answer.status}" if answer.status else answer.said.rstrip(".")
    return f"Paused, as nothing got through for 24 hours. The last time: {last}."


def new_secret() -> str:
    """A secret of 256 random bits, in the form that Standard Webhooks libraries take."""
    return SECRET_PREFIX + b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
