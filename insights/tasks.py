"""The insights room's tasks: mine a call, go on with mining old calls again and with giving turns
their meanings, and let go of what is past."""

from functools import lru_cache, partial

from ingest import leases
from ingest import queries as calls
from ingest.base import db
from ingest.base.log import get_logger
from ingest.base.queue import MEAN, MINE, REMINE, RETAIN, app
from ingest.base.settings import Settings, settings
from ingest.calls import Call, CallState
from ingest.soundless import recordings_before
from ingest.tasks import relay
from ingest.webhooks.queries import emit
from ingest.webhooks.webhook import EventType
from insights import queries, retention
from insights.basis import load_basis
from insights.insight import Kind, Mined, Review
from insights.mining import Mining, choose
from insights.model.promote import promoted
from insights.proposals.queries import save_names
from insights.remines import work
from insights.search.meaning import work as meanings
from insights.themes.tallies.queries import retally

log = get_logger(__name__)


@app.task(name=MINE)  # type: ignore[untyped-decorator]  # celery has no types
def mine(call_id: int) -> None:
    """Find the call's insights, unless another worker does or did; recordings that wait come
    before a transcript."""
    config = settings()
    with db.connect(config.database_url) as conn:
        first = recordings_before(conn, call_id)
    for number in (*first, call_id):
        if leases.work(config, number, CallState.MINING, partial(_mine, config)):
            with db.pool(config.database_url, max_size=1) as pool:
                relay(pool)
            _retally(config)


@app.task(name=REMINE)  # type: ignore[untyped-decorator]  # celery has no types
def remine() -> None:
    """Go on with mining old calls again, and count anew what stands behind themes that changed; the
    clock rings this, so that no message matters."""
    _retally(settings())
    work.go_on(settings(), _miner)


@app.task(name=MEAN)  # type: ignore[untyped-decorator]  # celery has no types
def mean() -> None:
    """Give the turns of mined calls the vectors that search by meaning compares; the clock rings
    this, so that no message matters, and what was mined before there were any gets them too."""
    meanings.go_on(settings())


@app.task(name=RETAIN)  # type: ignore[untyped-decorator]  # celery has no types
def retain() -> None:
    """Let go of what the retention rule says; the clock rings this, so that no message matters."""
    retention.go_on(settings())


def _retally(config: Settings) -> None:
    with db.connect(config.database_url) as conn:
        retally(conn)


def _mine(config: Settings, call: Call, lease: leases.Lease) -> None:
    with db.connect(config.database_url) as conn:
        basis = load_basis(conn, call)
    mined = basis.mined_by(_miner()) if basis.minable else Mined(())
    with db.connect(config.database_url) as conn:  # all or nothing
        calls.finish(conn, call.id, lease.owner, CallState.DONE)
        if basis.minable:
            queries.save_insights(conn, call, mined.insights)
            queries.note_mining(conn, call.id, mined.how)
        else:
            queries.leave_unmined(conn, call)
        save_names(conn, call, mined.names)
        _tell(conn, call, basis.minable)
    log.info(
        "mined",
        call=call.id,
        language=basis.transcript.language,
        turns=len(basis.transcript.turns),
        insights=len(mined.insights),
        notes=mined.how.sentences,
    )


def _tell(conn: db.Connection, call: Call, mined: bool) -> None:
    """Have webhooks told that the call is done, and how much stands in it; `mined` is false where
    its language is not mined."""
    kinds = [i.kind for i in queries.insights_of(conn, call.id) if i.review is not Review.REJECTED]
    counts = {kind.value: kinds.count(kind) for kind in Kind}
    emit(conn, EventType.CALL_MINED, call.id, {"mined": mined, "insights": counts})


def _miner() -> Mining:
    """This worker's miner, loaded with its first call, since threads do not survive a fork; and
    again with the first one after another reader is promoted."""
    return _miner_with(promoted(settings().home))


@lru_cache(maxsize=1)
def _miner_with(_promoted: str | None) -> Mining:
    return choose(settings())
