"""Send the digests that are due, each once a week a reader.

The order is: claim (one row a subscription and week), put the letter together, connect, note that
it leaves, hand it over, note that it was taken. Before “it leaves” is noted, a worker that ends, or
a server that is away, costs nothing: another try follows. After it, what breaks off before an
answer is never tried again by itself, as it might arrive twice: it is “unsure”, its reader sees so
on the page of digests and in the next digest, and may have it sent again. Its Message-ID would be
the same then.
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from api.pages.letters.letter import Letter, letter, to_slack, to_teams
from api.pages.letters.mail import message
from api.subscriptions import handing, queries, signing
from api.subscriptions.schedule import Due, due
from api.subscriptions.subscription import (
    BadSubscription,
    Channel,
    State,
    Subscription,
    checked,
)
from ingest.base import db
from ingest.base.errors import LeaseLost
from ingest.base.log import get_logger
from ingest.base.settings import Settings
from insights.digest import Mention, Week
from insights.digests import make
from insights.digests.edition import Edition
from insights.digests.make import kept
from insights.digests.queries import mentions_of
from transcribe.pii.queries import veil_over

CLAIM = timedelta(minutes=5)
"""How long a worker has until the digest leaves; another takes it over after that."""

HANDING_OVER = timedelta(minutes=15)
"""How long it may take to arrive: longer than all the waiting of `handing`."""

PAUSES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=20), timedelta(hours=1))
"""Before each try after one that failed, the last for all that follow: until the week is over."""

Clock = Callable[[], datetime]

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that is this worker's for a while."""

    subscription: Subscription
    week: Week
    owner: str
    attempts: int  # with this one

    @property
    def which(self) -> tuple[int, Week]:
        return self.subscription.id, self.week


def deliver_due(settings: Settings, clock: Clock) -> int:
    """Send what is due by `clock` (aware); how many were taken. Safe in any number of processes."""
    taken = 0
    away: set[str] = set()  # servers that did not take one: the others for them wait for their turn
    with db.connect(settings.database_url) as conn:
        with conn.transaction():
            _give_up_stale(conn, clock())
            latest = queries.latest_deliveries(conn)
            standing = queries.subscriptions(conn)
        for each in standing:
            wanted = due(each, latest.get(each.id), clock())
            if wanted is None or _server(each) in away:
                continue
            if claim := _claimed(conn, each, wanted, clock()):
                state = _deliver(settings, conn, claim, clock)
                taken += state is State.SENT
                away |= {_server(each)} if state is State.WAITING else set()
    return taken


def _give_up_stale(conn: db.Connection, now: datetime) -> None:
    for number, week in queries.give_up_stale(conn, now):
        log.warning("a digest may not have arrived", subscription=number, week=str(week))


def _server(subscription: Subscription) -> str:
    """What takes it: all mail goes by one server."""
    mail = subscription.wish.channel is Channel.MAIL
    return Channel.MAIL if mail else subscription.place


def _claimed(
    conn: db.Connection, subscription: Subscription, wanted: Due, now: datetime
) -> Claim | None:
    owner, week = uuid.uuid4().hex, wanted.week
    with conn.transaction():
        attempts = queries.claim(conn, subscription.id, week, owner, now, now + CLAIM)
        if attempts is None:
            return None
        queries.note_missed(conn, subscription.id, wanted.missed, week)
    return Claim(subscription, week, owner, attempts)


class _Leaving:
    """Notes that a digest leaves, and remembers that it did."""

    def __init__(self, conn: db.Connection, claim: Claim, clock: Clock) -> None:
        self._conn, self._claim, self._clock = conn, claim, clock
        self.done = False

    def __call__(self) -> None:
        until = self._clock() + HANDING_OVER
        with self._conn.transaction():
            ours = queries.hand_over(self._conn, self._claim.which, self._claim.owner, until)
        if not ours:
            raise LeaseLost("The reader has unsubscribed, or another worker sends it.")
        self.done = True


def _deliver(settings: Settings, conn: db.Connection, claim: Claim, clock: Clock) -> State:
    """Send what is claimed, and write down what became of it."""
    leave = _Leaving(conn, claim, clock)
    state, note = State.SENT, ""
    try:
        _hand_over(settings, claim, _letter(settings, conn, claim, clock()), leave, clock())
    except LeaseLost:
        return State.CLAIMED
    except handing.NotTaken as error:
        state, note = State.FAILED if error.permanent else State.WAITING, str(error)
    except handing.Doubtful as error:
        state, note = State.UNSURE, str(error)
    except Exception as error:
        log.exception("a digest could not be sent", subscription=claim.subscription.id)
        conn.rollback()
        state = State.UNSURE if leave.done else State.WAITING
        note = f"Earshot itself failed ({type(error).__name__}): see the log."
    with conn.transaction():
        _note(conn, claim, state, note, clock())
    return state


def _note(conn: db.Connection, claim: Claim, state: State, note: str, now: datetime) -> None:
    if state is State.SENT:
        queries.sent(conn, claim.which, claim.owner, now)
        return
    pause = PAUSES[min(claim.attempts, len(PAUSES)) - 1]
    again = now + pause if state is State.WAITING else None
    queries.not_sent(conn, claim.which, claim.owner, state, note, again)
    log.warning(
        "a digest did not arrive", subscription=claim.subscription.id, state=state, reason=note
    )


def _letter(settings: Settings, conn: db.Connection, claim: Claim, now: datetime) -> Letter:
    with conn.transaction():
        edition = _edition(conn, claim, now)
        token = signing.token(queries.signing_key(conn), claim.subscription.id)
        missed = queries.not_arrived(conn, claim.subscription.id, claim.week)
        quotes = _shown(settings, conn, mentions_of(conn, edition.quotes))
    base_url = public_url(settings)
    return letter(edition, quotes, base_url, f"{base_url}/unsubscribe/{token}", missed)


def _edition(conn: db.Connection, claim: Claim, now: datetime) -> Edition:
    """What the role is told; a reader who sees one rep's calls is told of these, and from here on
    so does the transaction."""
    audience, rep = claim.subscription.wish.audience, claim.subscription.rep
    if rep is None:
        return kept(conn, claim.week, audience, now)
    db.narrow(conn, rep)
    return make.edition(conn, claim.week, audience, now)


def _shown(settings: Settings, conn: db.Connection, quotes: Sequence[Mention]) -> list[Mention]:
    """The quotes as a letter has them, which leaves the house: nothing private in them."""
    if settings.pii == "show":
        return list(quotes)
    hide = veil_over(conn, [quote.call_id for quote in quotes])
    return [replace(quote, quote=hide.quote(quote.call_id, quote.quote)) for quote in quotes]


def _hand_over(
    settings: Settings, claim: Claim, told: Letter, leave: handing.Leave, now: datetime
) -> None:
    try:  # the hosts that may be posted to can be fewer by now
        wish = checked(claim.subscription.wish, settings.webhook_hosts)
    except BadSubscription as error:
        raise handing.NotTaken(str(error), permanent=True) from None
    match wish.channel:
        case Channel.MAIL if settings.smtp_url:
            mail = message(told, claim.subscription, settings.mail_from, now)
            handing.by_mail(settings.smtp_url, mail, leave)
        case Channel.MAIL:
            raise handing.NotTaken("Mail is not set up: an admin sets EARSHOT_SMTP_URL.")
        case Channel.SLACK:
            handing.by_webhook(wish.address, to_slack(told), leave)
        case Channel.TEAMS:
            handing.by_webhook(wish.address, to_teams(told), leave)


def public_url(settings: Settings) -> str:
    """Where readers reach Earshot, without a slash at the end."""
    return settings.url.rstrip("/") or f"http://{settings.host}:{settings.port}"
