"""Batches kept under a lease, in a real database."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from ingest import queries as calls
from ingest.base import db
from ingest.base.errors import LeaseLost, Unavailable
from ingest.base.settings import Settings
from ingest.calls import MAX_ATTEMPTS, Call, CallState
from ingest.leases import Lease
from tests.conftest import AddCall
from tests.transcribe.kept.heard import batch, batches, said
from transcribe.kept import queries
from transcribe.kept.batch import HeardBatch
from transcribe.kept.keeper import Keeper

EAR, OTHER_EAR = "e" * 64, "0" * 64
FIRST = batch(12.5, said(0, (0.1, "How is it?")), said(1, (3.3, "It is dear.")))
SECOND = batch(31.0, said(1, (14, "Very.")))


@pytest.fixture
def call(conn: db.Connection, add_call: AddCall) -> Call:
    """A call that the worker "ear" hears."""
    call = add_call(seconds=60.0)
    return taken(conn, call, "ear")


def taken(conn: db.Connection, call: Call, owner: str, lease_seconds: float = 60) -> Call:
    conn.execute("update call set lease_until = now() - interval '1 s' where state = 'hearing'")
    conn.commit()
    held = calls.claim(conn, call.id, CallState.HEARING, owner, lease_seconds)
    conn.commit()
    assert held is not None
    return held


def keeper(url: str, call: Call, owner: str = "ear", ear: str = EAR) -> Keeper:
    return Keeper(url, Lease(url, call.id, owner, 60), ear)


def kept(conn: db.Connection, call: Call) -> dict[int, HeardBatch]:
    conn.rollback()
    return queries.batches(conn, call.id)


def test_the_next_worker_finds_what_the_last_one_heard(
    conn: db.Connection, database_url: str, call: Call
) -> None:
    first = keeper(database_url, call)
    assert first.get(0) is None
    first.put(0, FIRST)
    first.put(1, SECOND)
    taken(conn, call, "next")
    after = keeper(database_url, call, "next")
    assert (after.get(0), after.get(1), after.get(2)) == (FIRST, SECOND, None)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(heard=batches())
def test_the_database_changes_no_bit(
    conn: db.Connection, database_url: str, call: Call, heard: HeardBatch
) -> None:
    keeper(database_url, call).put(0, heard)
    assert kept(conn, call) == {0: heard}


def test_a_worker_that_lost_its_lease_writes_and_removes_nothing(
    conn: db.Connection, database_url: str, call: Call
) -> None:
    late = keeper(database_url, call)
    late.put(0, FIRST)
    taken(conn, call, "next")
    with pytest.raises(LeaseLost):
        late.put(0, SECOND)
    with pytest.raises(LeaseLost):
        late.put(1, SECOND)
    keeper(database_url, call, "ear", OTHER_EAR)
    assert kept(conn, call) == {0: FIRST}
    assert calls.get_call(conn, call.id).attempts == 2


def test_what_another_ear_heard_is_not_taken(
    conn: db.Connection, database_url: str, call: Call
) -> None:
    keeper(database_url, call).put(0, FIRST)
    changed = keeper(database_url, call, ear=OTHER_EAR)
    assert changed.get(0) is None
    assert kept(conn, call) == {}
    changed.put(0, SECOND)
    assert kept(conn, call) == {0: SECOND}


@pytest.mark.parametrize("content", ["{}", "null", "[]", '{"sound": "", "settled": "x"}'])
def test_a_row_that_cannot_be_read_is_heard_anew(
    conn: db.Connection, database_url: str, call: Call, content: str
) -> None:
    keeper(database_url, call).put(0, FIRST)
    conn.execute("update heard_batch set content = %s::jsonb", [content])
    conn.commit()
    again = keeper(database_url, call)
    assert again.get(0) is None
    again.put(0, FIRST)
    assert kept(conn, call) == {0: FIRST}


def test_a_call_that_comes_further_is_tried_for_as_long_as_it_does(
    conn: db.Connection, database_url: str, call: Call
) -> None:
    for number in range(3 * MAX_ATTEMPTS):
        taken(conn, call, f"ear {number}")
        keeper(database_url, call, f"ear {number}").put(number, FIRST)
    for number in range(1, MAX_ATTEMPTS):
        assert taken(conn, call, f"stuck {number}").attempts == number + 1
    conn.execute("update call set lease_until = now() - interval '1 s'")
    assert calls.claim(conn, call.id, CallState.HEARING, "late", 60) is None
    assert calls.get_call(conn, call.id).state is CallState.FAILED


def test_without_the_database_hearing_goes_on_and_what_is_kept_stays(
    conn: db.Connection, servers: Settings, database_url: str, call: Call
) -> None:
    mine = keeper(database_url, call)
    mine.put(0, FIRST)
    name = conn.info.dbname
    conn.rollback()
    with db.connect(database_url.replace(f"/{name}?", "/postgres?")) as other:
        other.autocommit = True
        other.execute(f"alter database {name} with allow_connections false".encode())
        try:
            mine.put(1, SECOND)
            with pytest.raises(Unavailable):
                keeper(database_url, call)
        finally:
            other.execute(f"alter database {name} with allow_connections true".encode())
    assert kept(conn, call) == {0: FIRST}
    mine.put(2, replace(SECOND, settled=40.0))
    assert set(kept(conn, call)) == {0, 2}


def test_a_deleted_call_leaves_nothing(conn: db.Connection, database_url: str, call: Call) -> None:
    keeper(database_url, call).put(0, FIRST)
    calls.delete_call(conn, call.id)
    assert conn.execute("select count(*) from heard_batch").fetchone() == (0,)
