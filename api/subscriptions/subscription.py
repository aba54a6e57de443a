"""Subscriptions and their deliveries: values, and what may be subscribed to."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cache
from ipaddress import ip_address
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from api.users import Role
from ingest.base.errors import Refused
from insights.digest import Week
from insights.digests.edition import Audience

LONGEST_ADDRESS = 2000
"""Characters: webhooks of Teams are several hundred long."""

MOST_SUBSCRIPTIONS = 20
"""Of one user: enough for each digest by each way, and no means to flood others."""


_MAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
"""As browsers check it (HTML, valid e-mail address), and with a dot in its domain."""


class BadSubscription(Refused):
    """Something that no digest can be sent by."""

    code = "bad-subscription"


class Channel(StrEnum):
    """How a digest comes."""

    MAIL = "mail"
    SLACK = "slack"
    TEAMS = "teams"


class State(StrEnum):
    """Where the delivery of one week's digest stands."""

    WAITING = "waiting"  # to be tried again
    CLAIMED = "claimed"  # a worker has it, and nothing has left yet
    HANDING_OVER = "handing_over"  # the other side may have it from now on
    SENT = "sent"
    UNSURE = "unsure"  # the connection or the worker broke off while handing over
    FAILED = "failed"
    MISSED = "missed"  # nothing ran in the week in which it was due


@dataclass(frozen=True, slots=True)
class Wish:
    """What a user asks for."""

    audience: Audience
    channel: Channel
    address: str
    zone: str
    hour: int  # 0 to 23, of Monday in the zone


@dataclass(frozen=True, slots=True)
class Subscription:
    """A digest that a user gets."""

    id: int
    user_id: int
    user: str
    wish: Wish
    created_at: datetime
    rep: str | None = None  # whose calls the user sees; None for all

    @property
    def place(self) -> str:
        """Where it goes, without what would let others post there."""
        if self.wish.channel is Channel.MAIL:
            return self.wish.address
        return urlsplit(self.wish.address).hostname or ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One week's digest on its way to a subscriber."""

    subscription_id: int
    week: Week
    state: State
    attempts: int
    until: datetime | None  # it is left alone: waiting, or at work
    note: str | None
    sent_at: datetime | None

    def to_try(self, now: datetime) -> bool:
        """Whether it is to be tried, as it waits for it or as its worker ended early."""
        open_ = self.state in (State.WAITING, State.CLAIMED)
        return open_ and self.until is not None and self.until <= now


def checked(wish: Wish, webhook_hosts: str) -> Wish:
    """The wish with its address tidied. Raises BadSubscription, which says what to do.

    `webhook_hosts` are the patterns of hosts that may be posted to, parted by commas: a user must
    not make the server call whatever it can reach.
    """
    if not 0 <= wish.hour <= 23:
        raise BadSubscription(f"{wish.hour} is no hour: choose one from 0 to 23.")
    if not known_zone(wish.zone):
        raise BadSubscription(f"“{wish.zone[:60]}” is no time zone: write it like Europe/London.")
    address = wish.address.strip()
    if not address or len(address) > LONGEST_ADDRESS or not address.isprintable():
        raise BadSubscription("Say where the digest should go: a mail address or a webhook’s.")
    if wish.channel is Channel.MAIL:
        _check_mail(address)
    else:
        _check_webhook(address, webhook_hosts)
    return Wish(wish.audience, wish.channel, address, wish.zone, wish.hour)


def usual_audience(role: Role) -> Audience:
    """The digest that is a role's own; an admin reads the widest."""
    return Audience.MARKETING if role is Role.ADMIN else Audience(role)


def known_zone(name: str) -> bool:
    """Whether this is a time zone of the IANA database."""
    return name in zones()


@cache
def zones() -> frozenset[str]:
    """The time zones that are known here; finding them reads hundreds of files."""
    return frozenset(available_timezones())


def _check_mail(address: str) -> None:
    if not _MAIL.fullmatch(address) or len(address) > 254:
        raise BadSubscription(
            f"“{address[:60]}” is no mail address: write it like ana@example.com."
        )


def _check_webhook(address: str, hosts: str) -> None:
    try:
        parts = urlsplit(address)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    if parts.scheme not in ("https", "http") or not host or parts.username is not None:
        raise BadSubscription(
            "A webhook’s address begins with https://: copy it as you were given."
        )
    if parts.scheme == "http" and not _is_loopback(host):
        raise BadSubscription("A webhook’s address has to begin with https://.")
    patterns = [each.strip().lower() for each in hosts.split(",")]
    named = host if port in (None, 443) else f"{host}:{port}"
    if not any(fnmatchcase(named, pattern) for pattern in patterns):
        raise BadSubscription(
            f"{named[:100]} is not among the hosts that Earshot may post to: have an admin add it"
            " to EARSHOT_WEBHOOK_HOSTS."
        )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
