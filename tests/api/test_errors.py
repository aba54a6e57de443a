"""Every refusal is a problem that says what to do, and tells nothing of our insides."""

import logging
import socket
import time

import pytest

from api import errors
from api.users import Role
from ingest.base import db
from ingest.base.errors import EarshotError
from ingest.base.settings import Settings
from tests.api.running import Api, assert_problem, serve

JSON = {"Content-Type": "application/json"}


def kinds(cls: type[EarshotError]) -> set[type[EarshotError]]:
    return {cls}.union(*(kinds(sub) for sub in cls.__subclasses__()))


def test_every_kind_of_error_has_a_title() -> None:
    told = {cls.code for cls in kinds(EarshotError) if cls.status != 500}
    assert told <= errors.TITLES.keys()


def test_an_unknown_address(api: Api) -> None:
    for path in ("/v1", "/v1/", "/v1/weather", "/v1/calls/", "/nothing", "/v1/docs", "/docs"):
        assert_problem(api.as_(Role.ADMIN).get(path), 404, "not-found")


def test_a_method_that_is_not_taken(api: Api) -> None:
    answer = api.as_(Role.ADMIN).put("/v1/calls/1", json={})
    assert_problem(answer, 405, "method-not-allowed")
    assert set(answer.headers["allow"].split(", ")) >= {"GET", "PATCH", "DELETE"}


def test_json_that_is_none(api: Api) -> None:
    admin = api.as_(Role.ADMIN)
    for body in (
        b"{",
        b"",
        b"{'name': 1}",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"name": ' + b"9" * 9999,
    ):
        answer = admin.post("/v1/tokens", content=body, headers=JSON)
        assert answer.status_code in (400, 422), body[:20]
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"] in (
            "/problems/bad-json",
            "/problems/bad-request",
            "/problems/invalid-request",
        )
    half = b'{"name": "\\ud800", "role": "sales"}'
    assert_problem(admin.post("/v1/tokens", content=half, headers=JSON), 422, "invalid-request")


def test_a_form_where_json_is_wanted(api: Api) -> None:
    answer = api.as_(Role.ADMIN).post("/v1/tokens", data={"name": "x"})
    assert_problem(answer, 422, "invalid-request")


def test_a_body_that_is_too_large(api: Api) -> None:
    admin = api.as_(Role.ADMIN)
    large = b'{"name": "' + b"a" * 2_000_000 + b'"}'
    assert_problem(admin.post("/v1/tokens", content=large, headers=JSON), 413, "too-large")
    pieces = (large[at : at + 65536] for at in range(0, len(large), 65536))
    assert_problem(admin.post("/v1/tokens", content=pieces, headers=JSON), 413, "too-large")


def test_nul_in_an_address(api: Api) -> None:
    admin = api.as_(Role.ADMIN)
    for path in ("/v1/insights?label=a%00b", "/v1/calls/%00", "/v1/calls?account=%00"):
        assert_problem(admin.get(path), 400, "bad-request")


def test_broken_utf8_in_an_address(api: Api) -> None:
    answer = api.as_(Role.ADMIN).get("/v1/insights?label=%ff%fe")
    assert answer.status_code == 200, "the replacement character, which nothing matches"
    assert answer.json()["items"] == []


def test_an_error_of_ours_tells_nothing_but_where_to_look(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    with db.connect(api.settings.database_url) as conn:
        conn.execute("alter table competitor rename to rival")
        conn.commit()
    with caplog.at_level(logging.ERROR):
        answer = api.as_(Role.ADMIN).get("/v1/competitors")
    said = assert_problem(answer, 500, "internal")
    assert "competitor" not in answer.text
    assert said["instance"].startswith("urn:uuid:")
    assert any(said["instance"] in record.getMessage() for record in caplog.records)
    assert "UndefinedTable" in caplog.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert api.as_(Role.ADMIN).get("/v1/me").status_code == 200


def test_what_is_away_says_to_try_again(
    settings: Settings, secrets: dict[Role, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "CONNECT_SECONDS", 1)
    with serve(settings, secrets) as api, db.connect(settings.database_url) as conn:
        conn.autocommit = True
        name = conn.info.dbname
        assert api.as_(Role.ADMIN).get("/v1/me").status_code == 200
        with db.connect(settings.database_url.replace(f"/{name}?", "/postgres?")) as other:
            other.autocommit = True
            conn.close()
            other.execute(f"alter database {name} with allow_connections false".encode())
            other.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name]
            )
            answer = api.as_(Role.ADMIN).get("/v1/me")
            health = api.as_(None).get("/v1/health")
            other.execute(f"alter database {name} with allow_connections true".encode())
        assert_problem(answer, 503, "unavailable")
        assert int(answer.headers["retry-after"]) > 0
        assert (health.status_code, health.json()["database"]) == (503, False)
        deadline = time.monotonic() + 20
        while api.as_(Role.ADMIN).get("/v1/me").status_code != 200:
            assert time.monotonic() < deadline, "it did not come back"
            time.sleep(0.2)


def test_what_is_no_http(api: Api) -> None:
    with socket.create_connection(("127.0.0.1", api.port)) as wire:
        wire.sendall(b"HELLO\r\n\r\n")
        assert wire.recv(100).startswith(b"HTTP/1.1 400")
    assert api.as_(Role.ADMIN).get("/v1/me").status_code == 200
