"""Search over real HTTP."""

import csv
import io
from typing import Any

import httpx
import pytest

from api.users import Role
from ingest.base import db
from insights.insight import Kind
from insights.search import queries
from tests.api.running import Api, assert_problem
from tests.insights.speaking import quoted, spoken

PRICE = "Honestly, that's twice the price we pay today."


@pytest.fixture
def heard(api: Api) -> None:
    """Three calls about the price, one of them with its objection found."""
    with db.connect(api.settings.database_url) as conn:
        found = [quoted(PRICE, "twice the price", "price")]
        spoken(conn, "Hello.", PRICE, "The price!", title="Renewal", account="Hartsoe")
        spoken(conn, PRICE, title="Pricing", rep="Dana", found=found)
        spoken(conn, "What is the price?", title="First call", account="Ames", segment="SMB")
        conn.commit()


def asked(api: Api, **query: Any) -> httpx.Response:
    return api.as_(Role.PRODUCT).get("/v1/search", params=query)


def test_calls_with_their_passages(api: Api, heard: None) -> None:
    told = asked(api, q="price").json()
    assert (told["order"], told["in_calls"], told["in_turns"], told["next"]) == (
        *("relevance", 3, 4),
        None,
    )
    first = told["items"][0]
    assert (first["title"], first["account"], first["matches"]) == ("Renewal", "Hartsoe", 2)
    passage = first["passages"][0]
    assert (passage["turn"], passage["start"], passage["text"]) == (1, 10.0, PRICE)
    (mark,) = passage["marks"]
    assert PRICE[mark["start"] : mark["end"]] == "price"


def test_as_a_table_of_passages_that_no_spreadsheet_runs(api: Api) -> None:
    with db.connect(api.settings.database_url) as conn:
        spoken(conn, "=price, that", title="@first", account="Ames")
        conn.commit()
    answer = asked(api, q="price", format="csv")
    assert answer.headers["content-type"].startswith("text/csv")
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert (row["title"], row["account"], row["turn"]) == ("'@first", "Ames", "0")
    assert row["text"] == "'=price, that"
    assert answer.headers["etag"]


def test_only_what_is_asked_for(api: Api, heard: None) -> None:
    for query, expected in [
        ({"account": "HARTSOE"}, ["Renewal"]),
        ({"rep": "dana"}, ["Pricing"]),
        ({"segment": "smb"}, ["First call"]),
        ({"kind": "objection"}, ["Pricing"]),
        ({"label": "Price"}, ["Pricing"]),
        ({"min_confidence": "0.5", "review": ""}, ["Pricing"]),
        ({"review": "unreviewed", "label": "price"}, ["Pricing"]),
        ({"min_confidence": "1"}, []),
        ({"review": "confirmed"}, []),
        ({"review": "rejected"}, []),
        ({"since": "2026-02-03T00:00:00Z"}, []),
        ({"stage": "closing"}, []),
        ({"company": "acme", "until": "2026-02-02T00:00:00Z"}, []),
    ]:
        told = asked(api, q="price", **query).json()
        assert [call["title"] for call in told["items"]] == expected, query
    (call,) = asked(api, q="price", kind="objection").json()["items"]
    (insight,) = call["passages"][0]["insights"]
    assert (insight["kind"], insight["label"]) == (Kind.OBJECTION, "price")


@pytest.mark.parametrize("ranked", [1000, 1])
def test_page_by_page(api: Api, heard: None, ranked: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "RANKED", ranked)
    titles: list[str] = []
    answer = asked(api, q="price", limit=1)
    while True:
        titles += [call["title"] for call in answer.json()["items"]]
        if answer.json()["next"] is None:
            break
        link = answer.links["next"]["url"]
        assert f"cursor={answer.json()['next']}" in link
        answer = api.as_(Role.PRODUCT).get(link)
    assert sorted(titles) == ["First call", "Pricing", "Renewal"]
    assert answer.json()["order"] == ("relevance" if ranked == 1000 else "newest")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({}, "invalid-request"),
        ({"q": "x" * 301}, "invalid-request"),
        ({"q": "price", "limit": 51}, "invalid-request"),
        ({"q": "price", "kind": "weather"}, "invalid-request"),
        ({"q": "price", "since": "yesterday"}, "invalid-request"),
        ({"q": ""}, "nothing-sought"),
        ({"q": "the of"}, "nothing-sought"),
        ({"q": "-price"}, "nothing-sought"),
        ({"q": "price", "cursor": "xyz"}, "bad-cursor"),
        ({"q": "price", "cursor": "eyJoZWxkX2F0IjoxfQ"}, "bad-cursor"),
    ],
)
def test_what_cannot_be_asked(api: Api, query: dict[str, Any], code: str) -> None:
    assert_problem(asked(api, **query), 422, code)


def test_a_nul_is_refused(api: Api) -> None:
    assert_problem(asked(api, q="pri\x00ce"), 400, "bad-request")


@pytest.mark.parametrize(
    "words",
    ['"', '"price', '""price"', "(price", "price & | !", "%", "'; drop table turn; --", "pri.*e",
     "price:*", "\\", "price or", "or", "💬 “price”", "a" * 300, '"a ' * 100, "a or " * 60],
)  # fmt: skip
def test_odd_words_are_answered_or_refused_clearly(api: Api, heard: None, words: str) -> None:
    answer = asked(api, q=words)
    assert answer.status_code == 200 or assert_problem(answer, 422, "nothing-sought")


def test_strangers_are_told_nothing(api: Api) -> None:
    assert api.as_(None).get("/v1/search?q=price").status_code == 401
