"""Giving turns their vectors as a worker does it: call by call, each in one transaction."""

import time

from ingest.base import db
from ingest.base.log import get_logger
from ingest.base.settings import Settings
from insights.remines.queries import new_calls_wait
from insights.search.meaning import queries
from insights.search.meaning.encoder import encoder

LEAST_WORDS = 4
"""Of a turn that says something: “Right, okay.” would be near to everything short."""

log = get_logger(__name__)


def go_on(settings: Settings) -> int:
    """Give the turns of calls their vectors, those mined last first, until none is left, a new call
    waits to be mined, or the clock rings again. Returns how many calls were done.

    Two workers never do one call at once, and one that is killed leaves its call as it was.
    """
    ends = time.monotonic() + settings.sweep_seconds
    done = 0
    with db.connect(settings.database_url) as conn:
        if db.without_vectors(conn):
            return 0
        for call_id in queries.due(conn):
            if time.monotonic() > ends or new_calls_wait(conn):
                break
            done += _give(conn, call_id)
            conn.commit()
    if done:
        log.info("meanings kept", calls=done)
    return done


def _give(conn: db.Connection, call_id: int) -> bool:
    since = queries.hold(conn, call_id)
    if since is None:
        return False
    said = [(at, text) for at, text in queries.said(conn, call_id) if says_something(text)]
    vectors = encoder().of(text for _, text in said)
    meanings = [(at, vector) for (at, _), vector in zip(said, vectors, strict=True)]
    queries.save(conn, call_id, since, meanings)
    return True


def says_something(text: str) -> bool:
    """Whether a turn's meaning is worth keeping."""
    return len(text.split()) >= LEAST_WORDS
