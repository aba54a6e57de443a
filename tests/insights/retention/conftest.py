"""Calls held long ago."""

import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingest import queries as calls
from ingest.base import db
from ingest.base.settings import Settings
from ingest.calls import Audio, Call, CallDetails, CallState
from ingest.store import Store, open_store
from insights.queries import save_insights
from tests.insights.retention.keeping import Bring
from tests.insights.trending import said
from transcribe import queries as transcripts
from transcribe.transcript import Speaker, Transcript, Turn


@pytest.fixture
def store(settings: Settings) -> Store:
    return open_store(settings)


@pytest.fixture
def bring(conn: db.Connection, store: Store, tmp_path: Path) -> Bring:
    """Add a call held so many days ago, heard and mined, its sound in the store: `bring(40)`."""
    numbers = itertools.count()

    def add(
        days: float, state: CallState = CallState.DONE, held_at: datetime | None = None
    ) -> Call:
        number = next(numbers)
        sha256 = f"{number:064x}"
        sound = tmp_path / "sound"
        sound.write_bytes(b"sound %d" % number)
        store.put(sha256, sound)
        audio = Audio(sha256, 1000, 60.0, 2, 16000, "wav", "pcm_s16le")
        when = held_at or datetime.now(UTC) - timedelta(days=days)
        call = calls.add_call(conn, audio, "a.wav", CallDetails(held_at=when), datetime.now(UTC))
        words = (Turn(Speaker.BUYER, "The price is too high for us.", 1.0, 3.0),)
        transcripts.save(conn, call.id, Transcript(words, 60.0))
        save_insights(conn, call, [said("price")])
        busy = state in (CallState.HEARING, CallState.MINING)
        conn.execute(
            """update call set state = %s, failure = %s, lease_owner = %s,
                               lease_until = case when %s then now() + '1 min'::interval end
                where id = %s""",
            [
                *(state, "The disk was full." if state is CallState.FAILED else None),
                *("a worker" if busy else None, busy, call.id),
            ],
        )
        conn.commit()
        return calls.get_call(conn, call.id)

    return add
