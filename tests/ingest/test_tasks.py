"""The sweep, on a real broker: whatever was lost is rung again, and nothing hangs."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ingest import outbox, queries, tasks
from ingest.base import db, queue
from ingest.base.queue import HEAR, HEARING, MINE, MINING
from ingest.base.services import embedded
from ingest.base.settings import Settings
from ingest.calls import CallState
from tests.conftest import AddCall


def rung(settings: Settings, name: str) -> list[tuple[str, int]]:
    """Take all messages off a queue: (task, call id)."""
    found = []
    with queue.app.connection_for_read(settings.broker_url) as connection:
        channel = connection.default_channel
        while message := channel.basic_get(name, no_ack=True):
            found.append((message.headers["task"], message.payload[0][0]))
    return found


def valkey_pid(settings: Settings) -> int:
    return int((settings.home / "servers" / "valkey.pid").read_text())


def test_a_ring_carries_a_call_id_to_its_tasks_queue(settings: Settings) -> None:
    queue.ring(HEAR, 17)
    queue.ring(MINE, 18)
    assert rung(settings, HEARING) == [(HEAR, 17)]
    assert rung(settings, MINING) == [(MINE, 18)]


def test_relay_rings_what_was_committed_and_only_once(
    conn: db.Connection, pool: db.Pool, settings: Settings, add_call: AddCall
) -> None:
    call = add_call()
    queries.enqueue(conn, HEAR, call.id)
    assert tasks.relay(pool) == 0, "not committed yet"
    conn.commit()
    assert tasks.relay(pool) == 1
    assert tasks.relay(pool) == 0
    assert rung(settings, HEARING) == [(HEAR, call.id)]


def test_a_crash_between_commit_and_ring_loses_nothing(
    conn: db.Connection, settings: Settings, add_call: AddCall
) -> None:
    call = add_call()
    queries.enqueue(conn, HEAR, call.id)
    conn.commit()  # and here the process died
    tasks.sweep()
    assert rung(settings, HEARING) == [(HEAR, call.id)]
    tasks.sweep()
    assert rung(settings, HEARING) == []


def test_messages_lost_with_the_broker_are_rung_again(
    conn: db.Connection, settings: Settings, add_call: AddCall
) -> None:
    call = add_call()
    queries.enqueue(conn, HEAR, call.id)
    conn.commit()
    tasks.sweep()
    assert rung(settings, HEARING), "taken off and never heard of again"
    ago = "- make_interval(secs => 100)"
    conn.execute(f"update outbox set sent_at = sent_at {ago}".encode())
    conn.execute(f"update call set state_since = state_since {ago}".encode())
    conn.commit()
    tasks.sweep()
    assert rung(settings, HEARING) == [(HEAR, call.id)]


def test_a_dead_workers_call_is_rung_again(
    conn: db.Connection, settings: Settings, add_call: AddCall
) -> None:
    call = add_call()
    queries.claim(conn, call.id, CallState.HEARING, "dead", 0.05)
    conn.commit()
    time.sleep(0.1)
    tasks.sweep()
    assert rung(settings, HEARING) == [(HEAR, call.id)]


@pytest.mark.parametrize("url", ["redis+socket:///nowhere/valkey.sock", "amqp://127.0.0.1:1//"])
def test_without_a_broker_nothing_hangs_and_nothing_is_lost(
    conn: db.Connection, pool: db.Pool, settings: Settings, add_call: AddCall, url: str
) -> None:
    queries.enqueue(conn, HEAR, add_call().id)
    conn.commit()
    queue.use(settings.model_copy(update={"broker_url": url}))
    began = time.monotonic()
    assert tasks.relay(pool) == 0
    assert time.monotonic() - began < 10
    assert len(outbox.unsent(conn)) == 1
    conn.rollback()
    queue.use(settings)
    assert tasks.relay(pool) == 1


def test_what_was_rung_before_the_broker_died_is_not_rung_again(
    conn: db.Connection,
    pool: db.Pool,
    settings: Settings,
    add_call: AddCall,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    calls = [add_call().id for _ in range(2)]
    for call_id in calls:
        queries.enqueue(conn, HEAR, call_id)
    conn.commit()

    @contextmanager
    def bell_that_breaks() -> Iterator[queue.Bell]:
        with queue.bell() as ring:

            def ring_and_kill(task: str, *call_ids: int) -> None:
                ring(task, *call_ids)
                os.kill(valkey_pid(own), signal.SIGKILL)

            yield ring_and_kill

    mine = settings.model_copy(update={"broker_url": "", "home": tmp_path})
    with embedded(mine) as own:
        queue.use(own)
        monkeypatch.setattr(tasks, "bell", bell_that_breaks)
        assert tasks.relay(pool) == 0
    assert [message.call_id for message in outbox.unsent(conn)] == calls[1:]
