"""A transcript's way in, on a real database and a real broker, to its insights."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from ingest import outbox
from ingest import queries as calls
from ingest.base import db, queue
from ingest.base.errors import BadMetadata
from ingest.base.settings import Settings
from ingest.calls import CallState
from insights import tasks
from insights.catalogue.queries import add_competitor, delete_competitor
from insights.imports.bring import Taken, bring
from insights.imports.transcript import BadTranscript, read_transcript
from insights.insight import Competitor, Kind
from insights.queries import catalogue, insights_of, own_names
from insights.remines import queries as remines
from insights.remines import work
from insights.remines.remine import RemineState, Scope
from insights.rollups.queries import moving_rollups, rollup_differences
from tests.conftest import AddCall
from transcribe import queries as transcripts

NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
HISTORY = Path(__file__).parents[1] / "fixtures" / "history"
COBBLER = json.loads((HISTORY / "plumbline-h-cobbler-1.json").read_text())


class Door:
    """Brings transcripts in."""

    def __init__(self, pool: db.Pool, settings: Settings) -> None:
        self.pool, self.settings = pool, settings

    def bring(self, may_catalogue: bool = True, **changes: Any) -> Taken:
        body = json.dumps(COBBLER | changes).encode()
        brought = read_transcript(body, "cobbler.json")
        return bring(self.pool, brought, NOW, may_catalogue=may_catalogue)

    def count(self, table: str) -> int:
        with self.pool.connection() as conn:
            row = conn.execute(f"select count(*) from {table}".encode()).fetchone()
            return int(row[0]) if row else 0

    def rivals(self, company_id: int) -> list[str]:
        with self.pool.connection() as conn:
            return [entry.name for entry in catalogue(conn, company_id)]


@pytest.fixture
def door(pool: db.Pool, settings: Settings) -> Door:
    return Door(pool, settings)


def company(*rivals: str, name: str = "Plumbline") -> dict[str, Any]:
    return {"name": name, "competitors": [{"name": rival} for rival in rivals]}


def saying(text: str) -> list[dict[str, str]]:
    return [{"speaker": "customer", "text": text}]


# Once --------------------------------------------------------------------------------------


def test_it_is_saved_with_its_words_and_its_message_is_rung(door: Door) -> None:
    taken = door.bring()
    call = taken.accepted.call
    assert (call.state, call.audio_sha256, call.account) == (
        *(CallState.HEARD, None),
        "Cobb & Awl Shoe Repair",
    )
    with door.pool.connection() as conn:
        kept = transcripts.load(conn, call.id)
        assert (kept.engine, len(kept.turns)) == ("imported", 12)
        assert outbox.unsent(conn) == []
    with queue.app.connection_for_read() as connection:
        waiting = connection.default_channel.queue_declare(queue.MINING, passive=True)
        assert waiting.message_count == 1


def test_the_same_twice_is_one_call_and_what_is_there_stays(door: Door) -> None:
    first = door.bring(stage="demo").accepted
    again = door.bring(stage="won", title="Another", campaign=None).accepted
    assert (again.duplicate, again.call) == (True, first.call)
    assert (door.count("call"), door.count("outbox"), door.count("turn")) == (1, 1, 12)


def test_what_a_second_import_knows_more_of_a_mined_call_is_counted_afresh(door: Door) -> None:
    call = door.bring(held_at=None, date=None).accepted.call
    assert call.held_at == NOW
    tasks.mine.run(call.id)
    again = door.bring().accepted
    assert (again.call.id, again.call.state) == (call.id, CallState.HEARD)
    assert again.call.held_at == datetime(2026, 9, 9, 18, 30, tzinfo=UTC)
    tasks.mine.run(call.id)
    with door.pool.connection() as conn:
        days = conn.execute("select day::text from daily_calls where calls > 0").fetchall()
        assert days == [("2026-09-09",)]
        assert rollup_differences(conn) == []


def test_imports_that_race_are_one_call_and_one_catalogue(door: Door) -> None:
    start = Barrier(4)

    def race(_: int) -> Taken:
        start.wait()
        return door.bring()

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(race, range(4)))
    assert sorted(taken.accepted.duplicate for taken in answers) == [False, True, True, True]
    assert sorted(taken.rivals_added for taken in answers) == [0, 0, 0, 6]
    assert (door.count("call"), door.count("transcript"), door.count("outbox")) == (1, 1, 1)
    assert door.count("competitor") == 6


def test_different_calls_of_one_new_company_at_once(door: Door) -> None:
    start = Barrier(6)

    def race(number: int) -> Taken:
        start.wait()
        return door.bring(turns=saying(f"This is call number {number}."), account=f"A{number % 2}")

    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(race, range(6)))
    assert len({taken.accepted.call.id for taken in answers}) == 6
    assert sum(taken.rivals_added for taken in answers) == 6


def test_a_broker_that_is_away_is_no_error(door: Door) -> None:
    queue.use(door.settings.model_copy(update={"broker_url": "redis://127.0.0.1:9/0"}))
    try:
        assert not door.bring().accepted.duplicate
    finally:
        queue.use(door.settings)
    with door.pool.connection() as conn:
        assert [message.task for message in outbox.unsent(conn)] == [queue.MINE]


def test_a_call_that_is_yet_to_come_leaves_nothing(door: Door) -> None:
    with pytest.raises(BadMetadata, match="held_at is 2027-01-01, which is yet to come"):
        door.bring(held_at="2027-01-01")
    assert door.count("call") == door.count("company") == door.count("competitor") == 0


# The catalogue -----------------------------------------------------------------------------


def test_a_company_without_rivals_gets_those_of_the_first_file(door: Door) -> None:
    first = door.bring()
    assert (first.rivals_added, first.rivals_left_out) == (6, ())
    company_id = first.accepted.call.company_id
    with door.pool.connection() as conn:
        assert own_names(conn, company_id) == ("Plumbline", "Plumbline Compass")
    second = door.bring(turns=saying("Hello."), company=company("attrivo one", "Newcomer"))
    assert (second.rivals_added, second.rivals_left_out) == (0, ("Newcomer",))
    assert "Newcomer" not in door.rivals(company_id)


def test_a_catalogue_that_a_person_keeps_is_never_changed(door: Door) -> None:
    with door.pool.connection() as conn:
        company_id = calls.company_named(conn, "Plumbline")
        kept = add_competitor(conn, company_id, Competitor("Attrivo", ("The A-team",)))
    taken = door.bring()
    assert (taken.rivals_added, len(taken.rivals_left_out)) == (0, 5)
    with door.pool.connection() as conn:
        assert list(catalogue(conn, company_id)) == [kept]
        delete_competitor(conn, kept.id)
    assert door.bring().rivals_added == 0, "a call that was here before brings nothing"


def test_who_may_not_edit_the_catalogue_brings_the_call_alone(door: Door) -> None:
    taken = door.bring(may_catalogue=False)
    assert (taken.rivals_added, len(taken.rivals_left_out)) == (0, 6)
    assert (door.count("call"), door.count("competitor")) == (1, 0)


def test_a_catalogue_that_cannot_be_is_refused_with_its_place(door: Door) -> None:
    for rivals, says in ((("Acme",), "Acme's own name"), (("A1", "a1"), "already means A1")):
        with pytest.raises(BadTranscript, match=rf"cobbler\.json: company\.competitors: .*{says}"):
            door.bring(company=company(*rivals, name="Acme"))
    assert door.count("call") == door.count("company") == door.count("competitor") == 0


# Mined -------------------------------------------------------------------------------------


def test_it_is_mined_like_what_was_heard(door: Door) -> None:
    call = door.bring().accepted.call
    tasks.mine.run(call.id)
    with door.pool.connection() as conn:
        assert calls.get_call(conn, call.id).state is CallState.DONE
        found = insights_of(conn, call.id)
        assert rollup_differences(conn) == []
        assert conn.execute("select sum(calls) from daily_calls").fetchone() == (1,)
        assert conn.execute("select count(*) from theme").fetchone() != (0,)
    assert {(i.kind, i.label) for i in found} >= {
        (Kind.OBJECTION, "price"),
        (Kind.COMPETITOR, "Attrivo"),
    }
    assert Kind.FEATURE_REQUEST in {i.kind for i in found}
    assert {(i.start, i.end, i.sound) for i in found} == {(None, None, False)}


def test_a_recording_that_waits_is_mined_before_it(
    door: Door, conn: db.Connection, add_call: AddCall
) -> None:
    call = door.bring().accepted.call
    recording = add_call()
    said = read_transcript(json.dumps(COBBLER).encode()).transcript
    transcripts.save(conn, recording.id, said)
    conn.execute("update call set state = 'heard' where id = %s", [recording.id])
    conn.commit()
    tasks.mine.run(call.id)
    mined = conn.execute("select call_id from mined_call order by mined_at").fetchall()
    assert mined == [(recording.id,), (call.id,)]


def test_remining_finds_a_rival_that_was_added_later(door: Door, conn: db.Connection) -> None:
    call = door.bring(company=company()).accepted.call
    tasks.mine.run(call.id)
    assert Kind.COMPETITOR not in {i.kind for i in insights_of(conn, call.id)}
    add_competitor(conn, call.company_id, Competitor("Attrivo", ("Trivo",)))
    asked = remines.ask(conn, Scope(), "an admin", dry_run=False)
    conn.commit()
    assert asked.calls == 1
    work.go_on(door.settings, tasks._miner)
    remines.ask_to_apply(conn, asked.id)
    conn.commit()
    work.go_on(door.settings, tasks._miner)
    conn.rollback()
    assert remines.remine(conn, asked.id).state is RemineState.APPLIED
    assert Kind.COMPETITOR in {i.kind for i in insights_of(conn, call.id)}
    assert rollup_differences(conn) == []


def test_deleting_takes_it_out_of_the_counts(door: Door, conn: db.Connection) -> None:
    call = door.bring().accepted.call
    tasks.mine.run(call.id)
    with moving_rollups(conn, call.id):
        assert calls.delete_call(conn, call.id) is None
    conn.commit()
    assert rollup_differences(conn) == []
    assert conn.execute("select sum(calls) from daily_calls").fetchone() == (0,)
    assert door.count("transcript") == 0
    assert not door.bring().accepted.duplicate
