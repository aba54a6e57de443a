"""Rivals over real HTTP: each number with what it is of, and the quotes behind it."""

import csv
import io
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from api.rival_schemas import COLUMNS
from api.users import Role
from ingest.base import db
from insights.catalogue.queries import add_competitor, company_called
from insights.insight import Competitor, Insight, Kind, Stance, Unlisted
from insights.insight import Quote as Words
from insights.proposals.queries import save_names
from tests.api.running import Api, assert_problem
from tests.insights.trending import MONDAY, mined, said

FORMULA = "=1+1"
SPAN = "since=2026-02-02&until=2026-03-30"


def rival(label: str, stance: Stance = Stance.USING, start: int = 0) -> Insight:
    return replace(said(label, Kind.COMPETITOR, start=start), stance=stance)


@pytest.fixture
def heard(api: Api) -> None:
    """Eight weeks of five calls, each with another account: Tidewall in the last four weeks, with
    price and lost deals; price hardly else."""
    with db.connect(api.settings.database_url) as conn:
        for n in range(40):
            named = n >= 20 and n % 5 < 4
            found = [rival("Tidewall", Stance.PRAISED if n % 2 else Stance.USING)] if named else []
            found += [said("price", start=30)] if named or n == 0 else []
            found += [rival(FORMULA, start=60)] if n == 39 else []
            call = mined(
                conn,
                *found,
                held_at=MONDAY + timedelta(weeks=n // 5, hours=n % 5),
                account=f"Account {n}",
                outcome=("lost" if named else "won") if n % 2 else None,
                deal_value_usd=1000,
            )
        company = company_called(conn, "Acme")
        add_competitor(conn, company.id, Competitor("Tidewall"))
        add_competitor(conn, company.id, Competitor("Merlin"))
        save_names(conn, call, [Unlisted("Sandbar", 0, Words("we had Sandbar in", 0, 17), 0.9)])
        conn.commit()


def get(api: Api, path: str, role: Role = Role.MARKETING, **headers: str) -> httpx.Response:
    return api.as_(role).get(path, headers=headers)


def overview(api: Api, query: str = "") -> dict[str, Any]:
    answer = get(api, f"/v1/competitors/overview?company=acme&{SPAN}{query}")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_every_number_has_its_denominator(api: Api, heard: None) -> None:
    told = overview(api)
    assert (told["company"], told["calls"], told["unnamed"]) == ("Acme", 40, ["Merlin"])
    assert told["headline"].startswith("Tidewall came up in 16 of 20 calls in the four weeks to")
    tidewall, formula = told["items"]
    assert (tidewall["rival"], tidewall["listed"], formula["listed"]) == ("Tidewall", True, False)
    assert (tidewall["mentions"], tidewall["voice"], tidewall["accounts"]) == (16, 0.9412, 16)
    calls = tidewall["calls"]
    assert (calls["calls"], calls["of"], calls["share"]) == (16, 40, 0.4)
    assert 0.2 < calls["low"] < 0.4 < calls["high"] < 0.6
    assert tidewall["change"]["verdict"] == "more"
    (price,) = tidewall["objections"]
    assert (price["label"], price["verdict"]) == ("price", "more")
    assert (price["here"]["calls"], price["here"]["of"]) == (16, 16)
    assert (price["elsewhere"]["calls"], price["elsewhere"]["of"]) == (1, 24)
    won, elsewhere = tidewall["won"], tidewall["won_elsewhere"]
    assert (won["deals"], won["of"], won["enough"]) == (0, 8, True)
    assert (elsewhere["deals"], elsewhere["of"], tidewall["won_verdict"]) == (12, 12, "less")
    assert (formula["won"]["of"], formula["won"]["enough"]) == (1, False)
    assert formula["won_verdict"] == "too_few_calls"
    assert told["won"]["of"] == 20
    (name,) = told["names"]
    assert (name["name"], name["mentions"], name["calls"]) == ("Sandbar", 1, 1)
    assert get(api, name["proposal"]).json()["name"] == "Sandbar"


def test_each_number_leads_to_its_quotes(api: Api, heard: None) -> None:
    for query in ("", "&account=Account+39"):
        for item in overview(api, query)["items"]:
            behind = get(api, item["quotes"]).json()["items"]
            assert len(behind) == item["mentions"]
            assert len({quote["call_id"] for quote in behind}) == item["calls"]["calls"]
            assert len({quote["account"] for quote in behind}) == item["accounts"]
            for stance in item["stances"]:
                quotes = get(api, stance["quotes"]).json()["items"]
                assert [quote["stance"] for quote in quotes] == [stance["stance"]] * stance[
                    "mentions"
                ]
            for objection in item["objections"]:
                quotes = get(api, objection["quotes"]).json()["items"]
                assert {quote["label"] for quote in quotes} == {objection["label"]}
                calls = {quote["call_id"] for quote in quotes}
                assert len(calls) == objection["here"]["calls"]
            for deal in item["deals"]:
                (quote,) = get(api, deal["quotes"]).json()["items"]
                call = get(api, deal["call"]).json()
                outcome = "won" if deal["won"] else "lost"
                assert (call["id"], call["outcome"]) == (quote["call_id"], outcome)
            assert len(item["deals"]) == item["won"]["of"]


def test_as_a_table_that_no_spreadsheet_runs(api: Api, heard: None) -> None:
    answer = get(api, f"/v1/competitors/overview?company=Acme&{SPAN}", accept="text/csv")
    assert "earshot-competitors.csv" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert tuple(rows[0]) == COLUMNS
    tidewall, formula = rows
    assert formula["rival"] == f"'{FORMULA}"
    assert (tidewall["calls"], tidewall["of"], tidewall["change"]) == ("16", "40", "more")
    assert (tidewall["objections_more"], tidewall["objections_less"]) == ("price", "")
    assert (tidewall["praised"], tidewall["using"], tidewall["left"]) == ("8", "8", "0")
    assert (tidewall["won"], tidewall["decided"]) == ("0", "8")
    known = {"if-none-match": answer.headers["etag"], "accept": "text/csv"}
    again = api.as_(Role.MARKETING).get(
        f"/v1/competitors/overview?company=Acme&{SPAN}", headers=known
    )
    assert again.status_code == 304


@pytest.mark.parametrize("role", Role)
def test_every_role_reads_it(api: Api, heard: None, role: Role) -> None:
    assert get(api, "/v1/competitors/overview?company=Acme", role).status_code == 200


def test_what_cannot_be_asked(api: Api) -> None:
    path = "/v1/competitors/overview"
    assert_problem(get(api, path), 422, "invalid-request")
    assert_problem(get(api, f"{path}?company=Nobody"), 404, "not-found")
    assert_problem(get(api, f"{path}?company=a&since=now"), 422, "invalid-request")
    assert_problem(api.as_(None).get(f"{path}?company=Acme"), 401, "not-logged-in")
