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
from ingest.base.errors import BadSetup, DiskFull, EarshotError, LeaseLost, Unavailable
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
            held = self.heartbeat(conn, self._seconds)
        self._taken = not held
        self._held_until = asked + self._seconds

    # What is written of it; another kind of lease has other tables.

    def heartbeat(self, conn: db.Connection, seconds: float) -> bool:
        """Hold it for so much longer; False where it was taken over."""
        return queries.heartbeat(conn, self.call_id, self.owner, seconds, self._heard)

    def hand_back(self, conn: db.Connection) -> None:
        """Put it down unfinished, as this worker ends."""
        queries.hand_back(conn, self.call_id, self.owner)

    def wait(
        self,
        conn: db.Connection,
        error: Exception,  # noqa: ARG002 - others keep it
        reason: str,
    ) -> None:
        """Put it down because nothing can be worked on here, whatever it is; `reason` says why and
        what to do."""
        queries.wait(conn, self.call_id, self.owner, reason)

    def give_up(self, conn: db.Connection, reason: str, permanent: bool) -> None:
        """Put it down because of an error."""
        queries.give_up(conn, self.call_id, self.owner, reason, permanent)


def work(
    settings: Settings, call_id: int, step: CallState, do: Callable[[Call, Lease], None]
) -> bool:
    """Claim a call, let `do` work on it and `queries.finish` it; False where it is not to be had.

    What `do` raises is written down: the step is tried again later, or the call has failed with
    a reason. Where the machine is to blame, not the call, that counts as no attempt.
    """
    owner = new_owner()
    with db.connect(settings.database_url) as conn:
        call = queries.claim(conn, call_id, step, owner, settings.lease_seconds)
    if call is None:
        return False
    lease = Lease(settings.database_url, call_id, owner, settings.lease_seconds)
    carry_out(settings, lease, step, lambda: do(call, lease))
    return True


def new_owner() -> str:
    """A name for who claims a lease, never used before."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


def carry_out(settings: Settings, lease: Lease, step: str, do: Callable[[], None]) -> None:
    """Let `do` work under a lease that is claimed; what it raises is written down."""
    call_id = lease.call_id
    try:
        with _unwinding(), lease:
            do()
    except SystemExit:
        log.info("put down, as this worker ends", call=call_id)
        _put_down(settings, lease, lease.hand_back)
        raise
    except LeaseLost:
        log.warning("the call was given to another worker", call=call_id, step=step)
    except Exception as error:
        _write_down(settings, lease, step, error)


def _write_down(settings: Settings, lease: Lease, step: str, error: Exception) -> None:
    """Have the call wait, be tried again or fail, as the error says."""
    call_id = lease.call_id
    if _is_the_machines(error):
        said = str(error).strip()
        log.warning("the call waits until this is mended", call=call_id, step=step, error=said)
        reason = db.told(error) if isinstance(error, db.Outage) else said
        _put_down(settings, lease, lambda conn: lease.wait(conn, error, reason))
        return
    if isinstance(error, EarshotError):
        log.warning("the step failed", call=call_id, step=step, error=str(error))
        reason, permanent = str(error), error.permanent
    else:
        log.error("the step failed", call=call_id, step=step, exc_info=error)
        reason = f"Earshot itself failed while {step} ({type(error).__name__}): see the log."
        permanent = False
    _put_down(settings, lease, lambda conn: lease.give_up(conn, reason, permanent))


def _is_the_machines(error: Exception) -> bool:
    """Whether every other call would fare the same here, until somebody has acted."""
    if isinstance(error, db.Outage):
        return db.passes(error)
    return isinstance(error, BadSetup | DiskFull)


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


def _put_down(settings: Settings, lease: Lease, write: Callable[[db.Connection], None]) -> None:
    try:
        with db.connect(settings.database_url) as conn:
            write(conn)
    except (Unavailable, db.Outage):
        log.warning("not written down: the lease will run out instead", call=lease.call_id)
