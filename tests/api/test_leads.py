"""Lead quality over real HTTP, as JSON and as a table."""

import csv
import io
from datetime import timedelta
from typing import Any

import httpx
import pytest

from api.lead_schemas import COLUMNS
from api.users import Role
from ingest.base import db
from tests.api.running import Api, assert_problem
from tests.insights.trending import MONDAY, mined, said

SPAN = "since=2026-02-02&until=2026-03-30"


@pytest.fixture
def heard(api: Api) -> None:
    """Forty calls of forty leads: those of paid social say that there is no need, and wait."""
    with db.connect(api.settings.database_url) as conn:
        for n in range(40):
            social = n % 4 == 0
            held_at = MONDAY + timedelta(hours=30 * n + 100)
            mined(
                conn,
                *([said("need")] if social or n == 1 else []),
                held_at=held_at,
                account=f"Account {n}",
                lead_source="paid social" if social else ("webinar", None)[n % 2],
                campaign="=spring" if social else None,
                lead_created_at=held_at - timedelta(days=4 if social else 1),
            )
        conn.commit()


def get(api: Api, path: str, role: Role = Role.MARKETING) -> httpx.Response:
    return api.as_(role).get(path)


def leads(api: Api, query: str = "") -> dict[str, Any]:
    answer = get(api, f"/v1/leads?{SPAN}{query}")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_which_sources_bring_no_need(api: Api, heard: None) -> None:
    told = leads(api)
    assert told["headline"] == (
        "From lead source “paid social”, need comes up in 10 of 10 calls (with 10 accounts),"
        " more often than in the others (1 of 30)."
    )
    assert told["outstanding"][0] == told["headline"]
    assert [item["group"] for item in told["items"]] == ["paid social", "webinar", None]
    social, webinar, unknown = told["items"]
    (need,) = social["objections"]
    assert (need["calls"]["calls"], need["calls"]["of"], need["contrast"]["verdict"]) == (
        10,
        10,
        "more",
    )
    quotes = get(api, need["quotes"]).json()["items"]
    assert len(quotes) == need["mentions"] == 10
    assert (unknown["objections"][0]["contrast"], unknown["objections"][0]["quotes"]) == (None,) * 2
    assert (social["wait"]["median"], webinar["wait"]["median"]) == (4 * 86400, 86400)
    assert (social["wait"]["leads"], social["wait"]["enough"]) == (10, True)
    slowest = social["wait"]["slowest"]
    assert [lead["seconds"] for lead in slowest] == [4 * 86400] * 5
    assert get(api, slowest[0]["call"]).json()["account"] == slowest[0]["account"]


def test_by_campaign_and_filtered(api: Api, heard: None) -> None:
    told = leads(api, "&by=campaign")
    assert [item["group"] for item in told["items"]] == ["=spring", None]
    assert leads(api, "&lead_source=WEBINAR")["calls"] == told["items"][1]["calls"] // 3
    assert leads(api, "&company=nobody")["items"] == []


def test_as_a_table_that_no_spreadsheet_runs(api: Api, heard: None) -> None:
    answer = get(api, f"/v1/leads?by=campaign&format=csv&{SPAN}")
    assert "earshot-leads-by-campaign.csv" in answer.headers["content-disposition"]
    spring, unknown = csv.DictReader(io.StringIO(answer.text, newline=""))
    assert tuple(spring) == COLUMNS
    assert (spring["group"], spring["verdict"]) == ("'=spring", "more")
    assert (spring["calls"], spring["elsewhere_calls"]) == ("10", "1")
    assert (spring["leads"], spring["median_s"]) == ("10", "345600.0")
    assert (unknown["group"], unknown["verdict"], unknown["calls"]) == ("", "", "1")
    known = {"if-none-match": answer.headers["etag"]}
    address = f"/v1/leads?by=campaign&format=csv&{SPAN}"
    again = api.as_(Role.MARKETING).get(address, headers=known)
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("query", ["by=rep", "since=now", "format=xls"])
def test_what_cannot_be_asked(api: Api, query: str) -> None:
    assert_problem(get(api, f"/v1/leads?{query}"), 422, "invalid-request")


def test_only_who_is_known_reads_it(api: Api) -> None:
    assert_problem(api.as_(None).get("/v1/leads"), 401, "not-logged-in")
    for role in Role:
        assert get(api, "/v1/leads", role).json()["items"] == []
