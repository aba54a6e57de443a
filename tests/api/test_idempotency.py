"""A write that is sent twice is done once: over real HTTP, at the same time, and broken off."""

import hashlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.idempotency.once import _Asked
from api.users import Role
from ingest.base import db
from tests.api.running import SOUND, Api, assert_problem, rows

COMPETITOR = {"company": "Plumbline", "name": "Attrivo"}


@pytest.fixture
def conn(api: Api) -> Iterator[db.Connection]:
    with db.connect(api.settings.database_url) as conn:
        yield conn


def post(
    api: Api, path: str, key: str = "one", role: Role = Role.ADMIN, **more: Any
) -> httpx.Response:
    return api.as_(role).post(path, headers={"Idempotency-Key": key}, **more)


def test_the_same_again_is_answered_and_not_done(api: Api) -> None:
    first = post(api, "/v1/remines", json={})
    again = post(api, "/v1/remines", json={})
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json() == first.json()
    assert again.headers["location"] == first.headers["location"]
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert rows(api, "remine") == (1,)
    assert post(api, "/v1/remines", "two", json={}).json()["id"] != first.json()["id"]
    assert rows(api, "remine", "idempotency_key") == (2, 2)


def test_another_request_under_the_same_key_is_refused(api: Api) -> None:
    post(api, "/v1/competitors", json=COMPETITOR)
    for path, body in (
        ("/v1/competitors", COMPETITOR | {"name": "Tidewall"}),
        ("/v1/companies", {"name": "Plumbline"}),
        ("/v1/competitors?x=1", COMPETITOR),
    ):
        assert_problem(post(api, path, json=body), 422, "idempotency-key-reused")
    assert rows(api, "competitor") == (1,)


def test_a_key_is_its_users_own(api: Api) -> None:
    first = post(api, "/v1/remines", json={})
    assert first.status_code == 202
    others = post(api, "/v1/competitors", role=Role.PRODUCT, json=COMPETITOR)
    assert others.status_code == 201


def test_while_the_first_is_at_work_another_is_told_to_wait(api: Api) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slowly() -> Iterator[bytes]:
        yield b'{"company": "Plumbline", '
        begun.set()
        assert go_on.wait(20)
        yield b'"name": "Attrivo"}'

    sent = {"content-type": "application/json", "Idempotency-Key": "one"}
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(
            httpx.post,
            f"{api.url}/v1/competitors",
            content=slowly(),
            headers=sent | {"Authorization": f"Bearer {api.secrets[Role.ADMIN]}"},
            timeout=30,
        )
        assert begun.wait(20)
        while rows(api, "idempotency_key") == (0,):
            time.sleep(0.05)
        busy = post(api, "/v1/competitors", json=COMPETITOR)
        assert_problem(busy, 409, "idempotency-at-work")
        go_on.set()
        done = first.result(30)
    assert done.status_code == 201
    again = api.as_(Role.ADMIN).post(
        "/v1/competitors", content=b'{"company": "Plumbline", "name": "Attrivo"}', headers=sent
    )
    assert again.json() == done.json()


def test_many_at_once_are_done_once(api: Api) -> None:
    client = api.as_(Role.ADMIN)
    with ThreadPoolExecutor(8) as threads:
        answers = list(
            threads.map(
                lambda _: client.post("/v1/remines", json={}, headers={"Idempotency-Key": "k"}),
                range(16),
            )
        )
    assert {answer.status_code for answer in answers} <= {202, 409}
    assert rows(api, "remine") == (1,)


def test_a_refusal_frees_the_key(api: Api) -> None:
    assert_problem(post(api, "/v1/competitors", json={}), 422, "invalid-request")
    denied = post(api, "/v1/remines", role=Role.SALES, json={})
    assert_problem(denied, 403, "not-allowed")
    assert rows(api, "idempotency_key") == (0,)
    assert post(api, "/v1/competitors", json=COMPETITOR).status_code == 201


def test_who_is_not_logged_in_leaves_nothing(api: Api) -> None:
    answer = api.as_(None).post("/v1/remines", json={}, headers={"Idempotency-Key": "one"})
    assert_problem(answer, 401, "not-logged-in")
    assert answer.headers["www-authenticate"]
    assert rows(api, "idempotency_key") == (0,)


def test_a_secret_is_not_kept(api: Api, conn: db.Connection) -> None:
    body = {"name": "laptop", "role": "sales"}
    made = post(api, "/v1/tokens", json=body)
    assert made.status_code == 201
    assert_problem(post(api, "/v1/tokens", json=body), 409, "idempotency-shown-once")
    kept = conn.execute("select idempotency_key::text from idempotency_key").fetchall()
    secret = made.json()["token"]
    assert len(kept) == 1
    assert secret not in kept[0][0]
    assert secret.encode().hex() not in kept[0][0]
    hook = {"url": "http://127.0.0.1:9", "events": ["call.mined"]}
    assert post(api, "/v1/webhooks", "hook", json=hook).status_code == 201
    assert_problem(post(api, "/v1/webhooks", "hook", json=hook), 409, "idempotency-shown-once")
    assert rows(api, "webhook_endpoint") == (1,)


def test_an_upload_sent_again_is_the_same_though_its_boundary_is_not(api: Api) -> None:
    calls = [post(api, "/v1/calls", files={"file": ("acme.wav", SOUND)}) for _ in range(2)]
    assert [call.status_code for call in calls] == [calls[0].status_code] * 2
    assert calls[0].json() == calls[1].json(), "not even “was here already”"
    other = post(api, "/v1/calls", files={"file": ("other.wav", SOUND)})
    assert_problem(other, 422, "idempotency-key-reused")


@given(st.binary(max_size=200), st.lists(st.integers(0, 400), max_size=5))
def test_a_request_is_the_same_however_it_is_cut(body: bytes, cuts: list[int]) -> None:
    def digest(boundary: bytes, cuts: list[int]) -> bytes:
        whole = b"--" + boundary + b"\r\n" + body + b"\r\n--" + boundary + b"--"
        kind = b"multipart/form-data; boundary=" + boundary
        scope = {"type": "http", "method": "POST", "path": "/v1/calls", "query_string": b""}
        asked = _Asked({**scope, "headers": [(b"content-type", kind)]}, None)  # type: ignore[arg-type]
        ends = sorted(cut % (len(whole) + 1) for cut in cuts)
        for start, end in zip([0, *ends], [*ends, len(whole)], strict=True):
            asked._add(whole[start:end])
        return asked.digest

    one, two = (hashlib.sha256(name).hexdigest().encode() for name in (b"1", b"2"))
    assert digest(one, cuts) == digest(two, [])


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_what_is_no_key(api: Api, key: str) -> None:
    assert_problem(post(api, "/v1/remines", key, json={}), 400, "bad-idempotency-key")


def test_after_a_day_a_key_is_new(api: Api, conn: db.Connection) -> None:
    post(api, "/v1/remines", json={})
    conn.execute("update idempotency_key set created_at = created_at - interval '25 hours'")
    conn.commit()
    again = post(api, "/v1/remines", json={})
    assert "idempotency-replayed" not in again.headers
    assert rows(api, "remine", "idempotency_key") == (2, 1)


def test_one_whose_process_died_is_not_done_again_by_itself(api: Api, conn: db.Connection) -> None:
    post(api, "/v1/remines", json={})
    conn.execute("update idempotency_key set status = null, request = null")  # as it was before
    conn.commit()
    said = assert_problem(post(api, "/v1/remines", json={}), 409, "idempotency-at-work")
    assert "look whether it was done" in said["detail"]
    assert rows(api, "remine") == (1,)


def test_an_error_of_ours_keeps_the_key_taken(api: Api, conn: db.Connection) -> None:
    """Nobody knows how far it came, so that it is not done again by itself."""
    conn.execute("alter table remine rename to lost")
    conn.commit()
    assert post(api, "/v1/remines", json={}).status_code == 500
    conn.execute("alter table lost rename to remine")
    conn.commit()
    assert_problem(post(api, "/v1/remines", json={}), 409, "idempotency-at-work")


def test_without_a_key_and_by_other_methods_nothing_is_kept(api: Api) -> None:
    client = api.as_(Role.ADMIN)
    assert client.post("/v1/remines", json={}).status_code == 202
    assert client.get("/v1/me", headers={"Idempotency-Key": "one"}).status_code == 200
    assert rows(api, "idempotency_key") == (0,)
