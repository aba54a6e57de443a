"""Digests that come by themselves: what a reader gets, the archive, and the way out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse

from api.context import Context, Here
from api.pages.letters.letter import letter
from api.pages.site import page
from api.rest.parameters import Id, Reader
from api.subscriptions import queries, signing
from api.subscriptions.schedule import due_at, due_week
from api.subscriptions.subscription import (
    BadSubscription,
    Channel,
    Delivery,
    State,
    Subscription,
    Wish,
    checked,
    usual_audience,
    zones,
)
from api.users import User
from api.veil import shown_quotes
from ingest.base.errors import NotFound
from insights.digest import Week
from insights.digests import make
from insights.digests.edition import Audience
from insights.digests.queries import Archived, archive, kept_edition, mentions_of

router = APIRouter()

ARCHIVED = 60
"""Digests on a page: twenty weeks of all three."""

CHANNELS: dict[Channel, str] = {
    Channel.MAIL: "Mail",
    Channel.SLACK: "Slack",
    Channel.TEAMS: "Microsoft Teams",
}
USUAL_HOUR = 8


@dataclass(frozen=True, slots=True)
class Row:
    """One of a reader's digests."""

    subscription: Subscription
    last: Delivery | None
    next: datetime  # in its zone

    @property
    def again(self) -> bool:
        """Whether the last one may be sent again."""
        return self.last is not None and self.last.state in (State.UNSURE, State.FAILED)


@router.get("/digests")
def digests_page(here: Here, user: Reader, before: str = "") -> Response:
    """What the reader gets, and all digests that were told."""
    return _page(here, user, before=Week.parse(before) if before else None)


@router.post("/digests")
def subscribe(
    here: Here,
    user: Reader,
    audience: Annotated[Audience, Form()],
    channel: Annotated[Channel, Form()],
    address: Annotated[str, Form()] = "",
    zone: Annotated[str, Form()] = "",
    hour: Annotated[int, Form()] = USUAL_HOUR,
) -> Response:
    """Another digest, or another time for one."""
    asked = Wish(audience, channel, address, zone.strip(), hour)
    try:
        wish = checked(asked, here.settings.webhook_hosts)
        with here.pool.connection() as conn:
            queries.subscribe(conn, user.id, wish, datetime.now(UTC))
    except BadSubscription as error:
        return _page(here, user, asked=asked, wrong=error)
    return RedirectResponse("/digests", 303)


@router.post("/digests/{subscription_id}/end")
def end(here: Here, user: Reader, subscription_id: Id) -> Response:
    """Get this one no more."""
    with here.pool.connection() as conn:
        if subscription_id not in {each.id for each in queries.subscriptions_of(conn, user.id)}:
            raise NotFound(f"You have no digest {subscription_id}.")
        queries.unsubscribe(conn, subscription_id, datetime.now(UTC))
    return RedirectResponse("/digests", 303)


@router.post("/digests/{subscription_id}/again")
def again(here: Here, user: Reader, subscription_id: Id) -> Response:
    """Send the last one again, of which nobody knows whether it arrived."""
    with here.pool.connection() as conn:
        queries.send_again(conn, user.id, subscription_id, datetime.now(UTC))
    return RedirectResponse("/digests", 303)


@router.get("/digests/{week}/{audience}")
def edition_page(here: Here, user: Reader, week: str, audience: Audience) -> Response:
    """A digest as it was told; of a week of which none was, as it is now."""
    told, now = Week.parse(week), datetime.now(UTC)
    with here.pool.connection() as conn:
        edition = kept_edition(conn, told, audience)
        if edition is None and told >= Week.of(now):
            raise NotFound(
                f"Week {told.number} is not over: its digest is made on the Monday after."
            )
        shown = edition or make.edition(conn, told, audience, now)
        quotes = shown_quotes(here, user, conn, mentions_of(conn, shown.quotes))
    return page(
        "edition.html",
        user,
        letter=letter(shown, quotes, ""),
        quotes=quotes,
        kept=edition is not None,
        audiences=Audience,
    )


@router.get("/unsubscribe/{token}")
def ask(here: Here, token: str) -> Response:
    """Ask first: mail programs open links to preview them."""
    return page("unsubscribe.html", None, subscription=_by_token(here, token), done=False)


@router.post("/unsubscribe/{token}")
def unsubscribe(here: Here, token: str) -> Response:
    """End it: by the button, or as a mail program does for its reader (RFC 8058), which has no
    log-in and follows no redirect. The token is what proves who may."""
    subscription = _by_token(here, token)
    if subscription:
        with here.pool.connection() as conn:
            queries.unsubscribe(conn, subscription.id, datetime.now(UTC))
    return page("unsubscribe.html", None, subscription=subscription, done=True)


def _by_token(here: Context, token: str) -> Subscription | None:
    """The subscription that a link ends; None where it was ended. Raises NotFound."""
    with here.pool.connection() as conn:
        number = signing.subscription_of(queries.signing_key(conn), token)
        if number is None:
            raise NotFound("This link is not whole: copy it as it stands in the digest.")
        return queries.subscription(conn, number)


def _page(
    here: Context,
    user: User,
    *,
    before: Week | None = None,
    asked: Wish | None = None,
    wrong: BadSubscription | None = None,
) -> Response:
    now = datetime.now(UTC)
    with here.pool.connection() as conn:
        latest = queries.latest_deliveries(conn, user.id)
        rows = [
            _row(each, latest.get(each.id), now) for each in queries.subscriptions_of(conn, user.id)
        ]
        found = archive(conn, ARCHIVED, before)
    return page(
        "digests.html",
        user,
        422 if wrong else 200,
        rows=rows,
        weeks=_by_week(found),
        older=found[-1].week if len(found) == ARCHIVED else None,
        newest=before is None,
        asked=asked or _usual(user, mail=bool(here.settings.smtp_url)),
        wrong=wrong,
        mail=bool(here.settings.smtp_url),
        **_choices(),
    )


def _choices() -> dict[str, Any]:
    return {"Audience": Audience, "Channel": Channel, "CHANNELS": CHANNELS, "State": State} | {
        "zones": _to_choose()
    }


def _to_choose() -> list[str]:
    """The zones that people live in, to choose from."""
    return ["UTC", *sorted(z for z in zones() if "/" in z and z[:4] != "Etc/")]


def _usual(user: User, *, mail: bool) -> Wish:
    own = usual_audience(user.role)
    return Wish(own, Channel.MAIL if mail else Channel.SLACK, "", "", USUAL_HOUR)


def _row(subscription: Subscription, last: Delivery | None, now: datetime) -> Row:
    zone, hour = subscription.wish.zone, subscription.wish.hour
    following = due_at(due_week(zone, hour, now).after, zone, hour)
    return Row(subscription, last, following)


def _by_week(found: Sequence[Archived]) -> dict[Week, list[Archived]]:
    weeks: dict[Week, list[Archived]] = {}
    for each in found:
        weeks.setdefault(each.week, []).append(each)
    return weeks
