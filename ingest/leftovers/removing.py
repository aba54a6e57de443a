"""Taking sound out of the store that no call needs."""

from ingest.base.db import Connection
from ingest.base.errors import EarshotError
from ingest.base.log import get_logger
from ingest.leftovers import queries
from ingest.store import Store

AT_ONCE = 200
"""Removed in one round; the rest in the next."""

log = get_logger(__name__)


def remove(conn: Connection, store: Store, sha256: str | None = None) -> bool:
    """Remove one sound that is due, this one or any; False where there is none. What the store says
    against it is written down, and it is tried again later. Commits."""
    found = queries.next_due(conn, sha256)
    if found is not None:
        try:
            store.delete(found)
            queries.forget(conn, found)
        except EarshotError as error:
            log.warning("sound stays in the store", sha256=found, error=str(error))
            queries.put_off(conn, found, str(error))
    conn.commit()
    return found is not None


def remove_due(conn: Connection, store: Store) -> int:
    """Remove what is due and return how much was looked at. Commits."""
    return next((n for n in range(AT_ONCE) if not remove(conn, store)), AT_ONCE)
