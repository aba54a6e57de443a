"""Holding a call while working on it.

A worker claims a call, and a thread tells the database that it is still at it. A worker that
falls silent loses the call to another, whatever became of it: nothing has to clean up after it.
"""

import os
import signal
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Self

from ingest import queries
from ingest.base import db
from ingest.base.errors import EarshotError, LeaseLost, Unavailable
from ingest.base.log import get_logger
from ingest.base.settings import Settings
from ingest.calls import Call, CallState

BEAT_SECONDS = 2.0
"""How often progress is written; a page that shows it asks about as often."""

BEATS_A_LEASE = 4
"""A short lease is renewed at least so often, so that one late beat does not lose it."""

log = get_logger(__name__)


class Lease:
    """A claimed call, held until the block is left: `with Lease(...) as lease:`."""

    def __init__(self, database_url: str, call_id: int, owner: str, lease_seconds: float) -> None:
        self.call_id = call_id
        self.owner = owner
        self._url = database_url
        self._seconds = lease_seconds
        self._heard: float | None = None
        self._held_until = time.monotonic() + lease_seconds
        self._taken = False
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"lease-{call_id}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._leaving.set()
        self._thread.join()

    @property
    def lost(self) -> bool:
        """Whether another worker may have the call now."""
        return self._taken or time.monotonic() > self._held_until

    def progress(self, heard_seconds: float) -> None:
        """Note how far hearing has come. Raises LeaseLost, so that lost work ends early."""
        if self.lost:
            raise LeaseLost(f"Call {self.call_id} was given to another worker.")
        self._heard = heard_seconds

    def _beat(self) -> None:
        pause = min(BEAT_SECONDS, self._seconds / BEATS_A_LEASE)
        while not self._leaving.wait(pause) and not self._taken:
            try:
                with db.connect(self._url) as conn:
                    while not self._leaving.wait(pause) and not self._taken:
                        self._renew(conn)
            except (Unavailable, db.Outage):
                log.warning("no heartbeat: the database is away", call=self.call_id)

    def _renew(self, conn: db.Connection) -> None:
        asked = time.monotonic()
        with conn.transaction():
            held = queries.heartbeat(conn, self.call_id, self.owner, self._seconds, self._heard)
        self._taken = not held
        self._held_until = asked + self._seconds


def work(
    settings: Settings, call_id: int, step: CallState, do: Callable[[Call, Lease], None]
) -> bool:
    """Claim a call, let `do` work on it and `queries.finish` it; False where it is not to be had.

    What `do` raises is written down: the step is tried again later, or the call has failed with
    a reason.
    """
    owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    with db.connect(settings.database_url) as conn:
        call = queries.claim(conn, call_id, step, owner, settings.lease_seconds)
    if call is None:
        return False
    try:
        with (
            _unwinding(),
            Lease(settings.database_url, call_id, owner, settings.lease_seconds) as lease,
        ):
            do(call, lease)
    except SystemExit:
        _hand_back(settings, call_id, owner)
        raise
    except LeaseLost:
        log.warning("the call was given to another worker", call=call_id, step=step)
    except EarshotError as error:
        log.warning("the step failed", call=call_id, step=step, error=str(error))
        _give_up(settings, call_id, owner, str(error), error.permanent)
    except Exception as error:
        log.exception("the step failed", call=call_id, step=step)
        reason = f"Earshot itself failed while {step} ({type(error).__name__}): see the log."
        _give_up(settings, call_id, owner, reason, permanent=False)
    return True


@contextmanager
def _unwinding() -> Iterator[None]:
    """Have SIGTERM, with which Celery ends a pool's process, unwind what runs in this one."""
    if threading.current_thread() is not threading.main_thread():  # no signals come there
        yield
        return
    before = signal.signal(signal.SIGTERM, _exit)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _exit(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _hand_back(settings: Settings, call_id: int, owner: str) -> None:
    log.info("put down, as this worker ends", call=call_id)
    try:
        with db.connect(settings.database_url) as conn:
            queries.hand_back(conn, call_id, owner)
    except (Unavailable, db.Outage):
        log.warning("not handed back: the lease will run out instead", call=call_id)


def _give_up(settings: Settings, call_id: int, owner: str, reason: str, permanent: bool) -> None:
    try:
        with db.connect(settings.database_url) as conn:
            queries.give_up(conn, call_id, owner, reason, permanent)
    except (Unavailable, db.Outage):
        log.warning("not written down: the lease will run out instead", call=call_id)
