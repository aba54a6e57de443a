"""Trends over real HTTP: the numbers, as JSON and as a table, and what cannot be asked."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rest.lists import After, encode
from api.tables import harmless
from api.trend_schemas import COLUMNS
from api.users import Role
from ingest.base import db
from insights.insight import Kind
from tests.api.running import Api, assert_problem
from tests.insights.trending import MONDAY, mined, said

FORMULA = '=HYPERLINK("http://evil.example","more")'
SPAN = "since=2026-02-02&until=2026-03-30"


@pytest.fixture
def heard(api: Api) -> None:
    """Eight weeks of five calls: price in one of the first four weeks' and in most of the last."""
    with db.connect(api.settings.database_url) as conn:
        for n in range(40):
            week = n // 5
            found = [said("price")] if week >= 4 or n == 0 else []
            if n == 39:
                found.append(said(FORMULA, Kind.COMPETITOR, start=20))
            mined(
                conn,
                *found,
                held_at=MONDAY + timedelta(weeks=week, hours=n % 5),
                stage="discovery" if n % 2 else "closing",
                account="Hartsoe",
                segment="SMB",
            )
        conn.commit()


def asked(api: Api, query: str, **headers: str) -> httpx.Response:
    return api.as_(Role.MARKETING).get(f"/v1/trends?{query}", headers=headers)


def trends(api: Api, query: str) -> dict[str, Any]:
    answer = asked(api, query)
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


def test_every_number_has_its_denominator(api: Api, heard: None) -> None:
    told = trends(api, f"kind=objection&{SPAN}")
    assert told["headline"] == (
        "Price came up in 20 of 20 calls in the four weeks to 29 Mar 2026,"
        " more often than in the four before (1 of 20)."
    )
    assert [period["name"] for period in told["periods"]][:2] == ["2026-W06", "2026-W07"]
    assert {period["calls"] for period in told["periods"]} == {5}
    assert all(period["whole"] for period in told["periods"])
    (price,) = told["items"]
    first = price["points"][0]
    assert first == {
        "period": "2026-W06",
        "mentions": 1,
        "calls": 1,
        "of": 5,
        "share": 0.2,
        "low": 0.0362,
        "high": 0.6245,
        "enough": True,
    }
    change = price["change"]
    assert change["verdict"] == "more"
    assert change["p"] == change["q"] < 1e-6
    assert (change["now"]["calls"], change["before"]["of"]) == (20, 20)
    assert told["compared"]["now"] == {"since": "2026-03-02", "until": "2026-03-30"}
    assert told["compared"]["across_versions"] is False
    assert (told["caution"], told["left_out"]) == (None, 0)


def test_split_filtered_and_by_other_periods(api: Api, heard: None) -> None:
    by_stage = trends(api, f"kind=objection&by=stage&{SPAN}")
    assert {item["group"] for item in by_stage["items"]} == {"discovery", "closing"}
    week = [item["points"][0]["of"] for item in by_stage["items"]]
    assert sorted(week) == [2, 3]
    for query, calls in [
        ("stage=CLOSING", 20),
        ("segment=smb&company=acme", 40),
        ("account=hartsoe&label=PRICE", 40),
        ("rep=nobody", 0),
    ]:
        told = trends(api, f"kind=objection&{query}&{SPAN}")
        assert sum(period["calls"] for period in told["periods"]) == calls, query
    months = trends(api, "kind=objection&period=month&since=2026-02-10&until=2026-03-01")
    assert [p["name"] for p in months["periods"]] == ["2026-02"], "widened to whole months"
    assert months["periods"][0]["since"] == "2026-02-01"
    days = trends(api, "kind=objection&period=day&since=2026-02-02&until=2026-02-05")
    assert [p["calls"] for p in days["periods"]] == [5, 0, 0]
    assert days["items"][0]["points"][1]["share"] is None


def test_as_many_labels_as_are_asked_for(api: Api, heard: None) -> None:
    whole = trends(api, f"kind=objection&by=stage&{SPAN}")
    assert (len(whole["items"]), whole["left_out"]) == (2, 0)
    first = trends(api, f"kind=objection&by=stage&limit=1&{SPAN}")
    assert (first["items"], first["left_out"]) == (whole["items"][:1], 1)
    second = trends(api, f"kind=objection&by=stage&limit=1&{SPAN}&cursor={first['next']}")
    assert (second["items"], second["left_out"]) == (whole["items"][1:], 0)
    assert (second["headline"], second["next"]) == (None, None)
    beyond = After(2**31 - 1)
    last = trends(api, f"kind=objection&by=stage&{SPAN}&cursor={encode(beyond)}")
    assert (last["items"], last["left_out"], last["next"]) == ([], 0, None)
    table = asked(api, f"kind=objection&by=stage&limit=1&format=csv&{SPAN}")
    assert first["next"] in table.headers["link"]
    for broken in ("x", encode(After(-1)), encode(After(2**31))):
        answer = asked(api, f"kind=objection&{SPAN}&cursor={broken}")
        assert_problem(answer, 422, "bad-cursor")


def test_only_mentions_so_sure_or_so_reviewed_count(api: Api, heard: None) -> None:
    for query, calls in [
        ("min_confidence=0.9&review=", 21),
        ("min_confidence=0.91", 0),
        ("review=unreviewed&min_confidence=", 21),
        ("review=confirmed", 0),
    ]:
        told = trends(api, f"kind=objection&{query}&{SPAN}")
        assert sum(p["calls"] for item in told["items"] for p in item["points"]) == calls, query
        assert sum(period["calls"] for period in told["periods"]) == 40
    for broken in ("min_confidence=1.1", "min_confidence=nan", "review=maybe"):
        assert_problem(asked(api, f"kind=objection&{broken}"), 422, "invalid-request")


def test_the_usual_time_is_up_to_today(api: Api, heard: None) -> None:
    told = trends(api, "kind=objection")
    assert len(told["periods"]) == 12
    assert [period["whole"] for period in told["periods"]] == [True] * 11 + [False]
    today = datetime.now(UTC).date().isoformat()
    assert told["periods"][-1]["since"] <= today < told["periods"][-1]["until"]


def test_as_a_table_that_no_spreadsheet_runs(api: Api, heard: None) -> None:
    for answer in (
        asked(api, f"kind=competitor&format=csv&{SPAN}"),
        asked(api, f"kind=competitor&{SPAN}", accept="text/csv"),
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/csv; charset=utf-8")
        assert "earshot-competitor-trends.csv" in answer.headers["content-disposition"]
        rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
        assert tuple(rows[0]) == COLUMNS
        assert len(rows) == 8
        last = rows[-1]
        assert last["label"] == f"'{FORMULA}"
        assert (last["period"], last["whole"], last["calls"]) == ("2026-W13", "true", "1")
        assert (last["of"], last["share"], last["change"]) == ("5", "0.2", "rare")
        assert (last["now_calls"], last["before_of"], last["p"]) == ("1", "20", "")
    both = asked(api, f"kind=competitor&{SPAN}", accept="application/json, text/csv")
    assert both.headers["content-type"] == "application/json"


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@x", "\t=1", "\r1", "\n1", "  =1", "＝1"])
def test_a_formula_becomes_text(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"


@given(st.text())
def test_no_cell_is_run_and_others_stay(cell: str) -> None:
    shown = harmless(cell)
    assert shown.removeprefix("'") == cell.removeprefix("'")
    assert not shown.startswith(("=", "+", "-", "@", "\t", "\r"))


def test_the_same_answer_is_not_sent_twice(api: Api, heard: None) -> None:
    for query in (f"kind=objection&{SPAN}", f"kind=objection&format=csv&{SPAN}"):
        first = asked(api, query)
        tag = first.headers["etag"]
        assert first.headers["cache-control"] == "private, no-cache"
        for known in (tag, f'"other", W/{tag}', "*"):
            again = asked(api, query, **{"if-none-match": known})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == tag
        assert asked(api, query, **{"if-none-match": '"other"'}).status_code == 200
    with db.connect(api.settings.database_url) as conn:
        mined(conn, said("trust"))
        conn.commit()
    changed = asked(api, f"kind=objection&{SPAN}", **{"if-none-match": tag})
    assert changed.status_code == 200


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "invalid-request"),
        ("kind=weather", "invalid-request"),
        ("kind=objection&period=year", "invalid-request"),
        ("kind=objection&by=weather", "invalid-request"),
        ("kind=objection&format=xls", "invalid-request"),
        ("kind=objection&limit=0", "invalid-request"),
        ("kind=objection&limit=201", "invalid-request"),
        ("kind=objection&since=yesterday", "invalid-request"),
        ("kind=objection&since=0001-01-01", "invalid-request"),
        ("kind=objection&until=9999-12-31", "invalid-request"),
        (f"kind=objection&company={'x' * 301}", "invalid-request"),
        ("kind=objection&since=2026-02-02&until=2026-02-02", "bad-span"),
        ("kind=objection&period=day&since=2025-02-02&until=2026-02-02", "bad-span"),
    ],
)
def test_what_cannot_be_asked(api: Api, query: str, code: str) -> None:
    said = assert_problem(asked(api, query), 422, code)
    if "period=day" in query:
        assert "more than 120 days: ask for a shorter time" in said["detail"]


def test_strangers_are_told_nothing_and_it_is_described(api: Api) -> None:
    assert api.as_(None).get("/v1/trends?kind=objection").status_code == 401
    described = api.as_(None).get("/v1/openapi.json").json()["paths"]["/v1/trends"]["get"]
    assert described["responses"]["200"]["content"].keys() == {"application/json", "text/csv"}
    assert "304" in described["responses"]
    assert {"kind", "period", "by", "campaign"} <= {p["name"] for p in described["parameters"]}
