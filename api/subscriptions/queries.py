"""SQL for subscriptions and deliveries.

A delivery is claimed by one statement, so that of two clocks one has it; it is fenced by a second
one (`hand_over`) just before anything leaves, so that a worker that was away longer than its claim
cannot send what another one has taken over.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from psycopg.rows import kwargs_row

from api.subscriptions.subscription import (
    MOST_SUBSCRIPTIONS,
    BadSubscription,
    Channel,
    Delivery,
    State,
    Subscription,
    Wish,
)
from ingest.base.db import Connection
from ingest.base.errors import NotFound
from insights.digest import Week
from insights.digests.edition import Audience

_SUBSCRIPTIONS = """
select s.id, s.user_id, u.name as "user", u.rep, s.audience, s.channel, s.address, s.zone, s.hour,
       s.created_at
  from subscription s join app_user u on u.id = s.user_id
 where s.ended_at is null and u.disabled_at is null
"""


def subscribe(conn: Connection, user_id: int, wish: Wish, now: datetime) -> None:
    """Have a user get a digest; asking for it again sets its time. Raises BadSubscription."""
    conn.execute("select 1 from app_user where id = %s for update", (user_id,))
    conn.execute(
        """insert into subscription (user_id, audience, channel, address, zone, hour, created_at)
           values (%s, %s, %s, %s, %s, %s, %s)
           on conflict (user_id, audience, channel, lower(address)) where ended_at is null
           do update set zone = excluded.zone, hour = excluded.hour""",
        (user_id, wish.audience, wish.channel, wish.address, wish.zone, wish.hour, now),
    )
    if len(subscriptions_of(conn, user_id)) > MOST_SUBSCRIPTIONS:
        raise BadSubscription(
            f"You have {MOST_SUBSCRIPTIONS} digests, as many as one may: end one of them first."
        )


def subscriptions(conn: Connection) -> Sequence[Subscription]:
    """All that stand and whose readers may log in, the oldest first."""
    with conn.cursor(row_factory=kwargs_row(_subscription)) as cursor:
        return cursor.execute(f"{_SUBSCRIPTIONS} order by s.id").fetchall()


def subscriptions_of(conn: Connection, user_id: int) -> Sequence[Subscription]:
    """A user's, the oldest first."""
    with conn.cursor(row_factory=kwargs_row(_subscription)) as cursor:
        query = f"{_SUBSCRIPTIONS} and s.user_id = %s order by s.id"
        return cursor.execute(query, (user_id,)).fetchall()


def subscription(conn: Connection, subscription_id: int) -> Subscription | None:
    """One that stands; None where it was ended, or never was."""
    with conn.cursor(row_factory=kwargs_row(_subscription)) as cursor:
        return cursor.execute(f"{_SUBSCRIPTIONS} and s.id = %s", (subscription_id,)).fetchone()


def unsubscribe(conn: Connection, subscription_id: int, now: datetime) -> None:
    """End a subscription; ending it again changes nothing."""
    conn.execute(
        "update subscription set ended_at = %s where id = %s and ended_at is null",
        (now, subscription_id),
    )


def signing_key(conn: Connection) -> bytes:
    """What this installation signs its links with."""
    row = conn.execute("select key from signing_key").fetchone()
    assert row is not None, "the migration makes it"
    key: bytes = row[0]
    return key


# Deliveries -----------------------------------------------------------------------------------


_LATEST = """
select distinct on (d.subscription_id) d.subscription_id, d.week, d.state, d.attempts, d.until,
       d.note, d.sent_at
  from delivery d join subscription s on s.id = d.subscription_id
 where s.ended_at is null
"""


def latest_deliveries(conn: Connection, user_id: int | None = None) -> dict[int, Delivery]:
    """The latest delivery of each subscription, or of each of a user's, by the subscription."""
    with conn.cursor(row_factory=kwargs_row(_delivery)) as cursor:
        cursor.execute(
            f"""{_LATEST} and (%(user)s::bigint is null or s.user_id = %(user)s)
                order by d.subscription_id, d.week desc""",
            {"user": user_id},
        )
        return {each.subscription_id: each for each in cursor}


def note_missed(
    conn: Connection, subscription_id: int, weeks: Sequence[Week], before: Week
) -> None:
    """Note weeks whose digests were due while nothing ran, and give up those of earlier weeks that
    still wait: a newer one is due."""
    with conn.cursor() as cursor:
        cursor.executemany(
            """insert into delivery (subscription_id, week, state) values (%s, %s, 'missed')
               on conflict do nothing""",
            [(subscription_id, str(week)) for week in weeks],
        )
    conn.execute(
        """update delivery set state = 'missed', until = null
            where subscription_id = %s and week < %s
              and state in ('waiting', 'claimed')""",
        (subscription_id, str(before)),
    )


def claim(
    conn: Connection, subscription_id: int, week: Week, owner: str, now: datetime, until: datetime
) -> int | None:
    """Take a week's delivery: how often it has been taken by now, or None where another has it, it
    is over, or it is not yet to be tried again."""
    row = conn.execute(
        """insert into delivery as d (subscription_id, week, state, attempts, owner, until)
           values (%(id)s, %(week)s, 'claimed', 1, %(owner)s, %(until)s)
           on conflict (subscription_id, week) do update
           set state = 'claimed', attempts = d.attempts + 1, owner = %(owner)s, until = %(until)s
           where d.state in ('waiting', 'claimed') and d.until <= %(now)s
           returning attempts""",
        {"id": subscription_id, "week": str(week), "owner": owner, "until": until, "now": now},
    ).fetchone()
    return row[0] if row else None


def hand_over(conn: Connection, delivery: tuple[int, Week], owner: str, until: datetime) -> bool:
    """Note that the digest may arrive from now on. False where the claim was lost, or the reader
    has unsubscribed: then nothing may be sent."""
    return _moved(
        conn,
        """update delivery d set state = 'handing_over', until = %(until)s
            where {mine} and state = 'claimed'
              and exists (select from subscription s
                           where s.id = d.subscription_id and s.ended_at is null)""",
        delivery,
        owner,
        until=until,
    )


def sent(conn: Connection, delivery: tuple[int, Week], owner: str, now: datetime) -> bool:
    """Note that the other side has it."""
    return _moved(
        conn,
        """update delivery d set state = 'sent', until = null, note = null, sent_at = %(now)s
            where {mine} and state in ('handing_over', 'unsure')""",
        delivery,
        owner,
        now=now,
    )


def not_sent(
    conn: Connection,
    delivery: tuple[int, Week],
    owner: str,
    state: State,
    note: str,
    until: datetime | None = None,
) -> bool:
    """Note why it did not arrive, or may not have, and what is to become of it."""
    return _moved(
        conn,
        """update delivery d set state = %(state)s, until = %(until)s, note = %(note)s
            where {mine} and state in ('claimed', 'handing_over')""",
        delivery,
        owner,
        state=state,
        until=until,
        note=note,
    )


def _moved(
    conn: Connection, query: str, delivery: tuple[int, Week], owner: str, **values: Any
) -> bool:
    mine = "subscription_id = %(id)s and week = %(week)s and owner = %(owner)s"
    among = {"id": delivery[0], "week": str(delivery[1]), "owner": owner}
    return bool(conn.execute(query.format(mine=mine).encode(), values | among).rowcount)


def give_up_stale(conn: Connection, now: datetime) -> Sequence[tuple[int, Week]]:
    """Those whose worker ended while handing over: nobody knows whether they arrived."""
    rows = conn.execute(
        """update delivery set state = 'unsure', until = null,
                  note = 'Earshot was stopped while it was being handed over.'
            where state = 'handing_over' and until <= %s returning subscription_id, week""",
        (now,),
    )
    return [(number, Week.parse(week)) for number, week in rows]


def send_again(conn: Connection, user_id: int, subscription_id: int, now: datetime) -> None:
    """Try a delivery once more, as its reader asks: of the latest week, where it is unsure or has
    failed. Raises NotFound where there is none such."""
    done = conn.execute(
        """update delivery d set state = 'waiting', until = %(now)s, owner = null, note = null
             from subscription s
            where s.id = d.subscription_id and s.id = %(id)s and s.user_id = %(user)s
              and s.ended_at is null and d.state in ('unsure', 'failed')
              and d.week = (select max(week) from delivery where subscription_id = s.id)""",
        {"id": subscription_id, "user": user_id, "now": now},
    )
    if not done.rowcount:
        raise NotFound("There is nothing to send again: it has arrived, or is on its way.")


def not_arrived(conn: Connection, subscription_id: int, week: Week) -> Sequence[Week]:
    """The weeks before one whose digests did not arrive, or perhaps not, since the last that did;
    oldest first."""
    rows = conn.execute(
        """select week from delivery
            where subscription_id = %(id)s and state <> 'sent' and week < %(week)s
              and week > coalesce((select max(week) from delivery
                                    where subscription_id = %(id)s and state = 'sent'
                                      and week < %(week)s), '')
            order by week""",
        {"id": subscription_id, "week": str(week)},
    )
    return [Week.parse(text) for (text,) in rows]


def _subscription(
    *, audience: str, channel: str, address: str, zone: str, hour: int, **row: Any
) -> Subscription:
    wish = Wish(Audience(audience), Channel(channel), address, zone, hour)
    return Subscription(wish=wish, **row)


def _delivery(*, week: str, state: str, **row: Any) -> Delivery:
    return Delivery(week=Week.parse(week), state=State(state), **row)
