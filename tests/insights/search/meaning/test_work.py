"""Giving turns their vectors: which, when again, and what becomes of them when workers die."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from ingest import queries as calls
from ingest.base import db
from ingest.base.db import Connection
from ingest.base.queue import MEAN, MINING, QUEUE_OF, app
from ingest.base.settings import Settings
from ingest.calls import CallState
from insights.edits.queries import edit_turn
from insights.search.meaning import queries, work
from insights.search.meaning.encoder import SIZE, encoder
from insights.tasks import mean
from tests.insights.speaking import spoken
from transcribe import queries as transcripts
from transcribe.transcript import Speaker, Transcript, Turn

SAID = ("Right, okay then.", "We pay half of that today.", "Nothing to add here.")


def kept(conn: Connection, call_id: int) -> dict[int, str]:
    """The vectors of a call, by position."""
    rows = conn.execute(
        "select position, vector::text from turn_meaning where call_id = %s", [call_id]
    )
    return dict(rows)


def finish(conn: Connection, call_id: int) -> None:
    """As mining does at its end."""
    conn.execute(
        "update call set state = 'done', state_since = clock_timestamp() where id = %s", [call_id]
    )
    conn.commit()


def test_turns_that_say_something_get_a_vector(settings: Settings, conn: Connection) -> None:
    seller = Turn(Speaker.SELLER, "What would it take to go on?")
    call = spoken(conn, *SAID, seller)
    conn.commit()
    assert work.go_on(settings) == 1
    assert set(kept(conn, call.id)) == {1, 2, 3}
    ((size, length),) = conn.execute(
        "select vector_dims(vector), l2_norm(vector) from turn_meaning limit 1"
    ).fetchall()
    assert size == SIZE
    assert length == pytest.approx(1, abs=0.001)


def test_what_is_done_is_not_done_again(settings: Settings, conn: Connection) -> None:
    spoken(conn, *SAID)
    conn.commit()
    mean.run()
    assert work.go_on(settings) == 0
    assert QUEUE_OF[MEAN] == MINING
    assert MEAN in app.conf.beat_schedule, "the clock rings it"


def test_edited_words_get_another_vector(
    settings: Settings, conn: Connection, reviewer: int
) -> None:
    call = spoken(conn, *SAID)
    conn.commit()
    work.go_on(settings)
    before = kept(conn, call.id)
    edit_turn(conn, call.id, 1, "We sail to Norway in June.", reviewer)
    conn.commit()
    assert queries.due(conn) == [], "it waits to be mined again"
    finish(conn, call.id)
    assert work.go_on(settings) == 1
    after = kept(conn, call.id)
    assert after[1] != before[1]
    assert after[2] == before[2]


def test_a_new_hearing_takes_the_old_vectors_along(settings: Settings, conn: Connection) -> None:
    call = spoken(conn, *SAID)
    conn.commit()
    work.go_on(settings)
    conn.execute("delete from transcript where call_id = %s", [call.id])
    assert kept(conn, call.id) == {}
    words = "It was heard in another way"
    transcripts.save(conn, call.id, Transcript((Turn(Speaker.BUYER, words),), 9.0))
    finish(conn, call.id)
    assert work.go_on(settings) == 1
    assert set(kept(conn, call.id)) == {0}
    conn.execute("delete from call where id = %s", [call.id])
    assert kept(conn, call.id) == {}
    assert conn.execute("select count(*) from meant_call").fetchone() == (0,)


def test_another_encoder_does_all_again(
    settings: Settings, conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoken(conn, *SAID)
    conn.commit()
    work.go_on(settings)
    monkeypatch.setattr(queries, "BASIS", "another")
    assert work.go_on(settings) == 1


def test_calls_that_are_not_mined_wait(settings: Settings, conn: Connection) -> None:
    unmined = spoken(conn, *SAID)
    conn.execute("delete from mined_call where call_id = %s", [unmined.id])
    failed = spoken(conn, *SAID)
    conn.execute("update call set state = 'failed', failure = 'x' where id = %s", [failed.id])
    conn.commit()
    assert work.go_on(settings) == 0


def test_new_calls_are_mined_first(settings: Settings, conn: Connection) -> None:
    spoken(conn, *SAID)
    waiting = spoken(conn, *SAID)
    calls.retry(conn, waiting.id, CallState.HEARD)
    conn.commit()
    assert work.go_on(settings) == 0


def test_a_worker_that_dies_leaves_the_call_as_it_was(
    settings: Settings, conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = spoken(conn, *SAID)
    conn.commit()
    with monkeypatch.context() as patch:
        patch.setattr(queries, "_literal", lambda _: "[nonsense]")
        with pytest.raises(Exception, match="nonsense"):
            work.go_on(settings)
    assert kept(conn, call.id) == {}
    assert work.go_on(settings) == 1
    assert set(kept(conn, call.id)) == {1, 2}


def test_workers_at_once_do_each_call_once(settings: Settings, conn: Connection) -> None:
    for _ in range(12):
        spoken(conn, *SAID)
    conn.commit()
    with ThreadPoolExecutor() as threads:
        done = list(threads.map(work.go_on, [settings] * 4))
    while more := work.go_on(settings):  # on a busy machine the clock had rung before
        done.append(more)
    assert sum(done) == 12
    assert conn.execute("select count(*) from turn_meaning").fetchone() == (24,)


def test_one_that_another_worker_has_is_passed_by(
    settings: Settings, conn: Connection, database_url: str
) -> None:
    call = spoken(conn, *SAID)
    conn.commit()
    with db.connect(database_url) as other:
        assert queries.hold(other, call.id)
        assert work.go_on(settings) == 0
    assert work.go_on(settings) == 1


def test_words_that_change_meanwhile_are_read_again(
    settings: Settings, conn: Connection, database_url: str
) -> None:
    call = spoken(conn, *SAID)
    conn.commit()
    with db.connect(database_url) as other:
        since = queries.hold(other, call.id)
        assert since
        finish(conn, call.id)
        queries.save(other, call.id, since, [(1, encoder().of(["something else"])[0])])
        other.commit()
    assert queries.due(conn) == [call.id]
