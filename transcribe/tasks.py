"""The transcribe room's task: hear a call."""

from functools import cache, partial

from ingest import leases
from ingest import queries as calls
from ingest.base import db
from ingest.base.errors import NotFound
from ingest.base.log import get_logger
from ingest.base.queue import HEAR, MINE, app
from ingest.base.settings import Settings, settings
from ingest.calls import Call, CallState
from ingest.outbox import enqueue
from ingest.store import open_store
from ingest.tasks import relay
from ingest.waveform.measuring import measured
from ingest.waveform.queries import keep_levels
from transcribe import queries
from transcribe.edits.queries import note_near_misses
from transcribe.engine import Hearer
from transcribe.kept.keeper import Keeper
from transcribe.kept.queries import forget
from transcribe.near_misses import NearMisses
from transcribe.tuning import tuned

log = get_logger(__name__)


@app.task(name=HEAR)  # type: ignore[untyped-decorator]  # celery has no types
def hear(call_id: int) -> None:
    """Transcribe the call, from where an earlier worker left it, unless another does or did, and
    have it mined."""
    config = settings()
    if leases.work(config, call_id, CallState.HEARING, partial(_hear, config)):
        with db.pool(config.database_url, max_size=1) as pool:
            relay(pool)


def _hear(config: Settings, call: Call, lease: leases.Lease) -> None:
    if call.audio_sha256 is None:
        raise NotFound(f"Call {call.id} was brought without its sound: there is nothing to hear.")
    with db.connect(config.database_url) as conn:
        names = queries.names_of(conn, call.id)
    with open_store(config).local_copy(call.audio_sha256) as path:
        heard = _hearer(config).hear(
            path,
            seller_channel=call.seller_channel,
            language=call.language or config.language or None,
            vocabulary=names,
            on_progress=lease.progress,
            keep=partial(Keeper, config.database_url, lease),
        )
        levels = measured(path, heard.seconds)
    transcript = NearMisses(names).corrected(heard)
    with db.connect(config.database_url) as conn:  # all or nothing
        calls.finish(conn, call.id, lease.owner, CallState.HEARD, transcript.missing_seconds)
        queries.save(conn, call.id, transcript)
        note_near_misses(conn, call.id, heard, transcript)
        keep_levels(conn, call.audio_sha256, levels)
        forget(conn, call.id)
        enqueue(conn, MINE, call.id)
    log.info(
        "heard",
        call=call.id,
        seconds=transcript.seconds,
        missing_seconds=transcript.missing_seconds,
        turns=len(transcript.turns),
        **transcript.parameters,
    )


@cache
def _hearer(config: Settings) -> Hearer:
    """This worker's model, loaded with its first call: one loaded before the fork would hang."""
    return Hearer(config, tuned(config).chosen)
