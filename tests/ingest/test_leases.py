"""Holding a call while working on it: heartbeats, take-over, and what is written of a failure."""

import threading
import time
from collections.abc import Callable

import psycopg
import pytest

from ingest import queries
from ingest.base import db
from ingest.base.errors import BadSetup, DiskFull, LeaseLost, NotAudio, Unavailable
from ingest.base.settings import Settings
from ingest.calls import MAX_ATTEMPTS, Call, CallState
from ingest.leases import Lease, work
from tests.conftest import AddCall

DATABASE_FULL = "The disk of the database is full: free some of it."
DATABASE_AWAY = (
    "The database broke off: see that its server runs, and has memory and connections left."
)

HEARING, HEARD, WAITING = CallState.HEARING, CallState.HEARD, CallState.WAITING


@pytest.fixture
def call(conn: db.Connection, add_call: AddCall) -> Call:
    added = add_call()
    conn.commit()
    return added


def state_of(conn: db.Connection, call: Call) -> Call:
    conn.rollback()
    return queries.get_call(conn, call.id)


def until(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 20
    while not (met := true()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return met


def test_a_lease_outlives_its_seconds_and_tells_progress(
    conn: db.Connection, database_url: str, call: Call
) -> None:
    queries.claim(conn, call.id, HEARING, "me", 1.0)
    conn.commit()
    with Lease(database_url, call.id, "me", 1.0) as lease:
        lease.progress(30.0)
        assert until(lambda: state_of(conn, call).heard_seconds == 30.0)
        time.sleep(1.5)
        assert not lease.lost
        assert queries.claim(conn, call.id, HEARING, "other", 1.0) is None
        conn.rollback()


def test_a_lease_that_was_taken_over_says_so(
    conn: db.Connection, database_url: str, call: Call
) -> None:
    queries.claim(conn, call.id, HEARING, "me", 0.4)
    conn.commit()
    with Lease(database_url, call.id, "me", 0.4) as lease:
        conn.execute("update call set lease_owner = 'other' where id = %s", [call.id])
        conn.commit()
        assert until(lambda: lease.lost)
        with pytest.raises(LeaseLost):
            lease.progress(1.0)


def test_a_lease_lives_through_an_outage_that_is_short_enough(
    conn: db.Connection, database_url: str, call: Call
) -> None:
    queries.claim(conn, call.id, HEARING, "me", 3.0)
    conn.commit()
    with Lease(database_url, call.id, "me", 3.0) as lease:
        time.sleep(1.8)  # its connection is open now
        conn.execute(
            """select pg_terminate_backend(pid) from pg_stat_activity
                where datname = current_database() and pid <> pg_backend_pid()"""
        )
        conn.commit()
        time.sleep(2.5)
        assert not lease.lost
    assert queries.heartbeat(conn, call.id, "me", 1.0)


def test_a_lease_without_a_database_is_lost_when_its_seconds_are_over(
    conn: db.Connection, database_url: str, call: Call
) -> None:
    with Lease(database_url.replace("/test_", "/gone_"), call.id, "me", 0.5) as lease:
        assert not lease.lost
        assert until(lambda: lease.lost)


# -- work -----------------------------------------------------------------------------------


def finish_hearing(settings: Settings) -> Callable[[Call, Lease], None]:
    def do(call: Call, lease: Lease) -> None:
        with db.connect(settings.database_url) as conn:
            queries.finish(conn, call.id, lease.owner, HEARD)

    return do


def failing(error: BaseException) -> Callable[[Call, Lease], None]:
    def do(call: Call, lease: Lease) -> None:
        raise error

    return do


def test_work_is_done_once(conn: db.Connection, settings: Settings, call: Call) -> None:
    assert work(settings, call.id, HEARING, finish_hearing(settings))
    assert state_of(conn, call).state is HEARD
    assert not work(settings, call.id, HEARING, finish_hearing(settings)), "a second ring"


def test_a_call_at_work_is_left_alone(conn: db.Connection, settings: Settings, call: Call) -> None:
    inside = threading.Event()
    leave = threading.Event()

    def slow(call: Call, lease: Lease) -> None:
        inside.set()
        assert leave.wait(20)
        finish_hearing(settings)(call, lease)

    first = threading.Thread(target=work, args=(settings, call.id, HEARING, slow))
    first.start()
    assert inside.wait(20)
    assert not work(settings, call.id, HEARING, finish_hearing(settings))
    leave.set()
    first.join()
    assert state_of(conn, call).state is HEARD


def test_a_permanent_error_fails_the_call_in_its_own_words(
    conn: db.Connection, settings: Settings, call: Call
) -> None:
    assert work(settings, call.id, HEARING, failing(NotAudio("There is no sound in call.wav.")))
    failed = state_of(conn, call)
    assert (failed.state, failed.failure) == (CallState.FAILED, "There is no sound in call.wav.")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Unavailable("The bucket is away."), "The bucket is away."),
        (ZeroDivisionError("secret words"), "Earshot itself failed while hearing"),
        (psycopg.errors.ProgramLimitExceeded("row too big"), "Earshot itself failed while hearing"),
    ],
)
def test_a_passing_error_is_tried_again_then_told(
    conn: db.Connection, settings: Settings, call: Call, error: Exception, reason: str
) -> None:
    told: list[str | None] = []
    for attempt in range(MAX_ATTEMPTS):
        assert state_of(conn, call).state is WAITING, attempt
        assert work(settings, call.id, HEARING, failing(error))
        told.append(state_of(conn, call).waiting_reason)
    failed = state_of(conn, call)
    assert failed.failure is not None
    assert failed.failure.startswith(reason)
    assert "secret words" not in failed.failure
    assert told == [failed.failure] * (MAX_ATTEMPTS - 1) + [None]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (BadSetup("The model is damaged: delete it."), "The model is damaged: delete it."),
        (DiskFull("The disk is full: free some of it."), "The disk is full: free some of it."),
        (psycopg.errors.DiskFull("could not extend file base/1/2"), DATABASE_FULL),
        (psycopg.errors.AdminShutdown("terminating connection"), DATABASE_AWAY),
        (psycopg.OperationalError("the connection is closed"), DATABASE_AWAY),
    ],
)
def test_what_is_no_fault_of_the_calls_never_fails_it(
    conn: db.Connection, settings: Settings, call: Call, error: Exception, told: str
) -> None:
    """However often: it waits and says why, and is heard once that is mended."""
    for _ in range(MAX_ATTEMPTS + 1):
        assert work(settings, call.id, HEARING, failing(error))
        waiting = state_of(conn, call)
        assert (waiting.state, waiting.attempts, waiting.failure) == (WAITING, 0, None)
        assert waiting.waiting_reason == told
    during: list[str | None] = []

    def finish(call: Call, lease: Lease) -> None:
        during.append(call.waiting_reason)
        finish_hearing(settings)(call, lease)

    assert work(settings, call.id, HEARING, finish)
    heard = state_of(conn, call)
    assert (heard.state, heard.waiting_reason) == (HEARD, None)
    assert during == [None], "it waits no longer"


def test_lost_work_is_dropped_without_a_word(
    conn: db.Connection, settings: Settings, call: Call
) -> None:
    def lose(call: Call, lease: Lease) -> None:
        conn.execute("update call set lease_owner = 'other' where id = %s", [call.id])
        conn.commit()
        finish_hearing(settings)(call, lease)

    assert work(settings, call.id, HEARING, lose)
    after = state_of(conn, call)
    assert (after.state, after.failure) == (HEARING, None)
