"""The outbox: what the broker has to be told, written in the transaction that makes it true.

A message is rung after that transaction; one that was not, because a process or the broker was
away, stays here and the sweep rings it.
"""

from collections.abc import Sequence
from typing import NamedTuple

from ingest.base.db import Connection
from ingest.base.queue import HEAR, MINE

FORGOTTEN_AT_ONCE = 20
"""How many forgotten calls one sweep rings again. The oldest come first and the rest follow as
they finish, so that a long queue is not rung over and over."""

OUTBOX_DAYS = 1
"""How long a message that was sent stays in the outbox."""


class Message(NamedTuple):
    """What the broker has to be told."""

    id: int
    task: str
    call_id: int


def enqueue(conn: Connection, task: str, call_id: int) -> None:
    """Have the broker told of `task` for a call once this transaction is committed."""
    conn.execute("insert into outbox (task, call_id) values (%s, %s)", [task, call_id])


def unsent(conn: Connection, limit: int = 100) -> list[Message]:
    """The oldest messages the broker does not know of, held until the transaction ends."""
    rows = conn.execute(
        """select id, task, call_id from outbox where sent_at is null
            order by id limit %s for update skip locked""",
        [limit],
    )
    return [Message(*row) for row in rows]


def mark_sent(conn: Connection, message_ids: Sequence[int]) -> None:
    """Note that the broker took these messages."""
    conn.execute(
        "update outbox set sent_at = clock_timestamp() where id = any(%s)", [list(message_ids)]
    )


def enqueue_forgotten(conn: Connection, quiet_seconds: float) -> int:
    """Queue again the oldest calls that nobody works on although they are due; return how many.

    Due is a call whose lease ran out, or that has waited for `quiet_seconds`; none is rung again
    within `quiet_seconds`, since its message may only be waiting for its turn.
    """
    return conn.execute(
        """insert into outbox (task, call_id)
           select case when state in ('waiting', 'hearing') then %(hear)s else %(mine)s end, id
             from call
            where (lease_until < clock_timestamp()
                   or state in ('waiting', 'heard')
                      and state_since < clock_timestamp() - make_interval(secs => %(quiet)s))
              and state not in ('done', 'failed')
              and not exists (
                  select from outbox where outbox.call_id = call.id
                     and (sent_at is null
                          or sent_at > clock_timestamp() - make_interval(secs => %(quiet)s)))
            order by id limit %(limit)s""",
        {"hear": HEAR, "mine": MINE, "quiet": quiet_seconds, "limit": FORGOTTEN_AT_ONCE},
    ).rowcount


def clear_outbox(conn: Connection) -> None:
    """Drop messages sent long ago."""
    conn.execute(
        "delete from outbox where sent_at < clock_timestamp() - make_interval(days => %s)",
        [OUTBOX_DAYS],
    )
