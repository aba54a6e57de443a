"""The shapes of webhooks, as in `api.schemas`."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, model_validator

from api.schemas import Answer, Body, Moment, Name, Text
from ingest.webhooks.address import LONGEST_URL
from ingest.webhooks.webhook import DeliveryState, EndpointState, EventType

Url = Annotated[
    str,
    Field(
        min_length=1,
        max_length=LONGEST_URL,
        description="Where messages are sent; https:// or http://, not a link-local address.",
        examples=["https://crm.example/hooks/earshot"],
    ),
]
Events = Annotated[
    list[EventType],
    Field(min_length=1, max_length=len(EventType), examples=[["call.mined", "call.failed"]]),
]


class WebhookOut(Answer):
    """Who is told what. Its secret is never shown again."""

    id: int = Field(examples=[1])
    url: str = Field(examples=["https://crm.example/hooks/earshot"])
    description: str = Field(examples=["CRM: a note at the deal"])
    events: list[EventType]
    company: str | None = Field(description="Whose calls are told of; null for everybody's.")
    state: EndpointState
    notice: str | None = Field(description="Why Earshot paused it by itself.")
    failing_since: datetime | None = Field(description="Since when nothing got through.")
    old_secret_until: datetime | None = Field(
        description="Until when the secret before the last rotation signs as well."
    )
    created_at: datetime
    waiting: int = Field(description="Messages that are not through yet.")
    failed: int = Field(description="Messages that were given up.")


class NewWebhook(Body):
    """Who is to be told what."""

    url: Url
    events: Events
    description: Text = ""
    company: Name | None = Field(None, description="Tell of this company's calls only.")


class WebhookChange(Body):
    """What is to be changed; the rest stays."""

    url: Url | None = None
    events: Events | None = None
    description: Text | None = None
    state: EndpointState | None = Field(
        None, description="`paused` sends nothing and keeps what happens; `active` sends it."
    )

    @model_validator(mode="before")
    @classmethod
    def _nothing_is_taken_away(cls, given: object) -> object:
        if isinstance(given, dict) and None in given.values():
            raise ValueError("a webhook can be without none of these: leave out what stays")
        return given


class WebhookMade(WebhookOut):
    """A webhook with its new secret, which is shown this once only."""

    secret: str = Field(examples=["whsec_…"])


class DeliveryOut(Answer):
    """A message on its way."""

    id: int
    event_id: str = Field(description="The `webhook-id`, the same at every attempt.")
    type: str = Field(examples=["call.mined"])
    body: str = Field(description="JSON, as it is sent.")
    occurred_at: datetime
    state: DeliveryState
    attempts: int
    tried_at: datetime | None
    next_try_at: datetime | None
    status: int | None = Field(description="What the receiver answered last.", examples=[500])
    said: str = Field(description="The beginning of that answer, or why there was none.")


class Since(Body):
    """From when on."""

    since: Moment = Field(examples=["2026-11-03T10:30:00Z"])


class Replayed(Answer):
    """How much is sent again."""

    deliveries: int
