"""A worker's troubles while it mines old calls again: nothing is lost, nothing is done twice."""

import signal
import subprocess
import sys
import time
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from ingest import queries as calls
from ingest.base import db, queue
from ingest.base.errors import BadSetup, LeaseLost
from ingest.base.settings import Settings
from ingest.calls import MAX_ATTEMPTS, CallState
from insights import tasks
from insights.catalogue.queries import add_competitor
from insights.insight import Competitor, Mined, MiningNote, Unlisted
from insights.mining import Mining
from insights.remines import queries, work
from insights.remines.remine import RemineState, from_json, to_json
from insights.rollups.queries import moving_rollups
from tests.conftest import AddCall
from tests.insights.remining import NEW, SAID, AddMined, apply, ask, labels, looked, now
from tests.insights.saying import heard, transcript


def test_new_calls_come_first(
    conn: db.Connection, settings: Settings, mined: AddMined, add_call: AddCall
) -> None:
    mined()
    fresh = add_call(sound=False)
    found = looked(conn, settings)
    assert (found.state, found.waiting) == (RemineState.LOOKING, 1)
    calls.delete_call(conn, fresh.id)
    conn.commit()
    work.go_on(settings, lambda: NEW)
    assert now(conn, found).state is RemineState.LOOKED


def test_a_call_on_its_way_or_gone_is_left_alone(
    conn: db.Connection, settings: Settings, mined: AddMined
) -> None:
    moving, wordless, gone, still = (mined() for _ in range(4))
    found = looked(conn, settings)
    calls.retry(conn, moving.id, CallState.HEARD)
    calls.claim(conn, moving.id, CallState.MINING, "worker", 60)
    conn.execute("delete from transcript where call_id = %s", [wordless.id])
    with moving_rollups(conn, gone.id):
        calls.delete_call(conn, gone.id)
    conn.commit()
    queries.ask_to_apply(conn, found.id)
    conn.commit()
    work.go_on(settings, lambda: NEW)
    done = now(conn, found)
    assert (done.state, done.calls, done.applied, done.skipped) == (RemineState.APPLIED, 3, 1, 2)
    assert labels(conn, moving) == [("price", "1")]
    assert labels(conn, still) == [("price", "2"), ("timing", "2")]


def test_an_error_while_saving_leaves_the_old_insights_and_is_tried_again(
    conn: db.Connection, settings: Settings, mined: AddMined, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = mined()
    found = looked(conn, settings)
    before: list[list[tuple[str, str]]] = []

    def break_once(*arguments: Any) -> None:
        before.append(labels(conn, call))
        if len(before) == 1:
            raise psycopg.OperationalError("the server is gone")
        note_applied(*arguments)

    note_applied = queries.note_applied
    monkeypatch.setattr(queries, "note_applied", break_once)
    assert apply(conn, settings, found).state is RemineState.APPLIED
    assert before == [[("price", "1")]] * 2
    assert labels(conn, call) == [("price", "2"), ("timing", "2")]


def test_a_database_without_room_is_told_in_plain_words(
    conn: db.Connection, settings: Settings, mined: AddMined
) -> None:
    def load() -> Mining:
        raise psycopg.errors.DiskFull("could not extend file base/1/2")

    call = mined()
    asked = ask(conn)
    for _ in range(MAX_ATTEMPTS):
        work.go_on(settings, load)
    assert now(conn, asked).failed == 1
    told = [(call.id, "The disk of the database is full: free some of it.")]
    assert queries.failures(conn, asked.id, 5) == told


def test_a_miner_that_cannot_be_loaded_fails_the_calls_with_its_reason(
    conn: db.Connection, settings: Settings, mined: AddMined
) -> None:
    def load() -> Mining:
        raise BadSetup("The model is broken: reinstall Earshot.")

    call = mined()
    asked = ask(conn)
    work.go_on(settings, load)
    done = now(conn, asked)
    assert (done.state, done.failed) == (RemineState.LOOKED, 1)
    assert queries.failures(conn, asked.id, 5) == [
        (call.id, "The model is broken: reinstall Earshot.")
    ]


def test_a_call_that_ends_every_worker_fails_and_the_others_go_on(
    conn: db.Connection, settings: Settings, mined: AddMined
) -> None:
    mined()
    asked = ask(conn)
    for number in range(MAX_ATTEMPTS):
        assert queries.claim(conn, f"worker {number}", 0.0)
        conn.commit()
        time.sleep(0.01)
    mined()
    later = ask(conn)
    work.go_on(settings, lambda: NEW)
    assert (now(conn, asked).failed, now(conn, later).looked) == (1, 2)


def test_a_call_is_one_workers_at_a_time_and_late_work_is_dropped(
    conn: db.Connection, settings: Settings, mined: AddMined
) -> None:
    mined()
    ask(conn)
    piece = queries.claim(conn, "one", 60)
    assert piece is not None
    assert queries.claim(conn, "two", 60) is None
    assert queries.heartbeat(conn, piece, "one", 0.0)
    time.sleep(0.01)
    assert queries.claim(conn, "two", 60) == piece
    assert not queries.heartbeat(conn, piece, "one", 60)
    with pytest.raises(LeaseLost):
        queries.note_skipped(conn, piece, "one")
    queries.hand_back(conn, piece, "two")
    assert conn.execute("select attempts, lease_owner from remine_call").fetchone() == (1, None)


def test_it_stops_between_two_calls_when_the_clock_rings_again(
    conn: db.Connection, settings: Settings, mined: AddMined
) -> None:
    mined(), mined()
    asked = ask(conn)
    short = settings.model_copy(update={"sweep_seconds": 0})
    assert [work.go_on(short, lambda: NEW) for _ in range(3)] == [1, 1, 0]
    assert now(conn, asked).state is RemineState.LOOKED


def test_a_worker_told_to_end_hands_the_call_back(
    conn: db.Connection, settings: Settings, mined: AddMined
) -> None:
    def told_to_end() -> Mining:
        raise SystemExit

    mined()
    ask(conn)
    with pytest.raises(SystemExit):
        work.go_on(settings, told_to_end)
    rows = conn.execute("select state, attempts, lease_owner from remine_call").fetchall()
    assert rows == [("waiting", 0, None)]


KILLED = """
import sys, time
from ingest.base.settings import settings
from insights.remines import work
from tests.insights.remining import NEW
class Slow(type(NEW)):
    def mine(self, *said):
        time.sleep(0.3)
        return super().mine(*said)
work.go_on(settings(), lambda: Slow(NEW.words, NEW.version))
"""


def test_killed_at_any_moment_it_goes_on_and_every_call_is_applied_once(
    conn: db.Connection, settings: Settings, mined: AddMined, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARSHOT_LEASE_SECONDS", "5")
    ids = [mined().id for _ in range(8)]
    asked = ask(conn)
    worker = subprocess.Popen([sys.executable, "-c", KILLED])
    while now(conn, asked).looked < 2:
        assert worker.poll() is None
        time.sleep(0.02)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    left = now(conn, asked)
    assert 2 <= left.looked < 8
    deadline = time.monotonic() + 30
    while now(conn, asked).state is RemineState.LOOKING and time.monotonic() < deadline:
        work.go_on(settings, lambda: NEW)  # as the clock rings
        time.sleep(0.1)
    done = apply(conn, settings, asked)
    assert (done.applied, done.appears, done.failed) == (8, 8, 0)
    for call_id in ids:
        call = calls.get_call(conn, call_id)
        assert labels(conn, call) == [("price", "2"), ("timing", "2")]


def test_the_clock_rings_it_on_the_mining_queue() -> None:
    assert queue.REMINE in queue.app.tasks
    assert queue.QUEUE_OF[queue.REMINE] == queue.MINING


def test_the_real_miner_after_itself_changes_nothing(
    conn: db.Connection, settings: Settings, mined: AddMined
) -> None:
    call = mined(tasks._miner())
    add_competitor(conn, call.company_id, Competitor("Elsewhere"))
    conn.commit()
    asked = ask(conn)
    tasks.remine.run()
    found = now(conn, asked)
    assert (found.state, found.appears, found.disappears) == (RemineState.LOOKED, 0, 0)


def test_insights_come_back_from_json_as_they_were() -> None:
    said = transcript(heard(SAID))
    found = NEW.mine(said, (Competitor("Attrivo"),)).insights
    bare = replace(found[0], unlisted=True, quote=replace(found[0].quote, start=None))
    name = Unlisted("Hexa", 1, bare.quote, 0.5)
    mined = Mined((*found, bare), MiningNote("Why", {"quote": 2}), (name,))
    assert from_json(to_json(mined)) == mined


def test_the_next_call_is_found_by_its_index(conn: db.Connection, add_call: AddCall) -> None:
    call = add_call()
    conn.execute(
        """with made as (insert into remine (asked_by, dry_run) select 'a', false
                         from generate_series(1, 20000) returning id)
           insert into remine_call (remine_id, call_id, state)
           select id, %s, 'applied' from made""",
        [call.id],
    )
    conn.execute("analyze remine_call")
    plan = conn.execute(
        """explain select p.call_id from remine_call p join remine r on r.id = p.remine_id
           where (p.state = 'waiting' or p.state = 'looked' and r.apply_asked_at is not null)
             and p.state in ('waiting', 'looked')
           order by p.remine_id, p.call_id limit 1 for update of p skip locked"""
    ).fetchall()
    assert "remine_call_due" in str(plan)
