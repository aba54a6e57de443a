"""Letting go of what is past, on real servers: what goes, what stays, and what breaks off."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from ingest import queries as calls
from ingest.base import db, queue
from ingest.base.errors import BadSetup
from ingest.base.settings import Settings
from ingest.calls import CallState
from ingest.retention import queries
from ingest.retention.rule import OnHold, RecordingGone, Rule
from ingest.store import Store
from insights import retention, tasks
from insights.queries import insights_of
from insights.retention import begun, carry_on, erase
from insights.rollups.queries import rollup_differences
from tests.insights.retention.keeping import Bring, go_on, keep_to, latest, since_yesterday, there
from transcribe import queries as transcripts


def test_recordings_go_and_their_calls_stay(
    conn: db.Connection, settings: Settings, store: Store, bring: Bring
) -> None:
    old, new = bring(91), bring(89)
    keep_to(conn, 90)
    go_on(settings)
    left = there(conn, old)
    assert left is not None
    assert left.audio_sha256 is None
    assert left.recording_gone_at is not None
    assert not left.brought_as_words
    assert transcripts.load(conn, old.id).turns[0].text.startswith("The price")
    assert [i.label for i in insights_of(conn, old.id)] == ["price"]
    assert not store.has(old.audio_sha256 or "")
    assert store.has(new.audio_sha256 or "")
    assert there(conn, new) == new
    run = latest(conn)
    assert (run.recordings, run.calls, run.troubles) == (1, 0, ())
    assert run.ended_at is not None
    assert rollup_differences(conn) == []


def test_the_clock_rings_it_and_a_worker_serves_it(
    conn: db.Connection, settings: Settings, bring: Bring
) -> None:
    assert queue.RETAIN in queue.configuration(settings)["beat_schedule"]
    assert queue.QUEUE_OF[queue.RETAIN] == queue.UPKEEP
    call = bring(40)
    keep_to(conn, 30, 30)
    assert queue.app.tasks[queue.RETAIN] is not None
    tasks.retain()
    assert there(conn, call) is None


def test_a_recording_is_known_by_an_index_also_when_it_is_gone(conn: db.Connection) -> None:
    conn.execute("set local enable_seqscan = off")
    plan = str(
        conn.execute(
            "explain select id from call where '\\x00'::bytea in (audio_sha256, gone_sha256)"
        ).fetchall()
    )
    assert "BitmapOr" in plan
    assert "call_gone_sha256_key" in plan


def test_whole_calls_go_with_all_that_hangs_on_them(
    conn: db.Connection, settings: Settings, store: Store, bring: Bring
) -> None:
    old, middle, new = bring(400), bring(100), bring(10)
    keep_to(conn, 90, 365)
    go_on(settings)
    assert there(conn, old) is None
    assert not store.has(old.audio_sha256 or "")
    assert there(conn, new) == new
    kept = there(conn, middle)
    assert kept is not None
    assert kept.audio_sha256 is None
    run = latest(conn)
    assert (run.recordings, run.calls) == (1, 1)
    assert rollup_differences(conn) == []
    assert conn.execute("select count(*) from leftover").fetchone() == (0,)


def test_everything_that_refers_to_a_call_goes_with_it(conn: db.Connection) -> None:
    """A new table does not keep what is gone by being forgotten."""
    stays = conn.execute(
        """with recursive telling as (
               select 'call'::regclass::oid as id
               union select c.conrelid from pg_constraint c join telling on c.confrelid = telling.id
                where c.contype = 'f')
           select conrelid::regclass::text from pg_constraint
            where contype = 'f' and confrelid in (select id from telling) and confdeltype <> 'c'
              and conrelid <> 'call'::regclass"""
    ).fetchall()
    assert stays == []


def test_the_boundary_is_exact_to_the_second(conn: db.Connection, bring: Bring) -> None:
    now = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
    at = bring(0, held_at=now - timedelta(days=90))
    bring(0, held_at=now - timedelta(days=90) + timedelta(seconds=1))
    bounds = Rule(90).bounds(now)
    assert [found.id for found in queries.due(conn, bounds, (), 9)] == [at.id]
    assert queries.past(conn, bounds).recordings == 1


def test_a_call_that_is_said_to_be_held_tomorrow_is_not_past(
    conn: db.Connection, settings: Settings, bring: Bring
) -> None:
    call = bring(-300)
    keep_to(conn, 1, 1)
    go_on(settings)
    assert there(conn, call) == call


@pytest.mark.parametrize(
    ("state", "sound_stays", "call_stays"),
    [
        (CallState.WAITING, True, False),  # its sound is needed; nobody works on it
        (CallState.HEARING, True, True),
        (CallState.HEARD, False, False),
        (CallState.MINING, True, True),
        (CallState.DONE, False, False),
        (CallState.FAILED, False, False),
    ],
)
def test_what_is_being_worked_on_is_left_until_it_is_done(
    conn: db.Connection,
    settings: Settings,
    bring: Bring,
    state: CallState,
    sound_stays: bool,
    call_stays: bool,
) -> None:
    call = bring(40, state)
    keep_to(conn, 30)
    go_on(settings)
    left = there(conn, call)
    assert left is not None
    assert (left.audio_sha256 is not None) is sound_stays
    assert latest(conn).busy == sound_stays
    keep_to(conn, None, 30)
    go_on(settings)
    assert (there(conn, call) is not None) is call_stays
    assert latest(conn).busy == call_stays


def test_a_call_on_hold_is_left_alone_until_that_is_lifted(
    conn: db.Connection, settings: Settings, bring: Bring
) -> None:
    call = bring(40)
    queries.hold(conn, call.id, "Ana")
    queries.hold(conn, call.id, "Ben")
    keep_to(conn, 30, 30)
    go_on(settings)
    left = there(conn, call)
    assert left is not None
    assert (left.audio_sha256, left.hold_by) == (call.audio_sha256, "Ana")
    assert latest(conn).held == 1
    assert [hold.id for hold in queries.holds(conn)] == [call.id]
    with pytest.raises(OnHold, match="which Ana said: lift the hold before"):
        erase(conn, call.id)
    queries.lift(conn, call.id)
    since_yesterday(conn)
    go_on(settings)
    assert there(conn, call) is None


def test_one_run_a_day(conn: db.Connection, settings: Settings, bring: Bring) -> None:
    queries.set_rule(conn, Rule(30), "Ana")
    conn.commit()
    bring(40)
    go_on(settings)
    assert queries.runs(conn) == []  # the day of the change
    conn.rollback()
    since_yesterday(conn)
    go_on(settings)
    go_on(settings)
    assert len(queries.runs(conn)) == 1


def test_a_run_that_is_killed_is_gone_on_with(
    conn: db.Connection, settings: Settings, bring: Bring, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [bring(40 + n) for n in range(5)]
    keep_to(conn, 30, 30)
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    run = begun(conn)
    conn.commit()
    assert run is not None
    carry_on(conn, run)
    assert [there(conn, call) is None for call in found] == [False, False, False, True, True]
    assert latest(conn).ended_at is None
    go_on(settings)
    go_on(settings)
    assert all(there(conn, call) is None for call in found)
    assert (latest(conn).id, latest(conn).calls) == (run.id, 5)
    assert latest(conn).ended_at is not None


def test_two_runs_at_once_let_go_of_each_call_once(
    conn: db.Connection, settings: Settings, bring: Bring
) -> None:
    found = [bring(40 + n) for n in range(12)]
    keep_to(conn, 30, 30)
    at_once = [threading.Thread(target=go_on, args=(settings,)) for _ in range(3)]
    for each in at_once:
        each.start()
    for each in at_once:
        each.join()
    go_on(settings)
    assert all(there(conn, call) is None for call in found)
    assert [run.calls for run in queries.runs(conn)] == [12]
    assert rollup_differences(conn) == []


def test_one_call_that_cannot_go_keeps_no_other(
    conn: db.Connection, settings: Settings, bring: Bring, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = bring(50), bring(40)
    keep_to(conn, 30, 30)

    def refuse(conn: db.Connection, call_id: int) -> None:
        if call_id == bad.id:
            raise BadSetup("Something else refers to it.")
        erase(conn, call_id)

    monkeypatch.setattr(retention, "erase", refuse)
    go_on(settings)
    run = latest(conn)
    assert there(conn, good) is None
    assert run.ended_at is not None
    assert [(t.call_id, t.why) for t in run.troubles] == [
        (bad.id, "BadSetup: Something else refers to it.")
    ]
    assert run.calls == 1


def test_what_is_gone_is_known_again_and_not_heard_again(
    conn: db.Connection, settings: Settings, bring: Bring
) -> None:
    call = bring(40)
    assert call.audio_sha256
    keep_to(conn, 30)
    go_on(settings)
    known = calls.call_by_audio(conn, call.audio_sha256)
    assert known is not None
    assert known.id == call.id
    with pytest.raises(RecordingGone, match=f"The recording of call {call.id} went on"):
        calls.retry(conn, call.id)
    assert calls.retry(conn, call.id, CallState.HEARD).state is CallState.HEARD
