"""Rate limits over real HTTP: told in every answer, kept by token, waited for by the command."""

import re
from collections.abc import Iterator

import pytest

from api import limiter
from api.client import Client
from api.users import Role
from ingest.base.settings import Settings
from tests.api.running import SOUND, Api, assert_problem, serve

LIMIT = 5


@pytest.fixture
def strict(settings: Settings, secrets: dict[Role, str]) -> Iterator[Api]:
    """An API that takes few requests a minute."""
    tight = settings.model_copy(update={"requests_a_minute": LIMIT})
    with serve(tight, secrets) as running:
        yield running


def test_every_answer_says_how_many_are_left(api: Api) -> None:
    for path in ("/v1/me", "/v1/calls/999"):
        answer = api.as_(Role.SALES).get(path)
        assert answer.headers["ratelimit-policy"] == '"token";q=3000;w=60'
        assert re.fullmatch(r'"token";r=29\d\d;t=\d+', answer.headers["ratelimit"])
    assert "ratelimit" not in api.as_(None).get("/v1/me").headers, "nobody's are not counted"


def test_too_many_are_refused_until_the_window_ends(strict: Api) -> None:
    client = strict.as_(Role.SALES)
    answers = [client.get("/v1/me") for _ in range(LIMIT)]
    assert [answer.status_code for answer in answers] == [200] * LIMIT
    left = [int(re.findall(r"r=(\d+)", answer.headers["ratelimit"])[0]) for answer in answers]
    assert left == [4, 3, 2, 1, 0]
    refused = client.get("/v1/me")
    said = assert_problem(refused, 429, "too-many-requests")
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.headers["retry-after"] in said["detail"]
    assert "r=0;" in refused.headers["ratelimit"]
    assert strict.as_(Role.PRODUCT).get("/v1/me").status_code == 200, "another token's are its own"


def test_pages_are_not_counted(strict: Api) -> None:
    client = strict.as_(Role.SALES)
    for _ in range(LIMIT + 1):
        answer = client.get("/digest")
        assert answer.status_code == 200
        assert "ratelimit" not in answer.headers


def test_what_is_refused_is_not_done(strict: Api) -> None:
    client = strict.as_(Role.SALES)
    for _ in range(LIMIT):
        client.get("/v1/me")
    assert_problem(client.post("/v1/calls", content=b""), 429, "too-many-requests")
    keyed = client.post("/v1/calls", headers={"Idempotency-Key": "one"}, content=SOUND)
    assert_problem(keyed, 429, "too-many-requests")
    assert keyed.headers["retry-after"]


def test_the_command_waits_and_goes_on(
    strict: Api, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Also in the midst of an upload, whose file is sent from its beginning again."""
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        monkeypatch.setattr(limiter.Limiter, "count", lambda *_: None)  # a minute has passed

    file = tmp_path_factory.mktemp("calls") / "acme.wav"
    file.write_bytes(SOUND)
    with Client(strict.url, strict.secrets[Role.SALES]) as client:
        for _ in range(LIMIT):
            client.get("me")
        monkeypatch.setattr("api.client.time.sleep", wait)
        call = client.upload(file, {})
    assert call["seconds"] == 3
    assert len(waits) == 1
    assert 1 <= waits[0] <= 60
