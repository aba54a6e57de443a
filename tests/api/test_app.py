"""What every answer has, which names the server answers to, and what it says of itself."""

import anyio
import pytest
from openapi_spec_validator import validate

from api.app import create_app
from api.guard import allowed_hosts
from api.users import Role
from ingest.base import db
from ingest.base.errors import BadSetup
from ingest.base.settings import Settings
from tests.api.running import Api, assert_problem, serve

OPENAI = "POST /v1/audio/transcriptions"  # answered as OpenAI answers


def test_every_answer_is_guarded(api: Api) -> None:
    sales = api.as_(Role.SALES)
    for path in ("/v1/me", "/v1/nothing", "/v1/health", "/login", "/static/earshot.css"):
        headers = sales.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'self';"), path
        assert "unsafe" not in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
    assert sales.get("/v1/me").headers["cache-control"] == "private, no-store"
    assert sales.get("/static/earshot.css").headers["cache-control"] == "no-cache"


def test_a_name_that_is_not_ours_is_not_answered(api: Api) -> None:
    """A web page can have its own name resolve to 127.0.0.1 and read what is served there."""
    for host in ("evil.example", f"evil.example:{api.port}", "127.0.0.1.evil.example", "", "["):
        answer = api.as_(Role.ADMIN).get("/v1/me", headers={"Host": host})
        assert_problem(answer, 421, "unknown-host")
    for host in ("localhost", f"localhost:{api.port}", f"127.0.0.1:{api.port}", "[::1]:1"):
        assert api.as_(Role.ADMIN).get("/v1/me", headers={"Host": host}).status_code == 200


def test_the_name_it_is_served_under_is_ours() -> None:
    ours = allowed_hosts(Settings(url="https://Calls.example:8443/"))
    assert ours == frozenset({"localhost", "127.0.0.1", "::1", "calls.example"})
    assert allowed_hosts(Settings(host="0.0.0.0")) is None
    assert allowed_hosts(Settings(host="::1")) == frozenset({"localhost", "127.0.0.1", "::1"})


def test_health_tells_nothing_private(api: Api) -> None:
    answer = api.as_(None).get("/v1/health")
    assert answer.status_code == 200
    parts = ("live", "ready", "database", "schema", "broker", "store")
    assert answer.json() == dict.fromkeys(parts, True)


def test_health_without_a_broker(settings: Settings, secrets: dict[Role, str]) -> None:
    away = settings.model_copy(update={"broker_url": "redis://127.0.0.1:1/0"})
    with serve(away, secrets) as api:
        answer = api.as_(None).get("/v1/health")
        assert answer.status_code == 503
        said = answer.json()
        assert (said["live"], said["ready"], said["broker"], said["database"]) == (
            True,
            False,
            False,
            True,
        )
        assert api.bring()["state"] == "waiting", "uploads are kept, and rung when it is back"


def test_another_schema_is_refused_at_start(settings: Settings) -> None:
    with db.connect(settings.database_url) as conn:
        conn.execute("update schema_migration set checksum = 'altered'")
        conn.commit()
    with pytest.raises(BadSetup):
        start(settings)


def start(settings: Settings) -> None:
    """Run an app's start and end in this thread, so that its error is raised here."""

    async def run() -> None:
        app = create_app(settings)
        async with app.router.lifespan_context(app):
            pass

    anyio.run(run)


def test_the_description_is_valid_and_has_examples(api: Api) -> None:
    said = api.as_(None).get("/v1/openapi.json").json()
    validate(said)
    operations = {
        f"{method.upper()} {path}": operation
        for path, methods in said["paths"].items()
        for method, operation in methods.items()
    }
    assert all(path.startswith("/v1/") for path in said["paths"]), "pages are not described"
    assert {"POST /v1/calls", "GET /v1/insights"} <= operations.keys()
    for name, operation in operations.items():
        assert operation["description"], name
        refusal = "json" if name == OPENAI else "problem+json"
        assert f"application/{refusal}" in operation["responses"]["4XX"]["content"], name
    upload = operations["POST /v1/calls"]["requestBody"]["content"]
    assert "held_at" in upload["multipart/form-data"]["schema"]["properties"]
    line = said["components"]["schemas"]["CallLine"]["properties"]
    assert line["account"]["examples"]
