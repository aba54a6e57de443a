"""Server-Sent Events of calls on their way: one query a second, however many listen."""

import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager

import anyio
from anyio.to_thread import run_sync
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event

from api.progress.queries import Progress, progress_of
from ingest.base.db import Outage, Pool
from ingest.base.log import get_logger

EVERY_SECONDS = 1.0
KEEP_ALIVE_SECONDS = 15.0
"""A stream in which nothing moves says so often that it lives, or proxies would cut it."""

LONGEST_SECONDS = 600.0
"""Then a stream ends and the browser comes again, so that who may listen is asked anew."""

log = get_logger(__name__)


class Follower:
    """Looks after the calls that somebody listens to, and tells each listener what moved."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._listeners = Counter[int]()  # by call
        self._known: Mapping[int, Progress | None] = {}  # as of the last round; None: it is gone
        self._round = anyio.Event()  # set when there is a newer one

    async def run(self) -> None:
        """Look, every second, until cancelled. Whatever goes wrong, the next round looks again."""
        while True:
            await anyio.sleep(EVERY_SECONDS)
            if not self._listeners:
                continue
            try:
                self._known = await run_sync(self._look, tuple(self._listeners))
            except Outage as error:
                log.warning("nobody is told of progress: the database is away", error=str(error))
                continue
            except Exception:
                log.exception("nobody is told of progress")
                continue
            done, self._round = self._round, anyio.Event()
            done.set()

    def _look(self, call_ids: tuple[int, ...]) -> Mapping[int, Progress | None]:
        with self._pool.connection() as conn:
            found = progress_of(conn, call_ids)
        return {call_id: found.get(call_id) for call_id in call_ids}

    async def follow(self, first: Progress, told: str | None = None) -> AsyncIterator[bytes]:
        """A call's events from `first` on, without what the listener was told already, up to its
        final state; an event `gone` where it is deleted."""
        ends = time.monotonic() + LONGEST_SECONDS
        silent_since = time.monotonic()
        with self._listening(first.id):
            progress: Progress | None = first
            while progress is not None:
                if progress.version != told:
                    yield _event(progress)
                    told, silent_since = progress.version, time.monotonic()
                elif time.monotonic() - silent_since > KEEP_ALIVE_SECONDS:
                    yield KEEPALIVE_COMMENT
                    silent_since = time.monotonic()
                if progress.final or time.monotonic() > ends:
                    return
                with anyio.move_on_after(KEEP_ALIVE_SECONDS):
                    await self._round.wait()
                # Not in a round that began before we came, or before the database went away.
                progress = self._known.get(first.id, progress)
            yield format_sse_event(event="gone", data_str="{}")

    @contextmanager
    def _listening(self, call_id: int) -> Iterator[None]:
        self._listeners[call_id] += 1
        try:
            yield
        finally:
            self._listeners[call_id] -= 1
            if not self._listeners[call_id]:
                del self._listeners[call_id]


def _event(progress: Progress) -> bytes:
    said = {
        "state": progress.state,
        "heard_seconds": progress.heard_seconds,
        "seconds": progress.seconds,
        "failure": progress.failure,
        "waiting_reason": progress.waiting_reason,
    }
    return format_sse_event(data_str=json.dumps(said), id=progress.version)
