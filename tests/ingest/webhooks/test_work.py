"""From what is committed to what a receiver gets: real PostgreSQL, a real HTTP server, kills."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from ingest import queries as calls
from ingest.base import db
from ingest.base.errors import NotFound
from ingest.base.queue import SEND, SENDING
from ingest.base.settings import Settings
from ingest.calls import MAX_ATTEMPTS, CallState
from ingest.tasks import relay
from ingest.webhooks import queries, tasks, work
from ingest.webhooks.webhook import (
    BACK_OFF,
    KEPT_DAYS,
    Delivery,
    DeliveryState,
    Endpoint,
    EndpointState,
    EventType,
    new_secret,
)
from tests.conftest import AddCall
from tests.ingest.test_tasks import rung
from tests.ingest.webhooks.receiver import Receiver, answer, hang_up, receiving, slow

SECRET = new_secret()
EVERYTHING = tuple(EventType)


@pytest.fixture
def endpoint(conn: db.Connection, settings: Settings, receiver: Receiver) -> Endpoint:
    """One that takes everything, at the receiver."""
    made = queries.add_endpoint(conn, receiver.url, EVERYTHING, SECRET)
    conn.commit()
    return made


def happen(conn: db.Connection, add_call: AddCall, **details: str) -> int:
    """A call fails; its id."""
    call = add_call(**details)
    queries.emit_failed(conn, call.id, "It is noise.")
    conn.commit()
    return call.id


def log(conn: db.Connection, endpoint: Endpoint) -> list[Delivery]:
    conn.rollback()
    return list(queries.deliveries(conn, endpoint.id))


def now_is(conn: db.Connection, later: timedelta) -> None:
    """Let this time pass, as the rows see it."""
    conn.execute(
        """update webhook_delivery set next_try_at = next_try_at - %(t)s,
                  tried_at = tried_at - %(t)s""",
        {"t": later},
    )
    conn.execute("update webhook_endpoint set failing_since = failing_since - %s", [later])
    conn.commit()


def test_what_was_committed_is_told_once(
    conn: db.Connection,
    settings: Settings,
    add_call: AddCall,
    endpoint: Endpoint,
    receiver: Receiver,
) -> None:
    call_id = happen(conn, add_call, company="Acme", account="Hartsoe", title="Renewal")
    assert work.send_due(settings) == 1
    assert work.send_due(settings) == 0
    [got] = receiver.got
    said = got.verified(SECRET)
    assert said["type"] == "call.failed"
    assert abs(datetime.fromisoformat(said["timestamp"]) - datetime.now(UTC)) < timedelta(minutes=1)
    assert said["data"]["failure"] == "It is noise."
    call = said["data"]["call"]
    assert (call["id"], call["title"], call["path"]) == (call_id, "Renewal", f"/v1/calls/{call_id}")
    assert (call["company"], call["account"], call["rep"]) == ("Acme", "Hartsoe", None)
    [delivery] = log(conn, endpoint)
    assert (delivery.state, delivery.attempts, delivery.status) == ("delivered", 1, 204)
    assert delivery.event_id == got.headers["webhook-id"]
    assert delivery.body.encode() == got.body


def test_what_was_rolled_back_is_never_told(
    conn: db.Connection,
    settings: Settings,
    add_call: AddCall,
    endpoint: Endpoint,
    receiver: Receiver,
) -> None:
    queries.emit_failed(conn, add_call().id, "Almost.")
    conn.rollback()
    assert work.send_due(settings) == 0
    assert receiver.got == []


def test_a_failing_call_tells_and_rings(
    conn: db.Connection, pool: db.Pool, settings: Settings, add_call: AddCall, endpoint: Endpoint
) -> None:
    call = add_call()
    assert calls.claim(conn, call.id, CallState.HEARING, "ear", 60)
    calls.give_up(conn, call.id, "ear", "Passing trouble.", permanent=False)
    conn.commit()
    assert log(conn, endpoint) == [], "it is tried again"
    assert calls.claim(conn, call.id, CallState.HEARING, "ear", 60)
    calls.give_up(conn, call.id, "ear", "There is no sound.", permanent=True)
    calls.give_up(conn, call.id, "ear", "There is no sound.", permanent=True)
    conn.commit()
    [delivery] = log(conn, endpoint)
    assert (delivery.type, delivery.state) == ("call.failed", "pending")
    assert "There is no sound." in delivery.body
    assert relay(pool) == 1
    assert rung(settings, SENDING) == [(SEND, call.id)]


def test_a_call_whose_workers_end_is_told_as_failed(
    conn: db.Connection, add_call: AddCall, endpoint: Endpoint
) -> None:
    call = add_call()
    for _ in range(MAX_ATTEMPTS):
        assert calls.claim(conn, call.id, CallState.HEARING, "dead", 0.0)
        conn.commit()
    for _ in range(2):
        assert calls.claim(conn, call.id, CallState.HEARING, "last", 60) is None
        conn.commit()
    [delivery] = log(conn, endpoint)
    assert "Its worker ended" in delivery.body


def test_only_who_takes_it_is_told(
    conn: db.Connection, settings: Settings, add_call: AddCall, receiver: Receiver
) -> None:
    add_call(company="Acme"), add_call(company="Other")
    mined = queries.add_endpoint(conn, receiver.url, [EventType.CALL_MINED], SECRET)
    other = queries.add_endpoint(conn, receiver.url, EVERYTHING, SECRET, company="other")
    acme = queries.add_endpoint(conn, receiver.url, EVERYTHING, SECRET, company="ACME")
    conn.commit()
    happen(conn, add_call, company="Acme")
    assert [len(log(conn, each)) for each in (mined, other, acme)] == [0, 0, 1]
    assert queries.endpoint(conn, acme.id).company == "Acme"


def test_with_nobody_to_tell_nothing_is_kept(
    conn: db.Connection, settings: Settings, add_call: AddCall
) -> None:
    happen(conn, add_call)
    row = conn.execute("select (select count(*) from webhook_event), (select count(*) from outbox)")
    assert row.fetchone() == (0, 0)


def test_a_failure_is_tried_again_under_the_same_id_until_it_gets_through(
    conn: db.Connection,
    settings: Settings,
    add_call: AddCall,
    endpoint: Endpoint,
    receiver: Receiver,
) -> None:
    receiver.replies = [answer(500, b"out of order"), hang_up]
    happen(conn, add_call)
    for number, wait in enumerate(BACK_OFF[:2], 1):
        assert work.send_due(settings) == 1
        assert work.send_due(settings) == 0, "it rests"
        [delivery] = log(conn, endpoint)
        assert (delivery.state, delivery.attempts) == ("pending", number)
        assert delivery.next_try_at is not None
        assert delivery.tried_at is not None
        assert wait <= delivery.next_try_at - delivery.tried_at < wait + timedelta(seconds=30)
        now_is(conn, wait)
    assert queries.endpoint(conn, endpoint.id).failing_since is not None
    assert work.send_due(settings) == 1
    assert len(set(receiver.ids)) == 1
    assert len(receiver.ids) == 3
    assert log(conn, endpoint)[0].state == "delivered"
    assert queries.endpoint(conn, endpoint.id).failing_since is None


def test_after_a_day_it_is_given_up_and_paused_and_replayed(
    conn: db.Connection,
    settings: Settings,
    add_call: AddCall,
    endpoint: Endpoint,
    receiver: Receiver,
) -> None:
    began = datetime.now(UTC) - timedelta(minutes=1)
    receiver.replies = [answer(503)] * (len(BACK_OFF) + 1)
    happen(conn, add_call)
    for wait in (*BACK_OFF, timedelta(0)):
        assert work.send_due(settings) == 1
        now_is(conn, wait)
    [delivery] = log(conn, endpoint)
    assert (delivery.state, delivery.attempts) == ("failed", len(BACK_OFF) + 1)
    paused = queries.endpoint(conn, endpoint.id)
    assert (paused.state, paused.failed, paused.waiting) == (EndpointState.PAUSED, 1, 0)
    assert "answered 503" in (paused.notice or "")
    happen(conn, add_call)
    assert work.send_due(settings) == 0, "it waits for the resume"
    queries.resume(conn, endpoint.id)
    assert queries.replay_failed(conn, endpoint.id, datetime.now(UTC) + timedelta(hours=1)) == 0
    assert queries.replay_failed(conn, endpoint.id, began) == 1
    conn.commit()
    assert work.send_due(settings) == 2
    assert {each.state for each in log(conn, endpoint)} == {DeliveryState.DELIVERED}
    assert receiver.ids.count(delivery.event_id) == len(BACK_OFF) + 2
    resumed = queries.endpoint(conn, endpoint.id)
    assert (resumed.state, resumed.notice, resumed.failing_since) == ("active", None, None)


def test_one_message_that_is_never_taken_pauses_nobody(
    conn: db.Connection,
    settings: Settings,
    add_call: AddCall,
    endpoint: Endpoint,
    receiver: Receiver,
) -> None:
    happen(conn, add_call)
    for wait in (*BACK_OFF, timedelta(0)):
        receiver.replies = [answer(500)]
        work.send_due(settings)  # the old one, which is refused
        happen(conn, add_call)
        work.send_due(settings)  # a new one, which is taken
        now_is(conn, wait)
    assert log(conn, endpoint)[-1].state == "failed"
    assert queries.endpoint(conn, endpoint.id).state is EndpointState.ACTIVE


def test_gone_pauses_at_once(
    conn: db.Connection,
    settings: Settings,
    add_call: AddCall,
    endpoint: Endpoint,
    receiver: Receiver,
) -> None:
    receiver.replies = [answer(410)]
    happen(conn, add_call)
    work.send_due(settings)
    assert log(conn, endpoint)[0].state == "failed"
    assert "410 Gone" in (queries.endpoint(conn, endpoint.id).notice or "")


def test_an_endpoint_that_is_away_costs_one_attempt_a_round(
    conn: db.Connection,
    settings: Settings,
    add_call: AddCall,
    endpoint: Endpoint,
    receiver: Receiver,
) -> None:
    receiver.replies = [answer(500)]
    for _ in range(5):
        happen(conn, add_call)
    assert work.send_due(settings) == 1
    assert work.send_due(settings) == 4, "it is back"


def test_a_slow_endpoint_holds_up_no_other(
    conn: db.Connection,
    settings: Settings,
    add_call: AddCall,
    endpoint: Endpoint,
    receiver: Receiver,
) -> None:
    receiver.replies = [slow(0.2)]
    with receiving() as quick:
        queries.add_endpoint(conn, quick.url, EVERYTHING, SECRET)
        happen(conn, add_call)
        hurried = settings.model_copy(update={"webhook_seconds": 3.0})
        thread = threading.Thread(target=work.send_due, args=[hurried])
        began = time.monotonic()
        thread.start()
        until(lambda: quick.got)
        assert time.monotonic() - began < 2.5
        thread.join()
    [delivery] = log(conn, endpoint)
    assert (delivery.state, delivery.status) == ("pending", None)
    assert delivery.said == "No answer within 3 seconds."


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_worker_killed_between_send_and_mark_repeats_and_loses_nothing(
    conn: db.Connection,
    settings: Settings,
    add_call: AddCall,
    endpoint: Endpoint,
    receiver: Receiver,
) -> None:
    arrived = threading.Event()

    def kill_the_worker(request: object) -> None:
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
        arrived.set()

    receiver.replies = [kill_the_worker]
    happen(conn, add_call)
    environment = {**os.environ, "EARSHOT_DATABASE_URL": settings.database_url}
    program = "from ingest.webhooks.tasks import send; send.run()"
    worker = subprocess.Popen([sys.executable, "-c", program], env=environment)
    assert arrived.wait(60)
    [delivery] = log(conn, endpoint)
    assert (delivery.state, delivery.attempts, delivery.status) == ("pending", 1, None)
    assert work.send_due(settings) == 0, "the dead one's lease still runs"
    now_is(conn, timedelta(seconds=work.LEASE_SECONDS))
    tasks.send.run()
    assert len(receiver.ids) == 2
    assert len(set(receiver.ids)) == 1
    assert log(conn, endpoint)[0].state == "delivered"


def test_two_workers_send_nothing_twice(
    conn: db.Connection,
    settings: Settings,
    add_call: AddCall,
    endpoint: Endpoint,
    receiver: Receiver,
) -> None:
    for _ in range(20):
        happen(conn, add_call)
    threads = [threading.Thread(target=work.send_due, args=[settings]) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(receiver.ids) == len(set(receiver.ids)) == 20


def test_after_a_rotation_both_secrets_verify_for_a_day(
    conn: db.Connection,
    settings: Settings,
    add_call: AddCall,
    endpoint: Endpoint,
    receiver: Receiver,
) -> None:
    fresh = new_secret()
    queries.rotate(conn, endpoint.id, fresh)
    happen(conn, add_call)
    work.send_due(settings)
    for secret in (SECRET, fresh):
        assert receiver.got[0].verified(secret)
    conn.execute("update webhook_endpoint set old_secret_until = now()")
    happen(conn, add_call)
    work.send_due(settings)
    assert receiver.got[1].headers["webhook-signature"].count("v1,") == 1
    assert receiver.got[1].verified(fresh)


def test_one_delivery_is_replayed_whatever_became_of_it(
    conn: db.Connection,
    settings: Settings,
    add_call: AddCall,
    endpoint: Endpoint,
    receiver: Receiver,
) -> None:
    happen(conn, add_call)
    work.send_due(settings)
    [delivery] = log(conn, endpoint)
    queries.replay(conn, endpoint.id, delivery.id)
    conn.commit()
    assert work.send_due(settings) == 1
    assert receiver.ids == [delivery.event_id] * 2
    assert receiver.got[0].body == receiver.got[1].body


def test_a_try_out_goes_to_this_endpoint_alone(
    conn: db.Connection, settings: Settings, endpoint: Endpoint, receiver: Receiver
) -> None:
    other = queries.add_endpoint(conn, receiver.url, EVERYTHING, SECRET)
    queries.try_out(conn, endpoint.id)
    conn.commit()
    work.send_due(settings)
    assert receiver.got[0].verified(SECRET)["type"] == "webhook.test"
    assert log(conn, other) == []


def test_a_deleted_call_takes_its_events_along_and_old_ones_are_forgotten(
    conn: db.Connection, settings: Settings, add_call: AddCall, endpoint: Endpoint
) -> None:
    calls.delete_call(conn, happen(conn, add_call))
    conn.commit()
    assert log(conn, endpoint) == []
    happen(conn, add_call)
    conn.execute(
        "update webhook_event set occurred_at = now() - interval '25 hours' * %s", [KEPT_DAYS]
    )
    queries.forget_old(conn)
    conn.commit()
    assert log(conn, endpoint) == []


def test_the_log_is_read_in_pages_and_by_state(
    conn: db.Connection, settings: Settings, add_call: AddCall, endpoint: Endpoint
) -> None:
    for _ in range(3):
        happen(conn, add_call)
    third, second, first = log(conn, endpoint)
    assert queries.deliveries(conn, endpoint.id, limit=2) == [third, second]
    assert queries.deliveries(conn, endpoint.id, before=second.id) == [first]
    assert queries.deliveries(conn, endpoint.id, state=DeliveryState.FAILED) == []
    assert queries.delivery(conn, endpoint.id, first.id) == first


def test_an_endpoint_is_changed_listed_and_deleted(conn: db.Connection, endpoint: Endpoint) -> None:
    queries.change_endpoint(conn, endpoint.id, url="http://127.0.0.1:9", description="new")
    queries.change_endpoint(conn, endpoint.id, events=[EventType.CALL_MINED])
    queries.pause(conn, endpoint.id)
    [changed] = queries.endpoints(conn)
    assert (changed.url, changed.description) == ("http://127.0.0.1:9", "new")
    assert (changed.events, changed.state) == ((EventType.CALL_MINED,), EndpointState.PAUSED)
    queries.delete_endpoint(conn, endpoint.id)
    assert queries.endpoints(conn) == []


def test_what_is_not_there_is_said(conn: db.Connection, endpoint: Endpoint) -> None:
    for missing in (
        lambda: queries.endpoint(conn, 99),
        lambda: queries.change_endpoint(conn, 99, url="x"),
        lambda: queries.pause(conn, 99),
        lambda: queries.resume(conn, 99),
        lambda: queries.rotate(conn, 99, SECRET),
        lambda: queries.delete_endpoint(conn, 99),
        lambda: queries.try_out(conn, 99),
        lambda: queries.replay(conn, endpoint.id, 99),
        lambda: queries.delivery(conn, endpoint.id, 99),
        lambda: queries.add_endpoint(conn, "http://x", EVERYTHING, SECRET, company="Nobody"),
    ):
        with pytest.raises(NotFound):
            missing()
