"""A call's progress by Server-Sent Events, over real HTTP, with many listeners."""

import json
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import pytest

from api.progress import follower
from api.progress.queries import Progress, progress_of
from api.users import Role
from ingest import queries as calls
from ingest.base import db
from ingest.calls import CallState
from tests.api.running import Api, assert_problem, until


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look often, so that nobody waits."""
    monkeypatch.setattr(follower, "EVERY_SECONDS", 0.05)


class Stream:
    """A stream that is being listened to."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self._lines = answer.iter_lines()

    def event(self) -> dict[str, Any]:
        """The next event: its fields, `data` parsed; {} for a comment, None at the end."""
        fields: dict[str, Any] = {}
        for line in self._lines:
            if not line:
                break
            name, _, value = line.partition(": ")
            fields[name] = json.loads(value) if name == "data" else value
        return fields

    def rest(self) -> list[str]:
        """What comes until it ends."""
        return [line for line in self._lines if line]


@contextmanager
def listening(api: Api, call_id: int, last: str | None = None) -> Iterator[Stream]:
    headers = {"Last-Event-ID": last} if last else {}
    with api.as_(Role.PRODUCT).stream("GET", f"/v1/calls/{call_id}/events", headers=headers) as got:
        assert got.status_code == 200, got.read()
        yield Stream(got)


@pytest.fixture
def conn(api: Api) -> Iterator[db.Connection]:
    with db.connect(api.settings.database_url) as conn:
        yield conn


@pytest.fixture
def call_id(api: Api) -> int:
    number: int = api.bring()["id"]
    return number


def test_a_call_is_followed_to_its_end(api: Api, call_id: int, conn: db.Connection) -> None:
    with listening(api, call_id) as stream:
        assert stream.answer.headers["content-type"].startswith("text/event-stream")
        assert stream.answer.headers["cache-control"] == "private, no-store"
        first = stream.event()
        assert first["data"] == {
            "state": "waiting",
            "heard_seconds": 0,
            "seconds": 3,
            "failure": None,
        }
        assert calls.claim(conn, call_id, CallState.HEARING, "ear", 60)
        conn.commit()
        assert stream.event()["data"]["state"] == "hearing"
        calls.heartbeat(conn, call_id, "ear", 60, 1.5)
        conn.commit()
        assert stream.event()["data"]["heard_seconds"] == 1.5
        calls.finish(conn, call_id, "ear", CallState.HEARD)
        conn.commit()
        heard = stream.event()
        assert (heard["data"]["state"], heard["data"]["heard_seconds"]) == ("heard", 3)
        assert calls.claim(conn, call_id, CallState.MINING, "mind", 60)
        calls.finish(conn, call_id, "mind", CallState.DONE)
        conn.commit()
        last = stream.event()
        assert last["data"]["state"] == "done"
        assert stream.rest() == []
    assert len({first["id"], heard["id"], last["id"]}) == 3


def test_a_failure_is_told_with_its_reason(api: Api, call_id: int, conn: db.Connection) -> None:
    assert calls.claim(conn, call_id, CallState.HEARING, "ear", 60)
    conn.commit()
    with listening(api, call_id) as stream:
        stream.event()
        calls.give_up(conn, call_id, "ear", "It is noise.", permanent=True)
        conn.commit()
        said = stream.event()["data"]
        assert (said["state"], said["failure"]) == ("failed", "It is noise.")
        assert stream.rest() == []


def test_who_comes_again_is_told_only_what_is_new(
    api: Api, call_id: int, conn: db.Connection
) -> None:
    with listening(api, call_id) as stream:
        known = stream.event()["id"]
    with listening(api, call_id, known) as stream:
        assert calls.claim(conn, call_id, CallState.HEARING, "ear", 60)
        calls.give_up(conn, call_id, "ear", "It is noise.", permanent=True)
        conn.commit()
        final = stream.event()
        assert final["data"]["state"] == "failed", "where it was is not told again"
    with listening(api, call_id, known) as stream:
        assert stream.event() == final
    url, client = f"/v1/calls/{call_id}/events", api.as_(Role.PRODUCT)
    again = client.get(url, headers={"Last-Event-ID": final["id"]})
    assert (again.status_code, again.content) == (204, b""), "which ends a browser's asking"


def test_a_deleted_call_is_gone(api: Api, call_id: int) -> None:
    with listening(api, call_id) as stream:
        stream.event()
        assert api.as_(Role.ADMIN).delete(f"/v1/calls/{call_id}").status_code == 204
        assert stream.event()["event"] == "gone"
        assert stream.rest() == []
    assert_problem(api.as_(Role.SALES).get(f"/v1/calls/{call_id}/events"), 404, "not-found")


def test_silence_is_kept_alive_and_ends(
    api: Api, call_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "KEEP_ALIVE_SECONDS", 0.2)
    monkeypatch.setattr(follower, "LONGEST_SECONDS", 1.0)
    began = time.monotonic()
    with listening(api, call_id) as stream:
        stream.event()
        rest = stream.rest()
    assert set(rest) == {": ping"}
    assert 1.0 <= time.monotonic() - began < 10


def test_many_listeners_hold_no_connection(api: Api, call_id: int, conn: db.Connection) -> None:
    """Far more than the pool has; the API answers beside them, and all are told."""
    with ExitStack() as stack:
        streams = [stack.enter_context(listening(api, call_id)) for _ in range(40)]
        for stream in streams:
            stream.event()
        assert api.as_(Role.SALES).get("/v1/me").status_code == 200
        assert calls.claim(conn, call_id, CallState.HEARING, "ear", 60)
        calls.give_up(conn, call_id, "ear", "It is noise.", permanent=True)
        conn.commit()
        assert {stream.event()["data"]["state"] for stream in streams} == {"failed"}


def test_listeners_outlast_the_database_connections(
    api: Api, call_id: int, conn: db.Connection
) -> None:
    with listening(api, call_id) as stream:
        stream.event()
        conn.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
        assert calls.claim(conn, call_id, CallState.HEARING, "ear", 60)
        conn.commit()
        assert stream.event()["data"]["state"] == "hearing"


def test_who_leaves_is_forgotten(api: Api, call_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[float] = []

    def looking(conn: db.Connection, ids: Collection[int]) -> Mapping[int, Progress]:
        looks.append(time.monotonic())
        return progress_of(conn, ids)

    monkeypatch.setattr(follower, "progress_of", looking)
    with listening(api, call_id) as stream:
        stream.event()
        until(lambda: looks)
    until(lambda: time.monotonic() - looks[-1] > 10 * follower.EVERY_SECONDS)
