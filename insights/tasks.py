"""The insights room's tasks: mine a call, and go on with mining old calls again."""

from functools import lru_cache, partial

from ingest import leases
from ingest import queries as calls
from ingest.base import db
from ingest.base.log import get_logger
from ingest.base.queue import MINE, REMINE, app
from ingest.base.settings import Settings, settings
from ingest.calls import Call, CallState
from ingest.soundless import recordings_before
from insights import queries
from insights.basis import load_basis
from insights.mining import Mining, choose
from insights.model.promote import promoted
from insights.proposals.queries import save_names
from insights.remines import work

log = get_logger(__name__)


@app.task(name=MINE)  # type: ignore[untyped-decorator]  # celery has no types
def mine(call_id: int) -> None:
    """Find the call's insights, unless another worker does or did; recordings that wait come
    before a transcript."""
    config = settings()
    with db.connect(config.database_url) as conn:
        first = recordings_before(conn, call_id)
    for number in (*first, call_id):
        leases.work(config, number, CallState.MINING, partial(_mine, config))


@app.task(name=REMINE)  # type: ignore[untyped-decorator]  # celery has no types
def remine() -> None:
    """Go on with mining old calls again; the clock rings this, so that no message matters."""
    work.go_on(settings(), _miner)


def _mine(config: Settings, call: Call, lease: leases.Lease) -> None:
    with db.connect(config.database_url) as conn:
        basis = load_basis(conn, call)
    mined = basis.mined_by(_miner())
    with db.connect(config.database_url) as conn:  # all or nothing
        calls.finish(conn, call.id, lease.owner, CallState.DONE)
        queries.save_insights(conn, call, mined.insights)
        queries.note_mining(conn, call.id, mined.how)
        save_names(conn, call, mined.names)
    log.info(
        "mined",
        call=call.id,
        turns=len(basis.transcript.turns),
        insights=len(mined.insights),
        notes=mined.how.sentences,
    )


def _miner() -> Mining:
    """This worker's miner, loaded with its first call, since threads do not survive a fork; and
    again with the first one after another reader is promoted."""
    return _miner_with(promoted(settings().home))


@lru_cache(maxsize=1)
def _miner_with(_promoted: str | None) -> Mining:
    return choose(settings())
