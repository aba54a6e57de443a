"""A call's heard batches, kept in the database by the worker that has its lease."""

from ingest import queries as calls
from ingest.base import db
from ingest.base.errors import Unavailable
from ingest.base.log import get_logger
from ingest.leases import Lease
from transcribe.kept import queries
from transcribe.kept.batch import HeardBatch

log = get_logger(__name__)


class Keeper:
    """What is kept of a leased call, heard by one ear."""

    def __init__(self, database_url: str, lease: Lease, ear: str) -> None:
        """`ear`: SHA-256 (hex) of what decides the words. Raises Unavailable."""
        self._url = database_url
        self._lease = lease
        self._ear = ear
        with db.connect(database_url) as conn:
            queries.forget_other_ears(conn, lease.call_id, lease.owner, ear)
            self._known = queries.batches(conn, lease.call_id)
        if self._known:
            log.info("goes on where it broke off", call=lease.call_id, batches=len(self._known))

    def get(self, number: int) -> HeardBatch | None:
        """The batch of that number, where an earlier hearing heard it."""
        return self._known.get(number)

    def put(self, number: int, batch: HeardBatch) -> None:
        """Keep a batch. Without the database the hearing goes on, as long as its lease lasts.
        Raises LeaseLost, with nothing written."""
        call_id = self._lease.call_id
        try:
            with db.connect(self._url) as conn:
                calls.came_further(conn, call_id, self._lease.owner)
                queries.keep(conn, call_id, self._ear, number, batch)
        except (Unavailable, db.Outage):
            log.warning("a batch is not kept: the database is away", call=call_id, number=number)
