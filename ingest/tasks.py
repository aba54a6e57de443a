"""The ingest room's task: the sweep, which rings again whatever was forgotten."""

from ingest import outbox
from ingest.base import db
from ingest.base.errors import Unavailable
from ingest.base.log import get_logger
from ingest.base.queue import SWEEP, app, bell
from ingest.base.settings import settings

log = get_logger(__name__)


@app.task(name=SWEEP)  # type: ignore[untyped-decorator]  # celery has no types
def sweep() -> None:
    """Queue calls that nobody works on, ring all that is unsent, drop what was sent long ago."""
    with db.connect(settings().database_url) as conn:
        forgotten = outbox.enqueue_forgotten(conn, settings().lease_seconds)
        outbox.clear_outbox(conn)
        conn.commit()
        rung = _relay(conn)
    if forgotten or rung:
        log.info("swept", forgotten=forgotten, rung=rung)


def relay(pool: db.Pool) -> int:
    """Ring what is unsent and return how many; where the broker is away, the sweep will."""
    with pool.connection() as conn:
        return _relay(conn)


def _relay(conn: db.Connection) -> int:
    rung = 0
    try:
        while messages := outbox.unsent(conn):
            rung += _ring(conn, messages)
    except Unavailable as error:
        log.warning("the broker is away", error=str(error))
    return rung


def _ring(conn: db.Connection, messages: list[outbox.Message]) -> int:
    """Ring these and note each that was taken, also where the broker goes away halfway."""
    taken: list[int] = []
    try:
        with bell() as ring:
            for message in messages:
                ring(message.task, message.call_id)
                taken.append(message.id)
    finally:
        outbox.mark_sent(conn, taken)
        conn.commit()
    return len(taken)
