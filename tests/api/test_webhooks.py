"""Webhooks over real HTTP, both ways: asked for by the API, received by a server beside it."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from api.users import Role
from ingest import queries as calls
from ingest.base import db
from ingest.base.queue import SENDING, app
from ingest.calls import CallDetails
from ingest.webhooks import queries, work
from tests.api.running import Api, assert_problem
from tests.conftest import NOON
from tests.ingest.webhooks.receiver import Receiver, answer, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


def make(api: Api, url: str, **more: Any) -> Any:
    body = {"url": url, "events": ["call.failed"], **more}
    made = api.as_(Role.ADMIN).post("/v1/webhooks", json=body)
    assert made.status_code == 201, made.text
    return made.json()


def happen(api: Api, times: int = 1) -> None:
    with db.connect(api.settings.database_url) as conn:
        for _ in range(times):
            call = calls.add_call(conn, None, "a.json", CallDetails(company="Plumbline"), NOON)
            queries.emit_failed(conn, call.id, "It is noise.")


def log(api: Api, webhook: Any, **query: Any) -> Any:
    return api.as_(Role.ADMIN).get(f"/v1/webhooks/{webhook['id']}/deliveries", params=query).json()


def test_the_secret_is_shown_once_and_its_messages_verify(api: Api, receiver: Receiver) -> None:
    made = make(api, receiver.url, description="CRM")
    assert made["secret"].startswith("whsec_")
    assert (made["state"], made["events"], made["company"]) == ("active", ["call.failed"], None)
    client = api.as_(Role.ADMIN)
    for path in ("/v1/webhooks", f"/v1/webhooks/{made['id']}", f"/webhooks/{made['id']}"):
        assert made["secret"] not in client.get(path).text
    happen(api)
    work.send_due(api.settings)
    assert receiver.got[0].verified(made["secret"])["type"] == "call.failed"
    [delivery] = log(api, made)["items"]
    assert (delivery["state"], delivery["status"], delivery["attempts"]) == ("delivered", 204, 1)
    assert json.loads(delivery["body"]) == json.loads(receiver.got[0].body)


def test_a_test_message_is_rung_at_once(api: Api, receiver: Receiver) -> None:
    made = make(api, receiver.url)
    sent = api.as_(Role.ADMIN).post(f"/v1/webhooks/{made['id']}/test")
    assert (sent.status_code, sent.json()["type"]) == (202, "webhook.test")
    with app.connection_for_read(api.settings.broker_url) as connection:
        assert connection.default_channel.basic_get(SENDING, no_ack=True)
    work.send_due(api.settings)
    url = f"/v1/webhooks/{made['id']}/deliveries/{sent.json()['id']}"
    assert api.as_(Role.ADMIN).get(url).json()["state"] == "delivered"


def test_the_log_goes_on_by_cursor_and_by_state(api: Api, receiver: Receiver) -> None:
    made = make(api, receiver.url)
    happen(api, 3)
    first = log(api, made, limit=2)
    second = log(api, made, limit=2, cursor=first["next"])
    ids = [item["id"] for item in first["items"] + second["items"]]
    assert ids == sorted(ids, reverse=True)
    assert (len(ids), second["next"]) == (3, None)
    assert log(api, made, state="failed")["items"] == []


def test_what_failed_is_replayed_one_by_one_or_all(api: Api, receiver: Receiver) -> None:
    made = make(api, receiver.url)
    receiver.replies = [answer(410)]
    happen(api, 2)
    work.send_due(api.settings)
    client, url = api.as_(Role.ADMIN), f"/v1/webhooks/{made['id']}"
    paused = client.get(url).json()
    assert (paused["state"], paused["waiting"], paused["failed"]) == ("paused", 1, 1)
    assert "410 Gone" in paused["notice"]
    resumed = client.patch(url, json={"state": "active"}).json()
    assert (resumed["state"], resumed["notice"]) == ("active", None)
    later = client.post(f"{url}/replay", json={"since": "2100-01-01T00:00:00Z"})
    assert later.json() == {"deliveries": 0}
    again = client.post(f"{url}/replay", json={"since": "2026-01-01T00:00:00Z"})
    assert (again.status_code, again.json()) == (202, {"deliveries": 1})
    work.send_due(api.settings)
    assert {item["state"] for item in log(api, made)["items"]} == {"delivered"}
    one = log(api, made)["items"][0]
    replayed = client.post(f"{url}/deliveries/{one['id']}/replay").json()
    assert (replayed["state"], replayed["event_id"]) == ("pending", one["event_id"])


def test_a_rotated_secret_signs_beside_the_old_one(api: Api, receiver: Receiver) -> None:
    made = make(api, receiver.url)
    fresh = api.as_(Role.ADMIN).post(f"/v1/webhooks/{made['id']}/secret").json()
    assert fresh["secret"] != made["secret"]
    assert fresh["old_secret_until"]
    happen(api)
    work.send_due(api.settings)
    for secret in (made["secret"], fresh["secret"]):
        assert receiver.got[0].verified(secret)


def test_it_is_changed_paused_and_deleted(api: Api, receiver: Receiver) -> None:
    made = make(api, receiver.url)
    client, url = api.as_(Role.ADMIN), f"/v1/webhooks/{made['id']}"
    changed = client.patch(url, json={"events": ["call.mined"], "state": "paused"}).json()
    assert (changed["events"], changed["state"], changed["url"]) == (
        ["call.mined"],
        "paused",
        receiver.url,
    )
    assert client.delete(url).status_code == 204
    assert_problem(client.get(url), 404, "not-found")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"url": "ftp://example.com"}, 422, "bad-webhook-url"),
        ({"url": "http://169.254.169.254/latest"}, 422, "bad-webhook-url"),
        ({"events": []}, 422, "invalid-request"),
        ({"events": ["call.eaten"]}, 422, "invalid-request"),
        ({"secret": "whsec_mine"}, 422, "invalid-request"),
        ({"company": "Nobody"}, 404, "not-found"),
    ],
)
def test_what_no_webhook_can_be(api: Api, body: dict[str, Any], status: int, code: str) -> None:
    whole = {"url": "http://127.0.0.1:9", "events": ["call.mined"], **body}
    assert_problem(api.as_(Role.ADMIN).post("/v1/webhooks", json=whole), status, code)


def test_a_change_to_what_it_cannot_be(api: Api) -> None:
    made = make(api, "http://127.0.0.1:9")
    client, url = api.as_(Role.ADMIN), f"/v1/webhooks/{made['id']}"
    assert_problem(client.patch(url, json={"url": "http://[fe80::1]"}), 422, "bad-webhook-url")
    wrong: list[dict[str, Any]] = [{"url": None}, {"events": []}, {"state": "no"}, {"notice": ""}]
    for body in wrong:
        assert_problem(client.patch(url, json=body), 422, "invalid-request")


def test_a_name_that_resolves_to_metadata_is_not_called(api: Api) -> None:
    made = make(api, "http://2852039166/latest/meta-data")  # 169.254.169.254 as one number
    happen(api)
    work.send_due(api.settings)
    [delivery] = log(api, made)["items"]
    assert (delivery["state"], delivery["status"]) == ("pending", None)
    assert "no webhook is sent" in delivery["said"]


def test_the_api_writes_while_a_receiver_is_slow(api: Api, receiver: Receiver) -> None:
    """No transaction waits for a receiver: the endpoint can be deleted while it is being called."""
    reached, leave = threading.Event(), threading.Event()

    def wait(request: Any) -> None:
        reached.set()
        leave.wait(20)
        answer(204)(request)

    receiver.replies = [wait]
    made = make(api, receiver.url)
    happen(api)
    thread = threading.Thread(target=work.send_due, args=[api.settings])
    thread.start()
    assert reached.wait(20)
    assert api.as_(Role.ADMIN).delete(f"/v1/webhooks/{made['id']}").status_code == 204
    leave.set()
    thread.join()
