"""Letting go of what is past, on real servers: what goes, what stays, and what breaks off."""

import itertools
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingest import queries as calls
from ingest.base import db, queue
from ingest.base.errors import BadSetup, NotFound, Unavailable
from ingest.base.settings import Settings
from ingest.calls import Audio, Call, CallDetails, CallState
from ingest.leftovers import queries as leftovers
from ingest.leftovers.removing import remove_due
from ingest.retention import queries
from ingest.retention.rule import OnHold, RecordingGone, Rule, RuleChanged, Run
from ingest.store import Store, open_store
from insights import retention, tasks
from insights.queries import insights_of, save_insights
from insights.retention import begun, carry_on, erase
from insights.rollups.queries import rollup_differences
from tests.insights.trending import said
from transcribe import queries as transcripts
from transcribe.transcript import Speaker, Transcript, Turn

Bring = Callable[..., Call]


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


def keep_to(conn: db.Connection, recordings: int | None, whole: int | None = None) -> None:
    """Have this rule since yesterday."""
    queries.set_rule(conn, Rule(recordings, whole), "Ana")
    since_yesterday(conn)


def go_on(settings: Settings) -> None:
    """What a worker does, and the API after it."""
    retention.go_on(settings)
    with db.connect(settings.database_url) as conn:
        remove_due(conn, open_store(settings))


def since_yesterday(conn: db.Connection) -> None:
    conn.execute("update retention set changed_at = now() - interval '1 day'")
    conn.execute("update retention_run set started_at = started_at - interval '1 day'")
    conn.commit()


def latest(conn: db.Connection) -> Run:
    conn.rollback()
    return queries.runs(conn)[0]


def there(conn: db.Connection, call: Call) -> Call | None:
    conn.rollback()
    try:
        return calls.get_call(conn, call.id)
    except NotFound:
        return None


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


def test_nothing_goes_for_ever_by_default(
    conn: db.Connection, settings: Settings, bring: Bring
) -> None:
    call = bring(20_000)
    go_on(settings)
    assert there(conn, call) == call
    assert queries.runs(conn) == []


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


def test_killed_between_the_row_and_the_file(
    conn: db.Connection, settings: Settings, store: Store, bring: Bring
) -> None:
    call = bring(40)
    erase(conn, call.id)
    conn.commit()  # and here the process dies
    assert store.has(call.audio_sha256 or "")
    go_on(settings)
    assert not store.has(call.audio_sha256 or "")
    remove_due(conn, store)
    assert conn.execute("select count(*) from leftover").fetchone() == (0,)


def test_a_deletion_that_is_not_committed_leaves_the_sound(
    conn: db.Connection, settings: Settings, store: Store, bring: Bring
) -> None:
    call = bring(40)
    erase(conn, call.id)
    conn.rollback()
    go_on(settings)
    assert store.has(call.audio_sha256 or "")


def test_sound_of_an_upload_that_was_killed_goes_a_day_later(
    conn: db.Connection, settings: Settings, store: Store, tmp_path: Path
) -> None:
    sound = tmp_path / "sound"
    sound.write_bytes(b"sound")
    leftovers.expect(conn, "ab" * 32)
    conn.commit()
    store.put("ab" * 32, sound)
    assert remove_due(conn, store) == 0
    assert store.has("ab" * 32)
    conn.execute("update leftover set due_at = now()")
    conn.commit()
    assert remove_due(conn, store) == 1
    assert not store.has("ab" * 32)


def test_sound_that_a_call_needs_is_never_removed(
    conn: db.Connection, settings: Settings, store: Store, bring: Bring
) -> None:
    call = bring(1)
    assert call.audio_sha256
    leftovers.leave(conn, call.audio_sha256)
    conn.commit()
    assert remove_due(conn, store) == 0
    assert store.has(call.audio_sha256)


def test_a_recording_is_one_calls_only(conn: db.Connection, bring: Bring) -> None:
    """So that its sound may go with that call: no other can need it."""
    one, other = bring(1), bring(2)
    with pytest.raises(Exception, match="call_audio_sha256_key"):
        conn.execute(
            "update call set audio_sha256 = decode(%s, 'hex') where id = %s",
            [one.audio_sha256, other.id],
        )


def test_a_recording_that_is_no_calls_goes(
    conn: db.Connection, settings: Settings, store: Store, bring: Bring
) -> None:
    call = bring(1)
    conn.execute("update call set audio_sha256 = null where id = %s", [call.id])
    keep_to(conn, 30)
    go_on(settings)
    assert not store.has(call.audio_sha256 or "")


def test_a_store_that_is_away_is_told_of_and_asked_again(
    conn: db.Connection,
    settings: Settings,
    store: Store,
    bring: Bring,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    call = bring(40)
    keep_to(conn, 30)

    def away(self: Store, sha256: str) -> None:
        raise Unavailable("The store of recordings does not answer: check its disk.")

    with monkeypatch.context() as patch:
        patch.setattr(Store, "delete", away)
        go_on(settings)
    rest = leftovers.remains(conn)
    assert rest is not None
    assert (rest.count, rest.trouble.split(":")[0]) == (
        1,
        "The store of recordings does not answer",
    )
    assert remove_due(conn, store) == 0  # not at once again
    conn.execute("update leftover set due_at = now()")
    conn.commit()
    remove_due(conn, store)
    assert leftovers.remains(conn) is None
    assert not store.has(call.audio_sha256 or "")


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


def test_more_than_half_at_once_waits_for_a_word(
    conn: db.Connection, settings: Settings, bring: Bring
) -> None:
    keep_to(conn, None, 30)
    found = [bring(31) for _ in range(21)]  # agreed to is what was past when the rule was set
    conn.execute("update retention set calls_agreed = now() - interval '60 days'")
    conn.commit()
    go_on(settings)
    run = latest(conn)
    assert run.stopped is not None
    assert "21 of 21 calls would have gone at once, more than half" in run.stopped
    assert there(conn, found[0]) == found[0]
    since_yesterday(conn)
    queries.agree(conn, queries.kept(conn).rule.bounds(queries.clock(conn)))
    queries.ask(conn, "Ana")
    conn.commit()
    go_on(settings)
    assert there(conn, found[0]) is None
    assert (latest(conn).calls, latest(conn).asked_by) == (21, "Ana")


def test_what_was_agreed_to_with_the_rule_is_not_asked_again(
    conn: db.Connection, settings: Settings, bring: Bring
) -> None:
    found = [bring(31) for _ in range(21)]
    keep_to(conn, None, 30)
    go_on(settings)
    assert there(conn, found[0]) is None
    assert latest(conn).stopped is None


def test_another_rule_ends_the_run_at_once(
    conn: db.Connection, settings: Settings, bring: Bring
) -> None:
    call = bring(40)
    keep_to(conn, 30, 30)
    run = begun(conn)
    conn.commit()
    assert run is not None
    queries.set_rule(conn, Rule(), "Ben")
    conn.commit()
    carry_on(conn, run)
    go_on(settings)
    assert there(conn, call) == call
    assert [(c.call_days, c.changed_by) for c in queries.changes(conn)] == [
        (None, "Ben"),
        (30, "Ana"),
    ]


def test_a_rule_that_somebody_else_changed_is_looked_at_again(conn: db.Connection) -> None:
    kept = queries.set_rule(conn, Rule(30), "Ana", version=1)
    assert kept.version == 2
    with pytest.raises(RuleChanged, match="Ana has changed the rule meanwhile"):
        queries.set_rule(conn, Rule(31), "Ben", version=1)
    assert queries.kept(conn).rule == Rule(30)


def test_a_preview_counts_what_a_run_does(
    conn: db.Connection, settings: Settings, bring: Bring
) -> None:
    for days in (10, 25, 40, 80, 110):
        bring(days)
    held = bring(90)
    bring(95, CallState.HEARING)
    queries.hold(conn, held.id, "Ana")
    rule = Rule(30, 100)
    told = queries.preview(conn, rule)
    assert (told.now.recordings, told.now.calls) == (2, 1)
    assert (told.soon.recordings, told.soon.calls) == (3, 2)
    assert (told.held, told.busy, told.of.calls) == (1, 1, 7)
    assert [past.whole for past in told.oldest] == [True, False, False]
    keep_to(conn, 30, 100)
    go_on(settings)
    run = latest(conn)
    assert (run.recordings, run.calls, run.held, run.busy) == (2, 1, 1, 1)


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
