"""When a digest is due: by example, and as laws over zones, clock changes and down-time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.subscriptions.schedule import due, due_at, due_week
from api.subscriptions.subscription import Channel, Delivery, State, Subscription, Wish, zones
from insights.digest import Week
from insights.digests.edition import Audience

NOW = datetime(2026, 4, 27, 8, tzinfo=UTC)
WISH = Wish(Audience.SALES, Channel.MAIL, "ana@example.com", "Europe/London", 8)
READER = Subscription(1, 1, "Ana", WISH, NOW - timedelta(days=30))

ZONES = st.sampled_from(sorted(zones()))
HOURS = st.integers(0, 23)
TIMES = st.datetimes(
    datetime(1990, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    datetime(2036, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
WEEKS = st.builds(Week.of, TIMES)


def delivery(week: Week, state: State = State.SENT, until: datetime | None = None) -> Delivery:
    return Delivery(1, week, state, 1, until, None, NOW if state is State.SENT else None)


@pytest.mark.parametrize(
    ("week", "zone", "hour", "at"),
    [
        ("2026-W17", "Europe/London", 8, "2026-04-27T07:00"),
        ("2026-W09", "Europe/London", 8, "2026-03-02T08:00"),
        ("2026-W17", "Pacific/Auckland", 8, "2026-04-26T20:00"),  # before the week is over in UTC
        ("2026-W17", "Pacific/Kiritimati", 0, "2026-04-26T10:00"),
        ("2026-W17", "Pacific/Pago_Pago", 23, "2026-04-28T10:00"),
        ("2026-W17", "Asia/Kathmandu", 8, "2026-04-27T02:15"),
        ("2023-W17", "Africa/Cairo", 0, "2023-04-30T21:00"),
        ("2018-W40", "America/Sao_Paulo", 0, "2018-10-08T03:00"),
        ("2021-W11", "Asia/Tehran", 0, "2021-03-21T20:30"),  # that midnight was left out
        ("2002-W40", "Asia/Jerusalem", 0, "2002-10-06T21:00"),  # and that one came twice
    ],
)
def test_it_is_due_on_monday_by_the_readers_clock(week: str, zone: str, hour: int, at: str) -> None:
    assert due_at(Week.parse(week), zone, hour) == datetime.fromisoformat(at).replace(tzinfo=UTC)


@given(WEEKS, ZONES, HOURS)
def test_it_reads_monday_at_the_hour_or_just_after_a_change(
    week: Week, zone: str, hour: int
) -> None:
    there = due_at(week, zone, hour).astimezone(ZoneInfo(zone))
    wanted = datetime.combine(week.after.monday, datetime.min.time()) + timedelta(hours=hour)
    late = there.replace(tzinfo=None) - wanted
    assert timedelta(0) <= late <= timedelta(days=1)  # a day is left out where the date line moved
    if late:  # then the hour was left out: clocks never showed it
        shown = [(wanted.replace(tzinfo=ZoneInfo(zone), fold=fold)) for fold in (0, 1)]
        assert all(at.astimezone(UTC).astimezone(ZoneInfo(zone)) != at for at in shown)


@given(WEEKS, ZONES, HOURS)
def test_weeks_follow_each_other(week: Week, zone: str, hour: int) -> None:
    between = due_at(week.after, zone, hour) - due_at(week, zone, hour)
    assert timedelta(days=6) < between < timedelta(days=8)


@given(TIMES, ZONES, HOURS)
def test_the_latest_due_week_is_due_and_the_next_is_not(
    now: datetime, zone: str, hour: int
) -> None:
    week = due_week(zone, hour, now)
    assert due_at(week, zone, hour) <= now < due_at(week.after, zone, hour)


def test_who_subscribes_waits_for_monday() -> None:
    for created, week in [(NOW, None), (NOW - timedelta(hours=2), Week(2026, 17))]:
        wanted = due(replace(READER, created_at=created), None, NOW)
        assert (wanted.week if wanted else None) == week


def test_what_was_sent_is_not_sent_again_in_another_zone() -> None:
    last = delivery(Week(2026, 17))
    for zone in sorted(zones()):
        moved = replace(READER, wish=replace(WISH, zone=zone))
        assert due(moved, last, NOW) is None


@pytest.mark.parametrize("state", State)
def test_what_waits_is_tried_when_it_is_time_and_what_is_over_is_not(state: State) -> None:
    tried = state in (State.WAITING, State.CLAIMED)
    open_ = tried or state is State.HANDING_OVER
    week = Week(2026, 17)
    assert bool(due(READER, delivery(week, state, NOW if open_ else None), NOW)) is tried
    later = NOW + timedelta(seconds=1)
    assert due(READER, delivery(week, state, later if open_ else None), NOW) is None


def test_after_three_weeks_of_down_time_the_latest_alone_is_sent() -> None:
    wanted = due(READER, delivery(Week(2026, 14)), NOW)
    assert wanted
    assert (wanted.week, wanted.missed) == (Week(2026, 17), (Week(2026, 15), Week(2026, 16)))
    week_16 = due(READER, delivery(Week(2026, 16), State.MISSED), NOW)
    assert week_16
    assert week_16.missed == ()


@given(
    ZONES,
    HOURS,
    TIMES.filter(lambda at: at.year < 2035),
    st.lists(st.sampled_from([0.1, 1, 5, 40, 168, 169, 400, 1500]), min_size=1, max_size=40),
)
def test_every_week_is_sent_once_or_noted_as_missed(
    zone: str, hour: int, created: datetime, pauses: list[float]
) -> None:
    """Whenever anything runs, and for however long nothing does."""
    reader = replace(READER, wish=replace(WISH, zone=zone, hour=hour), created_at=created)
    now, last = created, None
    sent: list[Week] = []
    missed: list[Week] = []
    ran: list[datetime] = []
    for hours in pauses:
        now += timedelta(hours=hours)
        ran.append(now)
        if wanted := due(reader, last, now):
            sent.append(wanted.week)
            missed += wanted.missed
            last = delivery(wanted.week)
    every = sorted(sent + missed)
    assert len(set(every)) == len(every)
    week = due_week(zone, hour, created).after
    for told in every:
        assert told == week, "none is left out"
        week = week.after
        begins, ends = due_at(told, zone, hour), due_at(told.after, zone, hour)
        assert (told in sent) == any(begins <= at < ends for at in ran)
    assert due_at(week, zone, hour) > now
