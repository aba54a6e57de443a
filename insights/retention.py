"""Letting go of what is past: calls for good, and the recordings of calls that stay.

Each call goes in a transaction of its own, which counts it in its run: killed anywhere, a run goes
on with the next ring of the bell, and two that are rung at once share the work. The sound itself is
removed after that transaction, by the API (ingest.leftovers): a worker that mines may have no way
to the store.
"""

from datetime import datetime

from ingest import queries as calls
from ingest.base import db
from ingest.base.log import get_logger
from ingest.base.settings import Settings
from ingest.leftovers.queries import leave_orphans
from ingest.retention import queries
from ingest.retention.rule import Bounds, Kept, Past, Run, Trouble, too_many
from insights.rollups.queries import moving_rollups

AT_ONCE = 100
"""Let go by one ring of the bell, so that its worker soon has time for others."""

log = get_logger(__name__)


def erase(conn: db.Connection, call_id: int) -> str | None:
    """Delete a call with all that hangs on it and what it counts; its recording's SHA-256 (hex),
    now a leftover. The caller commits. Raises NotFound, OnHold."""
    with moving_rollups(conn, call_id):
        return calls.delete_call(conn, call_id)


def go_on(settings: Settings) -> None:
    """Begin the run that is due, or go on with the one that is open."""
    with db.connect(settings.database_url) as conn:
        run = begun(conn)
        conn.commit()
        if run:
            carry_on(conn, run)


def begun(conn: db.Connection) -> Run | None:
    """The run that is open, or else a new one where it is time; None where there is nothing to do.
    The caller commits."""
    kept = queries.kept(conn, hold=True)  # of two that are rung at once one begins
    if run := queries.open_run(conn):
        return run
    now, last = queries.clock(conn), next(iter(queries.runs(conn, 1)), None)
    if not kept.run_due(now, last.started_at if last else None):
        return None
    leave_orphans(conn)
    bounds = kept.rule.bounds(now)
    run = queries.begin(conn, now, kept.asked_by, bounds)
    if why := _doubtful(conn, kept, bounds, now):
        queries.end(conn, run.id, *queries.left(conn, bounds), stopped=why)
        log.warning("nothing was let go", why=why)
        return None
    return run


def _doubtful(conn: db.Connection, kept: Kept, bounds: Bounds, now: datetime) -> str | None:
    """Why a person has to be asked first. What somebody agreed to when the rule was set is not
    counted, so that a shorter period is asked about once, and a clock that jumps is noticed."""
    going, of = queries.past(conn, bounds, kept.agreed), queries.totals(conn)
    if not too_many(going, of):
        return None
    return (
        f"{going.recordings:,} of {of.recordings:,} recordings and {going.calls:,} of "
        f"{of.calls:,} calls would have gone at once, more than half. The database's clock says "
        f"{now:%Y-%m-%d %H:%M} UTC: see that it is right, then say that they may go."
    )


def carry_on(conn: db.Connection, run: Run) -> None:
    """Let go of some of what is past, and end the run where nothing is left to do. Commits."""
    for each in _due(conn, run):
        if not _tried(conn, run, each):
            return
    if not _due(conn, run):
        queries.end(conn, run.id, *queries.left(conn, run.bounds))
        conn.commit()
        log.info("retention went through", run=run.id)


def _due(conn: db.Connection, run: Run) -> list[Past]:
    """What is to go and has not failed to, also what another worker has in hand just now."""
    stuck = {trouble.call_id for trouble in queries.run(conn, run.id).troubles}
    found = queries.due(conn, run.bounds, stuck, AT_ONCE)
    conn.commit()
    return found


def _tried(conn: db.Connection, run: Run, found: Past) -> bool:
    """Let go of one call or its sound, or note why that cannot be; False where the run has been
    ended."""
    try:
        with conn.transaction():
            if not queries.take(conn, found, run.bounds):
                return True  # not past any more, or in somebody's hands
            if not queries.count(conn, run.id, whole=found.whole):
                return False
            if found.whole:
                erase(conn, found.id)
            else:
                queries.let_sound_go(conn, found.id)
    except Exception as error:
        if isinstance(error, db.Outage) and db.passes(error):
            raise
        log.exception("a call was not let go", call=found.id)
        why = f"{type(error).__name__}: {error}".splitlines()[0]
        queries.note_trouble(conn, run.id, Trouble(found.id, why))
        conn.commit()
    return True
