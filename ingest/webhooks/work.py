"""Sending what is due: endpoints side by side, each one's messages after one another."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial

from ingest.base import db
from ingest.base.log import get_logger
from ingest.base.settings import Settings
from ingest.webhooks import queries
from ingest.webhooks.sending import send
from ingest.webhooks.webhook import Message, judge

AT_ONCE = 8
"""Endpoints served side by side: a slow one must not hold up the others."""

LEASE_SECONDS = 60.0
"""After so long a message whose worker fell silent is sent again: longer than any answer takes."""

log = get_logger(__name__)


def send_due(settings: Settings) -> int:
    """Send what is due until nothing is, or the clock rings again; how many attempts were made."""
    ends = time.monotonic() + settings.sweep_seconds
    with db.connect(settings.database_url) as conn:
        queries.forget_old(conn)
        due = queries.endpoints_due(conn)
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="webhook") as threads:
        return sum(threads.map(partial(_serve, settings, ends), due))


def _serve(settings: Settings, ends: float, endpoint_id: int) -> int:
    """Send to one endpoint until nothing is due. After a failure it has its peace until the clock
    rings again, so that one that is away costs one attempt a round, however much waits for it."""
    attempts = 0
    with db.connect(settings.database_url) as conn:
        while message := queries.claim(conn, endpoint_id, LEASE_SECONDS):
            attempts += 1
            conn.commit()  # others see that it is claimed; no transaction waits for the receiver
            if not _send(settings, conn, message) or time.monotonic() > ends:
                break
    return attempts


def _send(settings: Settings, conn: db.Connection, message: Message) -> bool:
    """Send what is claimed and write down what came of it; whether it got through."""
    answer = send(message, datetime.now(UTC), settings.webhook_seconds)
    verdict = judge(message, answer)
    queries.note(conn, message, verdict, answer.status, answer.said)
    conn.commit()
    log.info(
        "webhook sent" if answer.good else "webhook not taken",
        endpoint=message.endpoint_id,
        webhook_id=message.event_id,
        attempt=message.attempt,
        status=answer.status,
        paused=verdict.notice is not None,
    )
    return answer.good
