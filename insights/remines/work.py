"""Mining old calls again as a worker does it: one call, one lease, one transaction."""

import time
from collections.abc import Callable

from ingest import leases
from ingest import queries as calls
from ingest.base import db
from ingest.base.errors import BadSetup, NotFound
from ingest.base.log import get_logger
from ingest.base.settings import Settings
from ingest.calls import Call
from insights.basis import Basis, load_basis
from insights.insight import Kind
from insights.mining import Mining
from insights.proposals.queries import save_names
from insights.queries import compare_insights, note_mining, save_insights
from insights.remines import queries
from insights.remines.remine import Piece

STEP = "mining it again"

log = get_logger(__name__)


class PieceLease(leases.Lease):
    """A claimed call of a remine, held while it is worked on."""

    def __init__(self, settings: Settings, piece: Piece, owner: str) -> None:
        super().__init__(settings.database_url, piece.call_id, owner, settings.lease_seconds)
        self.piece = piece

    def heartbeat(self, conn: db.Connection, seconds: float) -> bool:
        """Hold it for so much longer; False where it was taken over."""
        return queries.heartbeat(conn, self.piece, self.owner, seconds)

    def hand_back(self, conn: db.Connection) -> None:
        """Put it down unfinished, as this worker ends."""
        queries.hand_back(conn, self.piece, self.owner)

    def wait(self, conn: db.Connection, error: Exception, reason: str) -> None:
        """A remine does not wait for ever: somebody asked for it, and is told."""
        self.give_up(conn, reason, permanent=isinstance(error, BadSetup))

    def give_up(self, conn: db.Connection, reason: str, permanent: bool) -> None:
        """Put it down because of an error."""
        queries.give_up(conn, self.piece, self.owner, reason, permanent)


def go_on(settings: Settings, miner: Callable[[], Mining]) -> int:
    """Go on with what was asked for, call by call, until nothing is left, a new call waits to be
    mined, or the clock rings again: a worker told to end, or another queue, waits no longer.

    Returns how many calls were taken. `miner` loads the miner when it is needed.
    """
    ends = time.monotonic() + settings.sweep_seconds
    taken = 0
    while lease := _next(settings):
        leases.carry_out(settings, lease, STEP, lambda: _work(settings, miner(), lease))
        taken += 1
        if time.monotonic() > ends:
            break
    return taken


def _next(settings: Settings) -> PieceLease | None:
    owner = leases.new_owner()
    with db.connect(settings.database_url) as conn:
        if queries.new_calls_wait(conn):
            return None
        piece = queries.claim(conn, owner, settings.lease_seconds)
    return PieceLease(settings, piece, owner) if piece else None


def _work(settings: Settings, miner: Mining, lease: PieceLease) -> None:
    piece = lease.piece
    with db.connect(settings.database_url) as conn:
        known = _load(conn, piece.call_id)
    if known is None or not known[1].minable:
        with db.connect(settings.database_url) as conn:
            queries.note_skipped(conn, piece, lease.owner)
        return
    call, basis = known
    checksum = basis.checksum(miner)
    # What was shown is what is applied, unless its words or the catalogue are others by now.
    still_true = piece.basis == checksum
    mined = piece.found if piece.found and still_true else basis.mined_by(miner)
    with db.connect(settings.database_url) as conn:  # all or nothing
        if not queries.hold_done_call(conn, piece.call_id):
            queries.note_skipped(conn, piece, lease.owner)
        elif piece.apply:
            renewal = save_insights(conn, call, mined.insights, piece.kind)
            note_mining(conn, call.id, mined.how)
            if piece.kind in (None, Kind.COMPETITOR):
                save_names(conn, call, mined.names)
            queries.note_applied(conn, piece, lease.owner, renewal)
        else:
            renewal = compare_insights(conn, call, mined.insights, piece.kind)
            queries.note_looked(conn, piece, lease.owner, renewal, checksum, mined)
    log.info("mined again", remine=piece.remine_id, call=call.id, applied=piece.apply)


def _load(conn: db.Connection, call_id: int) -> tuple[Call, Basis] | None:
    """The call and what it is mined from; None where it has no words any more."""
    try:
        call = calls.get_call(conn, call_id)
        return call, load_basis(conn, call)
    except NotFound:
        return None
