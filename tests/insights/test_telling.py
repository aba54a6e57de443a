"""What mining tells webhooks of: exactly what it committed."""

import json
from typing import Any

import pytest

from ingest import queries as calls
from ingest.base import db
from ingest.base.queue import SEND, SENDING
from ingest.base.settings import Settings
from ingest.calls import Call, CallState
from ingest.webhooks import queries as webhooks
from ingest.webhooks.webhook import EventType, new_secret
from insights import tasks
from insights.insight import Quote, Unlisted
from insights.proposals.queries import save_names
from insights.queries import save_insights
from tests.conftest import AddCall
from tests.ingest.test_tasks import rung
from tests.insights.keywords import objections
from tests.insights.saying import heard, transcript
from transcribe import queries as transcripts


@pytest.fixture
def call(conn: db.Connection, settings: Settings, add_call: AddCall) -> Call:
    """A call that was heard, and somebody who wants to be told of it."""
    call = add_call(company="Acme")
    webhooks.add_endpoint(conn, "http://127.0.0.1:9", list(EventType), new_secret())
    assert calls.claim(conn, call.id, CallState.HEARING, "ear", 60)
    calls.finish(conn, call.id, "ear", CallState.HEARD)
    transcripts.save(conn, call.id, transcript(heard("the price is high, and the price is wrong")))
    conn.commit()
    return call


def told(conn: db.Connection) -> list[Any]:
    conn.rollback()
    return [json.loads(each.body) for each in webhooks.deliveries(conn, 1)]


def test_a_mined_call_is_told_with_what_stands_in_it(
    conn: db.Connection, settings: Settings, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "_miner", lambda: objections("price", "high"))
    tasks.mine.run(call.id)
    tasks.mine.run(call.id)
    [said] = told(conn)
    assert (said["type"], said["data"]["call"]["id"]) == ("call.mined", call.id)
    assert said["data"]["insights"] == {"objection": 3, "competitor": 0, "feature_request": 0}
    assert "price is" not in str(said), "a buyer's words are for whoever has a token"
    assert rung(settings, SENDING) == [(SEND, call.id)]


def test_mining_that_is_not_committed_tells_nothing(
    conn: db.Connection, settings: Settings, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(tasks, "_miner", lambda: objections("price"))
    monkeypatch.setattr(tasks, "save_names", broken)
    tasks.mine.run(call.id)
    assert told(conn) == []


def test_a_name_is_told_when_it_is_first_proposed(conn: db.Connection, call: Call) -> None:
    quote = "we had Hexa in"
    name = Unlisted("Hexa", 0, Quote(quote, 0, len(quote), None, None), 0.8)
    for _ in range(2):
        save_insights(conn, call, [])
        save_names(conn, call, [name])
    conn.commit()
    [said] = told(conn)
    assert said["type"] == "proposal.created"
    assert said["data"]["proposal"] == {"id": 1, "name": "Hexa", "path": "/v1/proposals/1"}
