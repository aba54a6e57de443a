"""The insights room's task: mine a call."""

from functools import cache, partial

from ingest import leases
from ingest import queries as calls
from ingest.base import db
from ingest.base.log import get_logger
from ingest.base.queue import MINE, app
from ingest.base.settings import Settings, settings
from ingest.calls import Call, CallState
from insights import queries
from insights.insight import Competitor
from insights.mining import Mining, choose
from transcribe import queries as transcripts

log = get_logger(__name__)


@app.task(name=MINE)  # type: ignore[untyped-decorator]  # celery has no types
def mine(call_id: int) -> None:
    """Find the call's insights, unless another worker does or did."""
    config = settings()
    leases.work(config, call_id, CallState.MINING, partial(_mine, config))


def _mine(config: Settings, call: Call, lease: leases.Lease) -> None:
    with db.connect(config.database_url) as conn:
        transcript = transcripts.load(conn, call.id)
        rivals = [
            Competitor(entry.name, entry.aliases)
            for entry in queries.catalogue(conn, call.company_id)
        ]
    mined = _miner().mine(transcript, rivals, own_names=(call.company,))
    with db.connect(config.database_url) as conn:  # all or nothing
        calls.finish(conn, call.id, lease.owner, CallState.DONE)
        queries.save_insights(conn, call, mined.insights)
        queries.note_mining(conn, call.id, mined.how)
    log.info(
        "mined",
        call=call.id,
        turns=len(transcript.turns),
        insights=len(mined.insights),
        notes=mined.how.sentences,
    )


@cache
def _miner() -> Mining:
    """This worker's miner, loaded with its first call: threads do not survive a fork."""
    return choose(settings())
