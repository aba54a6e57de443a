"""Insights found over real HTTP."""

import csv
import io
from typing import Any

import pytest

from api.users import Role
from ingest import queries
from ingest.base import db
from ingest.calls import CallDetails
from insights.insight import Insight, Kind, Quote, Stance
from insights.queries import save_insights
from tests.api.running import Api, assert_problem
from tests.conftest import NOON


def mention(kind: Kind, label: str, start: int, confidence: float) -> Insight:
    stance = Stance.LEFT if kind is Kind.COMPETITOR else None
    quote = Quote("the quote", start, start + 9, 1.0, 2.0)
    return Insight(0, kind, label, quote, confidence, kind.value, "1", stance)


@pytest.fixture
def heard(api: Api) -> list[int]:
    """Two calls with three insights each."""
    found = [
        mention(Kind.OBJECTION, "price", 0, 0.9),
        mention(Kind.COMPETITOR, "Attrivo", 10, 0.6),
        mention(Kind.FEATURE_REQUEST, "export to CSV", 20, 0.3),
    ]
    with db.connect(api.settings.database_url) as conn:
        calls = [
            queries.add_call(
                conn,
                None,
                "a.json",
                CallDetails(account=account, segment=segment, rep="Dana"),
                NOON,
            )
            for account, segment in (("Acme", "SMB"), ("Bolt", None))
        ]
        for call in calls:
            save_insights(conn, call, found)
        conn.commit()
    return [call.id for call in calls]


def found(api: Api, query: str = "") -> list[dict[str, Any]]:
    answer = api.as_(Role.MARKETING).get(f"/v1/insights?{query}")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_filters(api: Api, heard: list[int]) -> None:
    numbers = {query: len(found(api, query)) for query, _ in FILTERED}
    assert numbers == dict(FILTERED)


FILTERED = [
    ("", 6),
    ("kind=objection", 2),
    ("label=PRICE", 2),
    ("kind=competitor&stance=left", 2),
    ("stance=using", 0),
    ("account=acme", 3),
    ("segment=smb", 3),
    ("rep=dana", 6),
    ("company=my%20company", 6),
    ("company=other", 0),
    ("since=2026-03-02T12:00:00Z", 6),
    ("until=2026-03-02T12:00:00Z", 0),
    ("since=2026-03-02T13:30:00%2B01:00&until=2026-03-02T14:00:00Z", 0),
    ("min_confidence=0.6", 4),
    ("review=unreviewed", 6),
    ("review=confirmed", 0),
    ("kind=objection&account=bolt&min_confidence=0.5", 1),
]


def test_those_of_one_call(api: Api, heard: list[int]) -> None:
    assert {insight["call_id"] for insight in found(api, f"call={heard[0]}")} == {heard[0]}


def test_each_once_page_by_page_while_others_are_added(api: Api, heard: list[int]) -> None:
    client = api.as_(Role.MARKETING)
    first = client.get("/v1/insights?limit=4").json()
    with db.connect(api.settings.database_url) as conn:
        call = queries.add_call(conn, None, "b.json", CallDetails(), NOON.replace(year=2027))
        save_insights(conn, call, [mention(Kind.OBJECTION, "need", 0, 0.9)])
        conn.commit()
    second = client.get(f"/v1/insights?limit=4&cursor={first['next']}").json()
    ids = [insight["id"] for page in (first, second) for insight in page["items"]]
    assert len(ids) == len(set(ids)) == 6
    assert second["next"] is None


def test_a_bad_cursor(api: Api) -> None:
    for cursor in ("x", "", "e30", "W10", "bnVsbA", "é", "a" * 400, "eyJpZCI6MX0"):
        for path in ("insights", "calls"):
            answer = api.as_(Role.SALES).get(f"/v1/{path}", params={"cursor": cursor})
            assert_problem(answer, 422, "bad-cursor")


def test_a_wrong_value_is_named(api: Api) -> None:
    for query in WRONG:
        answer = api.as_(Role.SALES).get(f"/v1/insights?{query}")
        said = assert_problem(answer, 422, "invalid-request")
        name = query.partition("=")[0]
        assert [fault["field"] for fault in said["errors"]] == [f"query.{name}"], query


WRONG = [
    "limit=0",
    "limit=201",
    "limit=many",
    "kind=weather",
    "min_confidence=2",
    "min_confidence=nan",
    "since=yesterday",
    "since=2026-03-01T10:00:00",
    f"call={2**63}",
    f"label={'a' * 301}",
    f"cursor={'a' * 501}",
]


def test_a_table_that_no_spreadsheet_runs(api: Api, heard: list[int]) -> None:
    evil = "=HYPERLINK(0)"
    with db.connect(api.settings.database_url) as conn:
        said = Quote(evil, 0, len(evil), 1.0, 2.0)
        found = Insight(1, Kind.OBJECTION, "price", said, 0.9, "objection", "1")
        save_insights(conn, queries.get_call(conn, heard[0]), [found])
        conn.commit()
    client = api.as_(Role.MARKETING)
    answer = client.get(f"/v1/insights?call={heard[0]}", headers={"accept": "text/csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    assert "earshot-insights.csv" in answer.headers["content-disposition"]
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert row["quote"] == f"'{evil}"
    assert (row["account"], row["rep"], row["start"], row["kind"]) == (
        "Acme",
        "Dana",
        "1.0",
        "objection",
    )
    more = client.get("/v1/insights?limit=2&format=csv")
    assert len(list(csv.DictReader(io.StringIO(more.text)))) == 2
    assert 'rel="next"' in more.headers["link"]
    calls = csv.DictReader(io.StringIO(client.get("/v1/calls?format=csv").text))
    assert {row["account"] for row in calls} == {"Acme", "Bolt"}
