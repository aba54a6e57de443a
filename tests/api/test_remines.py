"""Mining old calls again over real HTTP and by the command line; a worker beside it."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from api.users import Role
from ingest import queries as calls
from ingest.base import db
from ingest.base.queue import MINING, REMINE, app
from ingest.calls import CallDetails
from insights.queries import insights_of, save_insights
from insights.remines import work
from tests.api.running import Api, assert_problem
from tests.conftest import NOON
from tests.insights.keywords import objections
from tests.insights.saying import heard, transcript
from transcribe import queries as transcripts

OLD = objections("price", "high", version="1")
NEW = objections("price", "timing", version="2")
SAID = transcript(heard("the price is high and the timing is bad"))


@pytest.fixture
def call_id(api: Api) -> int:
    """A call that was mined before, by another miner."""
    with db.connect(api.settings.database_url) as conn:
        details = CallDetails(company="Plumbline", title="Renewal", held_at=NOON)
        call = calls.add_call(conn, None, "a.json", details, NOON)
        transcripts.save(conn, call.id, SAID)
        save_insights(conn, call, OLD.mine(SAID, ()).insights)
        conn.execute("update call set state = 'done' where id = %s", [call.id])
        return call.id


def labels(api: Api, call_id: int) -> list[str]:
    with db.connect(api.settings.database_url) as conn:
        return [found.label for found in insights_of(conn, call_id)]


def begin(api: Api, **body: Any) -> Any:
    return api.as_(Role.ADMIN).post("/v1/remines", json=body)


def test_asked_for_looked_at_and_applied(api: Api, call_id: int) -> None:
    client = api.as_(Role.ADMIN)
    begun = begin(api, company="plumbline", kind="objection")
    assert begun.status_code == 202
    assert begun.json()["state"] == "looking"
    url = begun.headers["location"]
    assert_problem(client.post(f"{url}/apply"), 409, "not-to-apply")
    work.go_on(api.settings, lambda: NEW)
    looked = client.get(url).json()
    assert (looked["state"], looked["asked_by"]) == ("looked", "a admin user")
    assert (looked["company"], looked["kind"], looked["calls"]) == ("Plumbline", "objection", 1)
    assert (looked["appears"], looked["disappears"], looked["stays"]) == (1, 1, 1)
    assert {change["label"]: change["examples"] for change in looked["changes"]} == {
        "timing": [
            {
                "appears": True,
                "quote": "timing",
                "turn": 0,
                "call_id": call_id,
                "call_title": "Renewal",
            }
        ],
        "high": [
            {
                "appears": False,
                "quote": "high",
                "turn": 0,
                "call_id": call_id,
                "call_title": "Renewal",
            }
        ],
    }
    assert [call["id"] for call in looked["changed_calls"]] == [call_id]
    assert labels(api, call_id) == ["price", "high"]
    assert client.post(f"{url}/apply").json()["state"] == "applying"
    work.go_on(api.settings, lambda: NEW)
    assert client.get(url).json()["state"] == "applied"
    assert labels(api, call_id) == ["price", "timing"]


def test_asking_rings_the_mining_queue(api: Api, call_id: int) -> None:
    begin(api)
    with app.connection_for_read(api.settings.broker_url) as connection:
        message = connection.default_channel.basic_get(MINING, no_ack=True)
    assert message.headers["task"] == REMINE


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"company": "Nobody"}, 404, "not-found"),
        ({"kind": "gossip"}, 422, "invalid-request"),
        ({"since": "2026-03-02"}, 422, "invalid-request"),
        ({"detector": "objection"}, 422, "invalid-request"),
    ],
)
def test_what_cannot_be_asked_for(api: Api, body: dict[str, Any], status: int, code: str) -> None:
    assert_problem(begin(api, **body), status, code)


def test_a_dry_run_is_not_applied(api: Api, call_id: int) -> None:
    url = begin(api, dry_run=True).headers["location"]
    work.go_on(api.settings, lambda: NEW)
    assert_problem(api.as_(Role.ADMIN).post(f"{url}/apply"), 409, "not-to-apply")


@contextmanager
def a_worker(api: Api) -> Iterator[None]:
    """A worker that the clock rings often."""
    ended = threading.Event()

    def run() -> None:
        while not ended.wait(0.05):
            work.go_on(api.settings, lambda: NEW)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def earshot(api: Api, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {"EARSHOT_URL": api.url, "EARSHOT_TOKEN": api.secrets[Role.ADMIN]}
    with a_worker(api):
        return subprocess.run(
            [sys.executable, "-P", "-m", "api.cli", *arguments],
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


def test_the_command_shows_the_difference_and_applies_it(api: Api, call_id: int) -> None:
    shown = earshot(api, "remine", "--dry-run", "--since", "2026-03-01")
    assert (shown.returncode, shown.stderr) == (0, "Looking\n")
    assert "objection  timing  +1" in shown.stdout
    assert "− “high” (call 1)" in shown.stdout
    assert "1 insight more, 1 fewer, 1 as before, in 1 call." in shown.stdout
    assert labels(api, call_id) == ["price", "high"]
    done = earshot(api, "remine", "--yes", "--company", "Plumbline", "--detector", "objection")
    assert done.returncode == 0
    assert "Applied to 1 call: 1 appeared, 1 disappeared, 1 stayed." in done.stdout
    assert labels(api, call_id) == ["price", "timing"]
    again = earshot(api, "remine", "--yes", "--json")
    told = json.loads(again.stdout)
    assert (told["state"], told["appears"], told["changes"]) == ("applied", 0, [])


def test_the_command_asks_nobody_where_nobody_is(api: Api, call_id: int) -> None:
    done = earshot(api, "remine")
    assert done.returncode == 2
    assert "add --yes, or --dry-run" in done.stderr
    assert labels(api, call_id) == ["price", "high"]


def test_nothing_to_mine_again(api: Api, call_id: int) -> None:
    tomorrow = (NOON + timedelta(days=1)).date().isoformat()
    done = earshot(api, "remine", "--yes", "--since", tomorrow)
    assert (done.returncode, done.stdout) == (
        0,
        "0 insights more, 0 fewer, 0 as before, in 0 calls.\n",
    )


def test_editing_the_catalogue_says_how_old_calls_get_it(api: Api, call_id: int) -> None:
    added = earshot(api, "competitors", "add", "Attrivo", "--company", "Plumbline")
    assert "`earshot remine` applies it to old ones" in added.stdout
    assert labels(api, call_id) == ["price", "high"], "it does not start by itself"
    same = earshot(api, "competitors", "add", "Attrivo", "--company", "Plumbline")
    assert same.stdout == "Attrivo is a rival of Plumbline.\n"
