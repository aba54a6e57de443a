"""A recording's levels, measured as it is heard, or else by the first who asks."""

from pathlib import Path
from threading import Lock

from ingest.audio import blocks
from ingest.base.db import Pool
from ingest.base.errors import Unavailable
from ingest.calls import Audio
from ingest.store import Store
from ingest.waveform.levels import Levels, measure
from ingest.waveform.queries import keep_levels, kept_levels

RATE = 8000
"""Samples a second: half of what hearing takes, and voices are as loud in it."""

BLOCK_SECONDS = 10.0
"""In memory at a time."""

PATIENCE_SECONDS = 20.0
"""How long a request waits for another's measuring, which takes some 20 seconds an hour of sound:
so that many together cannot keep all threads busy."""

_one_at_a_time = Lock()


def measured(path: Path, seconds: float) -> Levels:
    """How loud the recording at `path` is, which lasts so many seconds. Errors: as
    `ingest.audio.blocks`."""
    return measure(blocks(path, RATE, BLOCK_SECONDS), seconds, RATE)


def levels_of(pool: Pool, store: Store, audio: Audio) -> Levels:
    """How loud a recording is along its length. One that was never measured is decoded from end
    to end; no connection waits for that. Raises NotFound, Unavailable; as `ingest.audio.blocks` for
    what is no sound."""
    with pool.connection() as conn:
        kept = kept_levels(conn, audio.sha256)
    if kept is not None:
        return kept
    if not _one_at_a_time.acquire(timeout=PATIENCE_SECONDS):
        raise Unavailable("Another recording is being measured: ask again in a minute.")
    try:
        with pool.connection() as conn:  # a page opened twice is measured once
            kept = kept_levels(conn, audio.sha256)
        if kept is not None:
            return kept
        with store.local_copy(audio.sha256) as path:
            levels = measured(path, audio.seconds)
        with pool.connection() as conn:
            keep_levels(conn, audio.sha256, levels)
        return levels
    finally:
        _one_at_a_time.release()
