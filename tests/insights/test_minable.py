"""Calls in a language that is not mined: nothing is found in them, and they count for nothing."""

import json
from dataclasses import replace
from typing import Any

import pytest

from ingest import queries as calls
from ingest.base import db
from ingest.base.settings import Settings
from ingest.calls import Call, CallState
from ingest.webhooks import queries as webhooks
from ingest.webhooks.webhook import EventType, new_secret
from insights import queries as kept
from insights import tasks
from insights.insight import Kind
from insights.minable import mined_part, why_not_mined
from insights.remines import work
from insights.remines.remine import RemineState
from insights.retrain.queries import mined_calls, reviewed_calls
from insights.rollups.queries import moving_rollups, rollup_differences
from insights.trends.queries import count
from insights.trends.trend import Filter, Period, Question, Unit
from tests.conftest import NOON, AddCall
from tests.insights.keywords import objections
from tests.insights.remining import NEW, AddMined, ask, labels, looked, now
from tests.insights.saying import heard, transcript
from transcribe import queries as transcripts
from transcribe.transcript import Speaker, Transcript

WEEK = (Period.of(Unit.WEEK, NOON.date()),)
SAID = transcript(heard("the price is high", 0.0), heard("the price is fine", 9.0, Speaker.SELLER))


def spoken(language: str | None, **parameters: Any) -> Transcript:
    turns = (SAID.turns[0], replace(SAID.turns[1], channel=1))
    return replace(SAID, turns=turns, language=language, parameters=parameters)


def mine(conn: db.Connection, call: Call, said: Transcript) -> Call:
    """Hear the call as this, and mine it."""
    assert calls.claim(conn, call.id, CallState.HEARING, "ear", 60)
    calls.finish(conn, call.id, "ear", CallState.HEARD)
    transcripts.save(conn, call.id, said)
    conn.commit()
    tasks.mine.run(call.id)
    conn.rollback()
    assert rollup_differences(conn) == []
    return calls.get_call(conn, call.id)


@pytest.fixture(autouse=True)
def keywords(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    monkeypatch.setattr(tasks, "_miner", lambda: objections("price"))


def counted(conn: db.Connection) -> tuple[int, int]:
    """Calls that trends count, by the roll-ups, which the calls themselves agree with."""
    found = []
    for rep in (None, "Dana"):  # only the first is what the roll-ups know
        counts = count(conn, Question(Kind.OBJECTION, WEEK, Filter(rep=rep)))
        found.append(sum(each.calls for each in counts.calls))
    return found[0], found[1]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (spoken("en"), None),
        (spoken(None), None),
        (
            spoken("de", languages={"0": "de", "1": "de"}),
            "Transcribed in German; not mined: Earshot’s detectors know English.",
        ),
        (
            spoken("en", languages={"0": "en", "1": "fr"}),
            "What is said in French is transcribed and not mined: "
            "Earshot’s detectors know English.",
        ),
        (
            spoken("de", language_asked="en", foreign_seconds={"de": 40.0}),
            "Most of this call sounds like German, and it was heard as English: those words were "
            "left out. Where it is German, have it heard again.",
        ),
        (spoken("en", foreign_seconds={"de": 12.0}), None),
    ],
)
def test_what_is_not_mined_says_why(said: Transcript, why: str | None) -> None:
    assert why_not_mined(said, mined=False) == why


def test_what_was_mined_before_is_not_said_to_be_unmined() -> None:
    assert why_not_mined(spoken("de"), mined=True) is None


def test_turns_in_another_language_are_silent_where_they_stand() -> None:
    part = mined_part(spoken("en", languages={"0": "en", "1": "fr"}))
    assert [turn.text for turn in part.turns] == ["the price is high", ""]
    assert part.turns[1].words == ()
    assert mined_part(spoken(None)) == spoken(None)


def test_a_call_in_german_counts_in_no_denominator(conn: db.Connection, add_call: AddCall) -> None:
    english = mine(conn, add_call(company="Acme", rep="Dana", held_at=NOON), spoken("en"))
    german = mine(conn, add_call(company="Acme", rep="Dana", held_at=NOON), spoken("de"))
    assert (english.state, german.state) == (CallState.DONE, CallState.DONE)
    assert labels(conn, english) == [("price", "1")] * 2
    assert labels(conn, german) == []
    assert counted(conn) == (1, 1)
    assert kept.mining_note(conn, german.id) is None
    assert kept.mining_note(conn, english.id) is not None


def test_english_that_was_heard_as_german_counts_in_none_either(
    conn: db.Connection, settings: Settings, add_call: AddCall
) -> None:
    parameters = {"language_asked": "de", "foreign_seconds": {"en": 90.0}}
    call = mine(conn, add_call(held_at=NOON), spoken("en", **parameters))
    assert labels(conn, call) == []
    assert counted(conn)[0] == 0
    assert looked(conn, settings).calls == 0


def test_what_one_channel_says_in_french_is_not_mined(
    conn: db.Connection, add_call: AddCall
) -> None:
    call = mine(conn, add_call(held_at=NOON), spoken("en", languages={"0": "en", "1": "fr"}))
    assert [found.turn for found in kept.insights_of(conn, call.id)] == [0]
    assert counted(conn)[0] == 1


def test_a_call_heard_again_in_german_counts_no_more(
    conn: db.Connection, add_call: AddCall
) -> None:
    call = mine(conn, add_call(rep="Dana", held_at=NOON), spoken("en"))
    first, second = kept.insights_of(conn, call.id)
    with moving_rollups(conn, call.id):
        conn.execute("update insight set review = 'confirmed' where id = %s", [first.id])
    calls.retry(conn, call.id, CallState.WAITING)
    conn.commit()
    assert counted(conn) == (1, 1), "as it was, until it is mined again"
    mine(conn, call, spoken("de"))
    assert [found.id for found in kept.insights_of(conn, call.id)] == [first.id]
    assert second.id != first.id
    assert counted(conn) == (0, 0)
    calls.retry(conn, call.id, CallState.WAITING)
    conn.commit()
    mine(conn, call, spoken("en"))
    assert counted(conn) == (1, 1)


def test_webhooks_are_told_that_it_was_not_mined(conn: db.Connection, add_call: AddCall) -> None:
    webhooks.add_endpoint(conn, "http://127.0.0.1:9", list(EventType), new_secret())
    mine(conn, add_call(), spoken("de"))
    [said] = [json.loads(each.body)["data"] for each in webhooks.deliveries(conn, 1)]
    assert said["mined"] is False
    assert set(said["insights"].values()) == {0}


def test_a_remine_and_a_training_pass_it_over(
    conn: db.Connection, settings: Settings, mined: AddMined, add_call: AddCall
) -> None:
    english = mined()
    german = mine(conn, add_call(company="Acme"), spoken("de"))
    found = looked(conn, settings)
    assert (found.state, found.calls) == (RemineState.LOOKED, 1)
    assert mined_calls(conn, None, None) == [english.id]
    assert reviewed_calls(conn) == []
    assert labels(conn, german) == []


def test_a_call_that_turns_out_german_meanwhile_is_skipped(
    conn: db.Connection, settings: Settings, mined: AddMined
) -> None:
    call = mined()
    asked = ask(conn)
    conn.execute("update transcript set language = 'de' where call_id = %s", [call.id])
    conn.commit()
    work.go_on(settings, lambda: NEW)
    assert now(conn, asked).skipped == 1
    assert labels(conn, call) == [("price", "1")]
