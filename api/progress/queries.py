"""SQL for following calls: one query a round for all that somebody listens to."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import kwargs_row

from ingest.base.db import Connection
from ingest.calls import CallState


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a call has come."""

    id: int
    state: CallState
    state_since: datetime
    heard_seconds: float
    seconds: float  # of sound
    failure: str | None
    waiting_reason: str | None

    @property
    def version(self) -> str:
        """Another one whenever something moved; a listener says by it what it knows."""
        return f"{self.state_since.timestamp():.6f}-{self.heard_seconds:.1f}"

    @property
    def final(self) -> bool:
        """Whether nothing more will come of itself."""
        return self.state in (CallState.DONE, CallState.FAILED)


def progress_of(conn: Connection, call_ids: Collection[int]) -> Mapping[int, Progress]:
    """How far these calls have come; one that is not there is left out."""
    with conn.cursor(row_factory=kwargs_row(_progress)) as cursor:
        found = cursor.execute(
            """select id, state, state_since, heard_seconds, seconds, failure,
                      waiting_reason
                 from call where id = any(%s)""",
            (list(call_ids),),
        )
        return {progress.id: progress for progress in found}


def _progress(*, state: str, **row: Any) -> Progress:
    return Progress(state=CallState(state), **row)
