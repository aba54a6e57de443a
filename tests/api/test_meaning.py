"""Search by meaning over real HTTP."""

from typing import Any

import httpx
import pytest

from api.users import Role
from ingest.base import db
from insights.search.meaning import work
from tests.api.running import Api, assert_problem
from tests.insights.speaking import quoted, spoken

PRICE = "Honestly, that's twice what we pay today. Did you see the match?"
DEAR = "It is much too expensive for a firm of our size."
BOARD = "The board of directors has to approve this first."


@pytest.fixture
def heard(api: Api) -> None:
    """Three calls with their meanings kept, one of them with its objection found."""
    with db.connect(api.settings.database_url) as conn:
        found = [quoted(DEAR, "too expensive", "price")]
        spoken(conn, "Hello.", DEAR, BOARD, title="Renewal", account="Hartsoe")
        spoken(conn, DEAR, title="Pricing", rep="Dana", found=found)
        spoken(conn, PRICE, title="First call", account="Ames", segment="SMB")
        conn.commit()
    assert work.go_on(api.settings) == 3


def asked(api: Api, **query: Any) -> httpx.Response:
    return api.as_(Role.PRODUCT).get("/v1/search", params={"by": "meaning"} | query)


def test_what_means_the_same_is_found_in_other_words(api: Api, heard: None) -> None:
    query = "we cannot afford it, it costs too much"
    assert api.as_(Role.PRODUCT).get("/v1/search", params={"q": query}).json()["items"] == []
    told = asked(api, q=query).json()
    assert (told["order"], told["next"]) == ("nearest", None)
    assert {"Renewal", "Pricing"} <= {call["title"] for call in told["items"]}
    assert told["in_calls"] == len(told["items"])
    similar = [call["similarity"] for call in told["items"]]
    assert similar == sorted(similar, reverse=True)
    passage = told["items"][0]["passages"][0]
    assert passage["text"] == DEAR
    assert 0.3 < passage["similarity"] == similar[0] < 1
    (board,) = asked(api, q="management needs to approve it").json()["items"]
    assert (board["title"], board["passages"][0]["turn"], board["passages"][0]["start"]) == (
        *("Renewal", 2),
        20.0,
    )


def test_the_nearest_sentence_is_marked(api: Api, heard: None) -> None:
    (call,) = asked(api, q="twice what we pay today", account="Ames").json()["items"]
    (passage,) = call["passages"]
    (mark,) = passage["marks"]
    assert passage["text"] == PRICE
    assert PRICE[mark["start"] : mark["end"]] == "Honestly, that's twice what we pay today."


def test_only_what_is_asked_for(api: Api, heard: None) -> None:
    for query, expected in [
        ({"account": "HARTSOE"}, ["Renewal"]),
        ({"rep": "dana"}, ["Pricing"]),
        ({"kind": "objection"}, ["Pricing"]),
        ({"label": "Price"}, ["Pricing"]),
        ({"since": "2026-02-03T00:00:00Z"}, []),
        ({"stage": "closing"}, []),
    ]:
        told = asked(api, q="too expensive for our firm", **query).json()
        assert [call["title"] for call in told["items"]] == expected, query
    assert len(asked(api, q="too expensive for our firm", limit=1).json()["items"]) == 1


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({}, "invalid-request"),
        ({"q": "x" * 301}, "invalid-request"),
        ({"q": "price", "by": "colour"}, "invalid-request"),
        ({"q": " "}, "nothing-sought"),
        ({"q": "?!"}, "nothing-sought"),
        ({"q": "price", "cursor": "xyz"}, "bad-cursor"),
        (
            {"q": "price", "cursor": "eyJoZWxkX2F0IjoiMjAyNi0wMS0wMSIsImNhbGxfaWQiOjF9"},
            "bad-cursor",
        ),
    ],
)
def test_what_cannot_be_asked(api: Api, query: dict[str, Any], code: str) -> None:
    assert_problem(asked(api, **query), 422, code)


@pytest.mark.parametrize(
    "words",
    ['"price"', "'; drop table turn; --", "[1,2,3]", "a\\b", "💬 “price”", "a " * 150, "цена 値段"],
)
def test_odd_words_are_answered(api: Api, heard: None, words: str) -> None:
    assert asked(api, q=words).status_code == 200


def test_words_that_nobody_could_mean_find_nothing(api: Api, heard: None) -> None:
    told = asked(api, q="xkcd blorp fnord").json()
    assert (told["items"], told["in_calls"], told["in_turns"]) == ([], 0, 0)


def test_a_server_without_the_extension_says_what_to_do(api: Api, heard: None) -> None:
    with db.connect(api.settings.database_url) as conn:
        conn.execute("drop extension vector cascade")
        conn.commit()
    problem = asked(api, q="too expensive")
    assert_problem(problem, 501, "no-meanings")
    assert "`create extension vector`" in problem.json()["detail"]
    assert "`earshot migrate`" in problem.json()["detail"]
    words = api.as_(Role.PRODUCT).get("/v1/search", params={"q": "expensive"})
    assert len(words.json()["items"]) == 2, "words are found all the same"


def test_strangers_are_told_nothing(api: Api) -> None:
    assert api.as_(None).get("/v1/search?q=price&by=meaning").status_code == 401
