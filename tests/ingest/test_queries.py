"""The ingest room's queries on a real PostgreSQL."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest import outbox, queries
from ingest.base import db
from ingest.base.errors import BadMetadata, LeaseLost, NotFound, Refused
from ingest.base.queue import HEAR, MINE
from ingest.calls import MAX_ATTEMPTS, Audio, CallDetails, CallState, may_move
from ingest.library.library import Place, Sort
from tests.conftest import NOON, AddCall

SHORT = 0.05  # seconds of a lease that is to run out at once
LONG = 60.0

WAITING, HEARING, HEARD = CallState.WAITING, CallState.HEARING, CallState.HEARD
MINING, DONE, FAILED = CallState.MINING, CallState.DONE, CallState.FAILED


def count(conn: db.Connection, table: str) -> int:
    row = conn.execute(f"select count(*) from {table}".encode()).fetchone()
    assert row
    return int(row[0])


def messages(conn: db.Connection) -> list[tuple[str, int]]:
    return [(message.task, message.call_id) for message in outbox.unsent(conn)]


def make_old(conn: db.Connection, seconds: float = 1000.0) -> None:
    """Let time pass: whatever was done just now was done `seconds` ago."""
    conn.execute("update call set state_since = state_since - make_interval(secs => %s)", [seconds])
    conn.execute("update call set lease_until = lease_until - make_interval(secs => %s)", [seconds])
    conn.execute("update outbox set sent_at = sent_at - make_interval(secs => %s)", [seconds])


# -- details --------------------------------------------------------------------------------


def test_a_call_comes_back_as_it_was_brought(conn: db.Connection) -> None:
    audio = Audio("ab" * 32, 4711, 301.5, 2, 8000, "ogg", "opus")
    details = CallDetails(
        title="Second call with Brightwater",
        account="Brightwater",
        account_value_usd=Decimal("125000.50"),
        segment="mid-market",
        rep="Dana",
        company="Lumen",
        held_at=datetime(2026, 1, 5, 9, 30, tzinfo=UTC),
        deal_value_usd=Decimal("40000.00"),
        stage="negotiation",
        outcome="won",
        lead_source="webinar",
        campaign="spring",
        lead_created_at=datetime(2025, 12, 1, tzinfo=UTC),
        consent="asked at the start",
        language="en",
        seller_channel=1,
    )
    call = queries.add_call(conn, audio, "brightwater.ogg", details, NOON)
    for name in details.__slots__:
        assert getattr(call, name) == getattr(details, name), name
    assert (call.state, call.audio_sha256, call.filename) == (WAITING, "ab" * 32, "brightwater.ogg")
    assert (call.seconds, call.channels, call.uploaded_at) == (301.5, 2, NOON)
    assert queries.get_call(conn, call.id) == queries.call_by_audio(conn, "ab" * 32) == call
    assert queries.get_audio(conn, "ab" * 32) == audio


def test_what_is_not_given_has_a_sensible_default(add_call: AddCall) -> None:
    call = add_call()
    assert (call.title, call.held_at, call.company) == ("call.wav", NOON, "My company")
    assert (call.account, call.rep, call.deal_value_usd) == (None, None, None)


def test_a_call_brought_without_sound_waits_to_be_mined(add_call: AddCall) -> None:
    assert add_call(sound=False).state is HEARD


def test_names_are_one_whatever_their_case_and_values_are_kept(
    conn: db.Connection, add_call: AddCall
) -> None:
    first = add_call(account="Acme", segment="small", account_value_usd=Decimal(5), rep="Dana")
    second = add_call(account=" ACME ", rep="dana", account_value_usd=Decimal(7))
    assert (second.account_id, second.rep_id) == (first.account_id, first.rep_id)
    assert (second.account, second.segment, second.account_value_usd) == (
        "Acme",
        "small",
        Decimal(7),
    )
    assert queries.company_named(conn, None) == queries.company_named(conn, "my COMPANY")


def test_changing_details_leaves_the_others(conn: db.Connection, add_call: AddCall) -> None:
    call = add_call(account="Acme", stage="discovery", rep="Dana")
    changed = queries.update_details(conn, call.id, CallDetails(stage="won", company="Lumen"))
    assert (changed.stage, changed.company) == ("won", "Lumen")
    assert (changed.account, changed.rep, changed.held_at) == ("Acme", "Dana", call.held_at)
    assert queries.update_details(conn, call.id, CallDetails()) == changed


@pytest.mark.parametrize(
    "bad",
    [
        CallDetails(account="New Ltd", deal_value_usd=Decimal("1e13")),
        CallDetails(account="New Ltd", deal_value_usd=Decimal(-1)),
        CallDetails(account="New Ltd", account_value_usd=Decimal(-1)),
        CallDetails(account="New Ltd", title="a\0b"),
        CallDetails(account="New Ltd", seller_channel=-1),
    ],
)
def test_a_bad_detail_is_refused_whole(conn: db.Connection, bad: CallDetails) -> None:
    with pytest.raises(BadMetadata, match="cannot be kept"):
        queries.add_call(conn, None, "call.wav", bad, NOON)
    assert (count(conn, "call"), count(conn, "account")) == (0, 0)


def test_unknown_ids_are_not_found(conn: db.Connection) -> None:
    with pytest.raises(NotFound, match="no call 17"):
        queries.get_call(conn, 17)
    with pytest.raises(NotFound):
        queries.update_details(conn, 17, CallDetails(title="x"))
    with pytest.raises(NotFound):
        queries.get_audio(conn, "cd" * 32)
    with pytest.raises(NotFound):
        queries.delete_call(conn, 17)
    assert queries.call_by_audio(conn, "cd" * 32) is None


def test_a_forgotten_call_leaves_nothing(conn: db.Connection, add_call: AddCall) -> None:
    call = add_call()
    queries.enqueue(conn, HEAR, call.id)
    assert queries.delete_call(conn, call.id) == call.audio_sha256
    assert [count(conn, table) for table in ("call", "audio", "outbox")] == [0, 0, 0]


def test_two_uploads_of_one_recording_take_turns(database_url: str) -> None:
    """The second finds the first's call, however close they are."""
    audio = Audio("ab" * 32, 1, 1.0, 1, 8000, "wav", "pcm_s16le")
    barrier = threading.Barrier(2)

    def upload() -> int:
        with db.connect(database_url) as conn:
            barrier.wait()
            queries.keep_audio(conn, audio)
            known = queries.call_by_audio(conn, audio.sha256)
            time.sleep(0.1)
            return (known or queries.add_call(conn, audio, "a.wav", CallDetails(), NOON)).id

    with ThreadPoolExecutor() as threads:
        ids = [thread.result() for thread in [threads.submit(upload) for _ in range(2)]]
    assert ids[0] == ids[1]


# -- lists ----------------------------------------------------------------------------------


def test_a_list_is_filtered_by_each_field(conn: db.Connection, add_call: AddCall) -> None:
    wanted = add_call(
        account="Acme",
        rep="Dana",
        company="Lumen",
        segment="smb",
        stage="won",
        outcome="lost",
        lead_source="web",
        title="50% off_er",
        held_at=NOON - timedelta(days=1),
    )
    add_call(account="Other", segment="large", title="500 offXer", held_at=NOON)
    assert len(queries.list_calls(conn)) == 2
    for name in ("account", "rep", "company", "segment", "stage", "outcome", "lead_source"):
        value = str(getattr(wanted, name)).upper()
        assert queries.list_calls(conn, **{name: value}) == [wanted], name  # type: ignore[arg-type]
    assert queries.list_calls(conn, text="50% OFF_E") == [wanted]
    assert queries.list_calls(conn, held_to=NOON) == [wanted]
    assert wanted not in queries.list_calls(conn, held_from=NOON)
    assert len(queries.list_calls(conn, states=[WAITING, DONE])) == 2
    assert queries.list_calls(conn, states=[DONE]) == []


def test_pages_hold_each_call_once_though_many_were_held_at_once(
    conn: db.Connection, add_call: AddCall
) -> None:
    for number in range(11):
        add_call(held_at=NOON + timedelta(hours=number // 4))
    seen, before = [], None
    while page := queries.list_calls(conn, before=before, limit=3):
        seen += page
        before = Place.of(page[-1], Sort.NEWEST)
    keys = [(call.held_at, call.id) for call in seen]
    assert len(keys) == 11
    assert all(one > other for one, other in pairwise(keys))


def test_the_list_and_the_sweep_keep_their_indexes(conn: db.Connection) -> None:
    """A page costs the same whether a hundred or a million calls are kept."""
    conn.execute(
        """insert into company (name) values ('c');
           insert into call (company_id, title, filename, held_at, state)
           select 1, 't', 'f', timestamptz '2026-01-01' + i * interval '1 minute', 'done'
             from generate_series(1, 20000) as i;
           analyze call"""
    )
    for query, index in [
        (
            """select call.id from call join company on company.id = call.company_id
                where (held_at, call.id) < ('2026-01-05', 0)
                order by held_at desc, call.id desc limit 50""",
            "call_by_time",
        ),
        (
            "select id from call where state not in ('done', 'failed') and state = 'waiting'",
            "call_by_state",
        ),
    ]:
        plan = conn.execute(b"explain " + query.encode()).fetchall()
        assert index in str(plan)


# -- leases ---------------------------------------------------------------------------------


def test_a_call_goes_its_way(conn: db.Connection, add_call: AddCall) -> None:
    call = add_call(seconds=30.0)
    heard = queries.claim(conn, call.id, HEARING, "one", LONG)
    assert heard
    assert (heard.state, heard.attempts) == (HEARING, 1)
    assert queries.heartbeat(conn, call.id, "one", LONG, 12.5)
    assert queries.get_call(conn, call.id).heard_seconds == 12.5
    queries.finish(conn, call.id, "one", HEARD, missing_seconds=1.5)
    waiting = queries.get_call(conn, call.id)
    assert (waiting.state, waiting.heard_seconds, waiting.missing_seconds) == (HEARD, 30.0, 1.5)
    assert queries.claim(conn, call.id, MINING, "two", LONG)
    queries.finish(conn, call.id, "two", DONE)
    assert (queries.get_call(conn, call.id).state, waiting.attempts) == (DONE, 0)


def test_claims_race_and_one_wins(
    conn: db.Connection, database_url: str, add_call: AddCall
) -> None:
    calls = [add_call() for _ in range(20)]
    conn.commit()
    barrier = threading.Barrier(4)

    def claim_all(owner: str) -> list[int]:
        with db.connect(database_url) as mine:
            barrier.wait()
            taken = []
            for call in calls:
                if queries.claim(mine, call.id, HEARING, owner, LONG):
                    taken.append(call.id)
                mine.commit()
            return taken

    with ThreadPoolExecutor() as threads:
        taken = [call_id for mine in threads.map(claim_all, "abcd") for call_id in mine]
    assert sorted(taken) == [call.id for call in calls]


def test_a_silent_worker_loses_the_call(conn: db.Connection, add_call: AddCall) -> None:
    call = add_call()
    assert queries.claim(conn, call.id, HEARING, "slow", SHORT)
    assert queries.claim(conn, call.id, HEARING, "quick", LONG) is None
    time.sleep(SHORT * 2)
    taken = queries.claim(conn, call.id, HEARING, "quick", LONG)
    assert taken
    assert taken.attempts == 2
    assert not queries.heartbeat(conn, call.id, "slow", LONG)
    with pytest.raises(LeaseLost, match="given to another worker"):
        queries.finish(conn, call.id, "slow", HEARD)
    queries.give_up(conn, call.id, "slow", "too late to say", permanent=True)
    assert queries.get_call(conn, call.id).state is HEARING
    queries.finish(conn, call.id, "quick", HEARD)


def test_a_worker_cannot_end_a_step_that_is_not_its_own(
    conn: db.Connection, add_call: AddCall
) -> None:
    call = add_call()
    queries.claim(conn, call.id, HEARING, "one", LONG)
    with pytest.raises(LeaseLost):
        queries.finish(conn, call.id, "one", DONE)
    assert queries.claim(conn, call.id, MINING, "one", LONG) is None


def test_a_call_that_kills_its_workers_fails_in_the_end(
    conn: db.Connection, add_call: AddCall
) -> None:
    call = add_call()
    for attempt in range(MAX_ATTEMPTS):
        taken = queries.claim(conn, call.id, HEARING, f"worker {attempt}", SHORT)
        assert taken
        assert taken.attempts == attempt + 1
        time.sleep(SHORT * 2)
    assert queries.claim(conn, call.id, HEARING, "one more", LONG) is None
    failed = queries.get_call(conn, call.id)
    assert failed.state is FAILED
    assert failed.failure == "Its worker ended 3 times while hearing this call."


def test_giving_up_for_now_tries_again_until_the_attempts_are_used(
    conn: db.Connection, add_call: AddCall
) -> None:
    call = add_call()
    states = []
    for _ in range(MAX_ATTEMPTS):
        assert queries.claim(conn, call.id, HEARING, "w", LONG)
        queries.give_up(conn, call.id, "w", "The disk is full.", permanent=False)
        states.append(queries.get_call(conn, call.id).state)
    assert states == [WAITING, WAITING, FAILED]
    assert queries.get_call(conn, call.id).failure == "The disk is full."


def test_a_call_that_waits_says_why_until_it_is_taken_again(
    conn: db.Connection, add_call: AddCall
) -> None:
    call, other = add_call(), add_call()
    for step, back, after in ((HEARING, WAITING, HEARD), (MINING, HEARD, DONE)):
        queries.claim(conn, call.id, step, "w", LONG)
        queries.wait(conn, call.id, "another", "The disk is full.")
        assert queries.get_call(conn, call.id).state is step, "its lease is lost"
        queries.wait(conn, call.id, "w", "The disk is full.")
        waiting = queries.get_call(conn, call.id)
        assert (waiting.state, waiting.attempts) == (back, 0)
        assert waiting.waiting_reason == "The disk is full."
        assert {c.id: c.waiting_reason for c in queries.list_calls(conn)} == {
            call.id: "The disk is full.",
            other.id: None,
        }
        taken = queries.claim(conn, call.id, step, "w", LONG)
        assert taken is not None
        assert taken.waiting_reason is None
        queries.finish(conn, call.id, "w", after)
        assert queries.get_call(conn, call.id).waiting_reason is None


def test_what_cannot_be_helped_fails_at_once(conn: db.Connection, add_call: AddCall) -> None:
    call = add_call()
    queries.claim(conn, call.id, HEARING, "w", LONG)
    queries.give_up(conn, call.id, "w", "There is no sound in it.", permanent=True)
    failed = queries.get_call(conn, call.id)
    assert (failed.state, failed.failure) == (FAILED, "There is no sound in it.")


def test_a_person_has_a_failed_call_heard_or_mined_again(
    conn: db.Connection, add_call: AddCall
) -> None:
    call = add_call()
    queries.claim(conn, call.id, HEARING, "w", LONG)
    with pytest.raises(Refused, match=f"Call {call.id} is hearing"):
        queries.retry(conn, call.id)
    queries.give_up(conn, call.id, "w", "No.", permanent=True)
    again = queries.retry(conn, call.id)
    assert (again.state, again.attempts, again.failure) == (WAITING, 0, None)
    queries.claim(conn, call.id, HEARING, "w", LONG)
    queries.finish(conn, call.id, "w", HEARD)
    queries.claim(conn, call.id, MINING, "w", LONG)
    queries.finish(conn, call.id, "w", DONE)
    assert queries.retry(conn, call.id, HEARD).state is HEARD
    assert messages(conn) == [(HEAR, call.id), (MINE, call.id)]
    with pytest.raises(NotFound):
        queries.retry(conn, 4711)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_whatever_workers_do_a_call_moves_only_as_it_may(
    conn: db.Connection, add_call: AddCall, data: st.DataObject
) -> None:
    """Two workers claim, beat, finish, give up and fall silent in any order: each move is legal,
    at most one of them holds the call, and no step is tried more often than MAX_ATTEMPTS."""
    call_id = add_call().id
    holder: str | None = None
    silent = False
    for _ in range(data.draw(st.integers(1, 20))):
        before = queries.get_call(conn, call_id)
        owner = data.draw(st.sampled_from("ab"))
        act = data.draw(st.sampled_from(["claim", "finish", "give up", "beat", "fall", "retry"]))
        step = data.draw(st.sampled_from([HEARING, MINING]))
        if act == "claim" and queries.claim(conn, call_id, step, owner, LONG):
            assert holder is None or silent
            holder, silent = owner, False
        elif act == "finish":
            try:
                queries.finish(conn, call_id, owner, HEARD if step is HEARING else DONE)
                assert holder == owner
                holder = None
            except LeaseLost:
                assert holder != owner or before.state is not step
        elif act == "give up":
            queries.give_up(conn, call_id, owner, "No.", data.draw(st.booleans()))
            holder = None if holder == owner else holder
        elif act == "beat":
            assert queries.heartbeat(conn, call_id, owner, LONG) == (holder == owner)
            silent = silent and holder != owner
        elif act == "fall":
            make_old(conn)
            silent = True
        elif act == "retry" and before.state in (DONE, FAILED):
            queries.retry(conn, call_id, data.draw(st.sampled_from([WAITING, HEARD])))
        after = queries.get_call(conn, call_id)
        if after.state is not before.state:
            assert may_move(before.state, after.state), (act, before.state, after.state)
        assert after.attempts <= MAX_ATTEMPTS
        holder = None if after.state is FAILED else holder


# -- outbox ---------------------------------------------------------------------------------


def test_a_message_is_sent_once_and_cleared_later(conn: db.Connection, add_call: AddCall) -> None:
    call = add_call()
    queries.enqueue(conn, HEAR, call.id)
    [message] = outbox.unsent(conn)
    assert (message.task, message.call_id) == (HEAR, call.id)
    outbox.mark_sent(conn, [message.id])
    assert outbox.unsent(conn) == []
    outbox.clear_outbox(conn)
    assert count(conn, "outbox") == 1
    make_old(conn, 25 * 3600)
    outbox.clear_outbox(conn)
    assert count(conn, "outbox") == 0


def test_two_who_ring_share_the_messages(
    conn: db.Connection, database_url: str, add_call: AddCall
) -> None:
    queries.enqueue(conn, HEAR, add_call().id)
    conn.commit()
    assert len(outbox.unsent(conn)) == 1
    with db.connect(database_url) as other:
        assert outbox.unsent(other) == []


def test_forgotten_calls_are_rung_again(conn: db.Connection, add_call: AddCall) -> None:
    fresh, old, heard, dead, busy, done = (add_call() for _ in range(6))
    for call in (heard, dead, busy, done):
        queries.claim(conn, call.id, HEARING, "w", LONG)
    for call in (heard, done):
        queries.finish(conn, call.id, "w", HEARD)
    queries.claim(conn, done.id, MINING, "w", LONG)
    queries.finish(conn, done.id, "w", DONE)
    make_old(conn)
    queries.heartbeat(conn, busy.id, "w", LONG)
    conn.execute("update call set state_since = clock_timestamp() where id = %s", [fresh.id])

    assert outbox.enqueue_forgotten(conn, 60) == 3
    assert messages(conn) == [(HEAR, old.id), (MINE, heard.id), (HEAR, dead.id)]
    assert outbox.enqueue_forgotten(conn, 60) == 0, "they are in the outbox already"
    outbox.mark_sent(conn, [message.id for message in outbox.unsent(conn)])
    assert outbox.enqueue_forgotten(conn, 60) == 0, "the broker was told just now"
    make_old(conn)
    assert outbox.enqueue_forgotten(conn, 60) == 5, "fresh is old now, and busy fell silent"


def test_a_long_queue_is_not_rung_over_and_over(conn: db.Connection, add_call: AddCall) -> None:
    calls = [add_call() for _ in range(outbox.FORGOTTEN_AT_ONCE + 5)]
    make_old(conn)
    assert outbox.enqueue_forgotten(conn, 60) == outbox.FORGOTTEN_AT_ONCE
    assert [call_id for _, call_id in messages(conn)] == [
        call.id for call in calls[: outbox.FORGOTTEN_AT_ONCE]
    ]


def test_the_longest_names_are_kept(add_call: AddCall) -> None:
    """Of four bytes a letter: no index has more of them than it takes."""
    dice = random.Random(3)
    names = ["".join(chr(dice.randrange(0x20000, 0x2A000)) for _ in range(300)) for _ in range(3)]
    call = add_call(stage=names[0], lead_source=names[1], campaign=names[2])
    assert [call.stage, call.lead_source, call.campaign] == names
