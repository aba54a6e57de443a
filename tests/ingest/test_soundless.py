"""Calls without sound on a real PostgreSQL: each once, and behind recordings that wait."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import psycopg
import pytest

from ingest import outbox, queries, soundless
from ingest.base import db
from ingest.base.errors import BadMetadata, Refused
from ingest.calls import CallDetails, CallState
from tests.conftest import NOON, AddCall

WORDS, OTHERS = "ab" * 32, "ff" * 32


def test_a_transcript_becomes_a_call_to_be_mined(conn: db.Connection) -> None:
    taken = soundless.take(conn, WORDS, "C:\\calls\\Acme intro.json", CallDetails(rep="Kim"), NOON)
    call = taken.call
    assert not taken.duplicate
    assert (call.state, call.audio_sha256, call.rep) == (CallState.HEARD, None, "Kim")
    assert (call.title, call.filename, call.held_at) == ("Acme intro", "Acme intro.json", NOON)
    assert (call.seconds, call.channels) == (0.0, 0)
    assert soundless.call_by_words(conn, WORDS) == call
    assert soundless.call_by_words(conn, OTHERS) is None


def test_the_same_words_are_the_same_call_and_what_is_there_stays(conn: db.Connection) -> None:
    first = soundless.take(conn, WORDS, "a.json", CallDetails(account="Acme", stage="demo"), NOON)
    second = soundless.take(
        conn,
        *(WORDS, "b.json"),
        CallDetails(
            account="Other", stage="won", rep="Kim", held_at=datetime(2026, 1, 5, tzinfo=UTC)
        ),
        NOON,
    )
    assert (second.duplicate, second.call.id) == (True, first.call.id)
    assert (second.call.account, second.call.stage) == ("Acme", "demo")
    assert (second.call.rep, second.call.held_at) == ("Kim", datetime(2026, 1, 5, tzinfo=UTC))
    assert soundless.take(conn, OTHERS, "c.json", CallDetails(), NOON).call.id != first.call.id


def test_who_brings_the_same_words_at_once_waits_and_finds_them(pool: db.Pool) -> None:
    start = threading.Barrier(4)

    def take(_: int) -> tuple[int, bool]:
        with pool.connection() as conn:
            start.wait()
            taken = soundless.take(conn, WORDS, "a.json", CallDetails(), NOON)
            return taken.call.id, taken.duplicate

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(take, range(4)))
    assert len({number for number, _ in answers}) == 1
    assert sorted(duplicate for _, duplicate in answers) == [False, True, True, True]


def test_a_bad_detail_leaves_nothing(conn: db.Connection) -> None:
    with pytest.raises(BadMetadata):
        soundless.take(conn, WORDS, "a.json", CallDetails(title="a\0b"), NOON)
    assert soundless.call_by_words(conn, WORDS) is None
    assert not soundless.take(conn, WORDS, "a.json", CallDetails(), NOON).duplicate


def test_a_call_is_known_by_its_sound_or_by_its_words(
    conn: db.Connection, add_call: AddCall
) -> None:
    call = add_call()
    with pytest.raises(psycopg.errors.CheckViolation), conn.transaction():
        conn.execute("update call set words_sha256 = audio_sha256 where id = %s", [call.id])
    soundless.take(conn, WORDS, "a.json", CallDetails(), NOON)
    with pytest.raises(psycopg.errors.UniqueViolation):
        queries.add_call(conn, None, "a.json", CallDetails(), NOON, words_sha256=WORDS)


def test_deleting_forgets_the_words(conn: db.Connection) -> None:
    first = soundless.take(conn, WORDS, "a.json", CallDetails(), NOON).call
    assert queries.delete_call(conn, first.id) is None
    again = soundless.take(conn, WORDS, "a.json", CallDetails(), NOON)
    assert (again.duplicate, again.call.id == first.id) == (False, False)


@pytest.mark.parametrize("state", ["done", "failed", "heard"])
def test_what_was_never_heard_is_not_heard_again(conn: db.Connection, state: str) -> None:
    call = soundless.take(conn, WORDS, "a.json", CallDetails(), NOON).call
    failure = "It broke." if state == "failed" else None
    conn.execute("update call set state = %s, failure = %s", [state, failure])
    with pytest.raises(Refused, match=f"Call {call.id} was brought as a transcript: there is no"):
        queries.retry(conn, call.id)
    assert outbox.unsent(conn) == []
    assert queries.get_call(conn, call.id).state == state
    if state != "heard":
        assert queries.retry(conn, call.id, CallState.HEARD).state is CallState.HEARD


def test_recordings_that_wait_come_before_a_transcript(
    conn: db.Connection, add_call: AddCall
) -> None:
    transcript = add_call(sound=False)
    later, first, waiting = add_call(), add_call(), add_call()
    other = add_call(sound=False)
    for call in (first, later):
        conn.execute("update call set state = 'heard' where id = %s", [call.id])
    assert soundless.recordings_before(conn, transcript.id) == [later.id, first.id]
    assert soundless.recordings_before(conn, first.id) == [], "a recording waits its own turn"
    assert soundless.recordings_before(conn, 4711) == []
    assert {waiting.state, other.state} == {CallState.WAITING, CallState.HEARD}
