"""Reviews, missed insights and the detectors' figures over real HTTP."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from api.users import Role
from ingest import queries
from ingest.base import db
from ingest.calls import CallDetails
from insights.insight import Insight, Kind, Quote
from insights.queries import save_insights
from insights.rollups.queries import rollup_differences
from tests.api.running import Api, assert_problem
from tests.conftest import NOON
from tests.insights.saying import buyer, transcript
from transcribe import queries as transcripts

SAID = " ".join(f"price{number:02}" for number in range(30))


@pytest.fixture
def call(api: Api) -> int:
    """A mined call with thirty objections, eight characters apart."""
    found = [
        Insight(
            0, Kind.OBJECTION, "price", Quote(SAID[at : at + 7], at, at + 7), 0.9, "objection", "7"
        )
        for at in range(0, len(SAID), 8)
    ]
    with db.connect(api.settings.database_url) as conn:
        made = queries.add_call(conn, None, "a.json", CallDetails(account="Acme"), NOON)
        transcripts.save(conn, made.id, transcript(buyer(SAID), buyer("Attrivo is cheaper.")))
        save_insights(conn, made, found)
        conn.execute("update call set state = 'done'")
        conn.commit()
    return made.id


def ids(api: Api, call: int) -> list[int]:
    insights = api.as_(Role.SALES).get(f"/v1/calls/{call}").json()["insights"]
    return [insight["id"] for insight in insights]


def review(api: Api, number: int, role: Role = Role.SALES, **said: str) -> Any:
    return api.as_(role).post(f"/v1/insights/{number}/review", json=said)


def agree(api: Api) -> bool:
    with db.connect(api.settings.database_url) as conn:
        return rollup_differences(conn) == []


def test_each_role_reviews_and_it_is_known_who(api: Api, call: int) -> None:
    numbers = ids(api, call)
    for number, role in zip(numbers, Role, strict=False):
        answer = review(api, number, role, verdict="rejected")
        assert (answer.status_code, answer.json()["review"]) == (200, "rejected")
    assert agree(api)
    with db.connect(api.settings.database_url) as conn:
        who = conn.execute(
            "select role, insight_id from reviews join app_user on app_user.id = user_id"
        ).fetchall()
        counted = conn.execute("select sum(mentions) from daily_mentions").fetchone()
    assert sorted(who) == sorted((role.value, n) for n, role in zip(numbers, Role, strict=False))
    assert counted == (26,)


def test_relabelled_and_back(api: Api, call: int) -> None:
    number = ids(api, call)[0]
    said = review(api, number, verdict="confirmed", label="need").json()
    assert (said["review"], said["label"], said["found_label"]) == ("confirmed", "need", "price")
    said = review(api, number, verdict="unreviewed").json()
    assert (said["review"], said["label"], said["found_label"]) == ("unreviewed", "price", None)
    assert agree(api)


def test_a_review_that_cannot_be(api: Api, call: int) -> None:
    number = ids(api, call)[0]
    assert_problem(review(api, number, verdict="maybe"), 422, "invalid-request")
    assert_problem(review(api, number), 422, "invalid-request")
    assert_problem(review(api, number, verdict="confirmed", label="rain"), 422, "bad-review")
    assert_problem(review(api, number, verdict="confirmed", stance="left"), 422, "bad-review")
    assert_problem(review(api, number, verdict="rejected", label="need"), 422, "bad-review")
    assert_problem(review(api, 99999, verdict="confirmed"), 404, "not-found")


def test_what_was_missed_is_added(api: Api, call: int) -> None:
    sales = api.as_(Role.SALES)
    address = f"/v1/calls/{call}/insights"
    mention = {"kind": "competitor", "label": "Attrivo", "stance": "praised"}
    answer = sales.post(address, json=mention | {"quote": "Attrivo is cheaper"})
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["turn"], made["char_start"], made["char_end"]) == (1, 0, 18)
    assert (made["detector"], made["confidence"], made["review"]) == ("person", 1, "confirmed")
    place = {"turn": 1, "char_start": 11, "char_end": 18}
    answer = sales.post(address, json={"kind": "objection", "label": "price", **place})
    assert answer.json()["quote"] == "cheaper"
    assert agree(api)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"quote": "dearer"}, "bad-review"),
        ({"quote": None}, "invalid-request"),
        ({"turn": 1, "char_start": 0, "char_end": 3}, "invalid-request"),
        ({"quote": None, "turn": 9, "char_start": 0, "char_end": 3}, "bad-review"),
        ({"quote": None, "turn": 1, "char_start": 0, "char_end": 2**40}, "invalid-request"),
        ({"quote": "price00"}, "bad-review"),
        ({"label": "rain"}, "bad-review"),
        ({"kind": "competitor", "label": "Bolt"}, "bad-review"),
        ({"kind": "weather"}, "invalid-request"),
        ({"quote": "\x00"}, "bad-review"),
    ],
)
def test_what_cannot_be_added(api: Api, call: int, changes: dict[str, Any], code: str) -> None:
    body = {"kind": "objection", "label": "price", "quote": "cheaper"} | changes
    answer = api.as_(Role.SALES).post(f"/v1/calls/{call}/insights", json=body)
    assert_problem(answer, 422, code)


def test_a_detectors_figures(api: Api, call: int) -> None:
    client = api.as_(Role.PRODUCT)
    assert client.get("/v1/detectors").json() == {"items": [], "next": None}
    numbers = ids(api, call)
    for number in numbers[:19]:
        review(api, number, verdict="confirmed")
    (few,) = client.get("/v1/detectors").json()["items"]
    assert few["precision"] == {
        "hits": 19,
        "total": 19,
        "value": None,
        "low": None,
        "high": None,
        "note": "not enough reviews: 19 of 20",
    }
    for number in numbers[19:]:
        review(api, number, verdict="rejected")
    missed = {"kind": "objection", "label": "price", "quote": "cheaper"}
    client.post(f"/v1/calls/{call}/insights", json=missed)
    (told,) = client.get("/v1/detectors").json()["items"]
    assert (told["kind"], told["version"], told["calls"]) == ("objection", "7", 1)
    assert told["precision"]["value"] == pytest.approx(19 / 30, abs=1e-4)
    assert told["precision"]["low"] < 19 / 30 < told["precision"]["high"]
    assert (told["recall"]["hits"], told["recall"]["total"]) == (19, 20)


def test_the_command_line_prints_the_figures(api: Api, call: int) -> None:
    assert "Nothing is reviewed yet" in printed(api)
    for number in ids(api, call):
        review(api, number, verdict="confirmed")
    head, row = printed(api).splitlines()
    assert head.split()[:4] == ["detector", "version", "precision", "recall"]
    assert "1.00 [0.89–1.00] of 30" in row
    (told,) = json.loads(printed(api, "--json"))
    assert told["confirmed"] == 30


def printed(api: Api, *options: str) -> str:
    environment = {"EARSHOT_URL": api.url, "EARSHOT_TOKEN": api.secrets[Role.MARKETING]}
    return subprocess.run(
        [sys.executable, "-P", "-m", "api.cli", "detectors", *options],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
