"""When a digest is due: pure; the time is an argument.

A digest tells an ISO week and is due on the Monday after it, at an hour of the reader's time zone.
Where clocks are put forward over that hour (in some zones at midnight), it is due when they have
been; where they are put back and the hour comes twice, at its first coming. So there is exactly one
moment a week, and these follow each other, whatever a zone does to its clocks.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from api.subscriptions.subscription import Delivery, Subscription
from insights.digest import Week


@dataclass(frozen=True, slots=True)
class Due:
    """A digest to send, and the weeks before whose digests nobody sent."""

    week: Week
    missed: tuple[Week, ...]  # oldest first


def due_at(week: Week, zone: str, hour: int) -> datetime:
    """When the digest of a week is due, in UTC."""
    wall = datetime.combine(week.after.monday, time(hour), ZoneInfo(zone))
    # fold=0 is the first coming of an hour that comes twice, and of one left out the moment that
    # the clocks before the change would have shown it.
    return wall.astimezone(UTC)


def due_week(zone: str, hour: int, now: datetime) -> Week:
    """The latest week whose digest is due by `now` (aware)."""
    week = Week.of(now)  # east of Greenwich Monday comes before the week is over in UTC
    while due_at(week, zone, hour) > now:
        week = week.before
    return week


def due(subscription: Subscription, last: Delivery | None, now: datetime) -> Due | None:
    """What to send a reader now, whose latest delivery is `last`; None for nothing.

    Only the latest week is sent, also after long down-time: who comes back to five letters reads
    none. Nor is a week before the last one sent, whatever zone is chosen meanwhile; and the first
    digest is the first that becomes due after subscribing.
    """
    zone, hour = subscription.wish.zone, subscription.wish.hour
    week = due_week(zone, hour, now)
    if last and week <= last.week:
        return Due(week, ()) if week == last.week and last.to_try(now) else None
    missed: list[Week] = []
    past = week.before
    while due_at(past, zone, hour) > subscription.created_at and (not last or past > last.week):
        missed.insert(0, past)
        past = past.before
    new = due_at(week, zone, hour) > subscription.created_at
    return Due(week, tuple(missed)) if new else None
