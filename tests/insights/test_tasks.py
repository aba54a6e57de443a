"""Mining as a worker does it: on a real database, once, whole or not at all."""

import json
from pathlib import Path

import psycopg
import pytest

from ingest import queries as calls
from ingest.base import db
from ingest.base.settings import Settings
from ingest.calls import Call, CallState
from insights import queries, tasks
from insights.insight import Insight, Kind
from insights.model.reader import Reader
from tests.conftest import AddCall
from tests.insights.saying import heard, transcript
from transcribe import queries as transcripts
from transcribe.transcript import Speaker, Transcript

SAID = transcript(
    heard("So what are you using today", 0.0, Speaker.SELLER),
    heard("We've been with Brightloom for three years now", 5.0),
)


@pytest.fixture
def heard_call(conn: db.Connection, settings: Settings, add_call: AddCall) -> Call:
    call = add_call(company="Acme")
    conn.execute(
        "insert into competitor (company_id, name) values (%s, 'Brightloom')", [call.company_id]
    )
    return _heard(conn, call, SAID)


def _heard(conn: db.Connection, call: Call, said: Transcript) -> Call:
    assert calls.claim(conn, call.id, CallState.HEARING, "ear", 60)
    calls.finish(conn, call.id, "ear", CallState.HEARD)
    transcripts.save(conn, call.id, said)
    conn.commit()
    return calls.get_call(conn, call.id)


def state(conn: db.Connection, call: Call) -> Call:
    conn.rollback()
    return calls.get_call(conn, call.id)


def test_a_heard_call_is_mined_with_the_companys_rivals(
    conn: db.Connection, heard_call: Call
) -> None:
    tasks.mine.run(heard_call.id)
    assert state(conn, heard_call).state is CallState.DONE
    rivals = [i for i in queries.insights_of(conn, heard_call.id) if i.kind is Kind.COMPETITOR]
    assert [(i.label, i.turn) for i in rivals] == [("Brightloom", 1)]
    assert rivals[0].competitor_id is not None
    assert 5.0 <= (rivals[0].start or 0.0) < (rivals[0].end or 0.0)


def test_the_companys_own_product_is_no_rival(
    conn: db.Connection, settings: Settings, add_call: AddCall
) -> None:
    call = add_call(company="Acme")
    conn.execute("update company set product = 'Brightloom Studio' where name = 'Acme'")
    conn.execute(
        "insert into competitor (company_id, name) values (%s, 'Brightloom')", [call.company_id]
    )
    said = transcript(heard("We've been with Brightloom Studio for three years now", 5.0))
    call = _heard(conn, call, said)

    tasks.mine.run(call.id)

    kinds = [i.kind for i in queries.insights_of(conn, call.id)]
    assert Kind.COMPETITOR not in kinds
    assert queries.own_names(conn, call.company_id) == ("Acme", "Brightloom Studio")


def test_rung_twice_it_is_mined_once(conn: db.Connection, heard_call: Call) -> None:
    tasks.mine.run(heard_call.id)
    before = [i.id for i in queries.insights_of(conn, heard_call.id)]
    tasks.mine.run(heard_call.id)
    assert [i.id for i in queries.insights_of(conn, heard_call.id)] == before != []


def test_a_call_without_words_is_done_without_insights(
    conn: db.Connection, settings: Settings, add_call: AddCall
) -> None:
    call = _heard(conn, add_call(), Transcript((), seconds=60.0))
    tasks.mine.run(call.id)
    assert state(conn, call).state is CallState.DONE
    assert queries.insights_of(conn, call.id) == []


def test_a_call_not_yet_heard_is_left_alone(
    conn: db.Connection, settings: Settings, add_call: AddCall
) -> None:
    call = add_call()
    conn.commit()
    tasks.mine.run(call.id)
    assert state(conn, call).state is CallState.WAITING


def test_when_saving_fails_nothing_is_saved_and_it_is_tried_again(
    conn: db.Connection, heard_call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def save_and_break(conn: db.Connection, call: Call, found: list[Insight]) -> None:
        real_save(conn, call, found)
        raise psycopg.OperationalError("the server is gone")

    real_save = queries.save_insights
    with monkeypatch.context() as broken:
        broken.setattr(queries, "save_insights", save_and_break)
        tasks.mine.run(heard_call.id)
    assert state(conn, heard_call).state is CallState.HEARD
    assert queries.insights_of(conn, heard_call.id) == []
    tasks.mine.run(heard_call.id)
    assert state(conn, heard_call).state is CallState.DONE


def test_a_broken_model_keeps_the_call_waiting(
    conn: db.Connection, heard_call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "card.json").write_text(json.dumps({"version": "x"}))
    load = Reader.load
    monkeypatch.setattr(Reader, "load", lambda: load(tmp_path))
    tasks._miner_with.cache_clear()
    tasks.mine.run(heard_call.id)
    tasks._miner_with.cache_clear()
    waiting = state(conn, heard_call)
    assert (waiting.state, waiting.failure, waiting.attempts) == (CallState.HEARD, None, 0)
