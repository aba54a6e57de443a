"""The catalogue over real HTTP."""

from typing import Any

from api.users import Role
from ingest import queries
from ingest.base import db
from ingest.calls import CallDetails
from insights.insight import Insight, Kind, Quote, Stance
from insights.queries import save_insights
from insights.rollups.queries import rollup_differences
from tests.api.running import Api, assert_problem
from tests.conftest import NOON

ATTRIVO = {"company": "Plumbline", "name": "Attrivo", "aliases": ["Attrivo One", "Trivo"]}


def add(api: Api, **body: Any) -> Any:
    return api.as_(Role.MARKETING).post("/v1/competitors", json=ATTRIVO | body)


def names(api: Api, query: str = "") -> list[str]:
    items = api.as_(Role.SALES).get(f"/v1/competitors?{query}").json()["items"]
    return [rival["name"] for rival in items]


def mentions(api: Api) -> list[tuple[str, bool, str]]:
    """Each mention's label, whether it is unlisted, and the label that is counted."""
    with db.connect(api.settings.database_url) as conn:
        assert rollup_differences(conn) == []
        return conn.execute(
            """select i.label, i.unlisted, d.label from insight i
               join daily_mentions d on d.label = i.label and d.mentions > 0
               order by i.id"""
        ).fetchall()


def test_added_renamed_and_taken_out(api: Api) -> None:
    made = add(api, name="  Attrivo ", aliases=["Trivo", "trivo", "attrivo"])
    assert made.status_code == 201
    rival = made.json()
    assert (rival["company"], rival["name"], rival["aliases"]) == (
        "Plumbline",
        "Attrivo",
        ["trivo"],
    )
    assert "`earshot remine`" in rival.pop("note"), "old calls are not mined again by themselves"
    url = made.headers["location"]
    client = api.as_(Role.PRODUCT)
    assert client.get(url).json() == rival
    body = {"name": "Attrivo Group", "aliases": ["Attrivo"]}
    changed = client.put(url, json=body).json()
    assert "`earshot remine`" in changed.pop("note")
    assert changed == rival | body
    assert names(api) == ["Attrivo Group"]
    assert client.delete(url).status_code == 204
    for answer in (client.get(url), client.delete(url), client.put(url, json=body)):
        assert_problem(answer, 404, "not-found")


def test_each_company_has_its_own(api: Api) -> None:
    add(api)
    assert add(api, company="Haulwright").status_code == 201
    assert names(api) == ["Attrivo", "Attrivo"]
    assert names(api, "company=HAULWRIGHT") == ["Attrivo"]
    assert names(api, "company=Nobody") == []
    companies = api.as_(Role.SALES).get("/v1/companies").json()["items"]
    assert [(c["name"], c["rivals"], c["calls"]) for c in companies] == [
        ("Haulwright", 1, 0),
        ("Plumbline", 1, 0),
    ]


def test_a_name_means_one_rival_and_never_oneself(api: Api) -> None:
    add(api)
    for body, code in BAD_NAMES:
        assert_problem(add(api, **body), 422, code)
    assert names(api) == ["Attrivo"]


BAD_NAMES: list[tuple[dict[str, Any], str]] = [
    ({"name": ""}, "invalid-request"),
    ({"name": "   "}, "invalid-request"),
    ({"name": "…"}, "bad-competitor"),
    ({"aliases": ["ok", ""]}, "invalid-request"),
    ({"name": "a\x00"}, "invalid-request"),
    ({"name": "plumbline"}, "bad-competitor"),
    ({"name": "Other", "aliases": ["PLUMBLINE"]}, "bad-competitor"),
    ({"name": "attrivo"}, "bad-competitor"),
    ({"name": "TRIVO"}, "bad-competitor"),
    ({"name": "Other", "aliases": ["attrivo  one"]}, "bad-competitor"),
    ({"aliases": ["a"] * 51}, "invalid-request"),
    ({"colour": "blue"}, "invalid-request"),
]


def test_a_product_is_no_rival(api: Api) -> None:
    add(api)
    client = api.as_(Role.PRODUCT)
    ours = {"name": "Plumbline", "product": "Compass", "pitch": "Where campaigns meet sales"}
    assert client.post("/v1/companies", json=ours).json()["product"] == "Compass"
    assert_problem(add(api, name="compass", aliases=[]), 422, "bad-competitor")
    taken = client.post("/v1/companies", json=ours | {"product": "Trivo"})
    assert_problem(taken, 422, "bad-competitor")
    companies = client.get("/v1/companies").json()["items"]
    assert [company["product"] for company in companies] == ["Compass"]


def test_a_rival_may_be_saved_as_it_is(api: Api) -> None:
    rival = add(api).json()
    body = {"name": rival["name"], "aliases": rival["aliases"]}
    answer = api.as_(Role.ADMIN).put(f"/v1/competitors/{rival['id']}", json=body)
    assert answer.json() == rival


def test_mentions_follow_the_catalogue(api: Api) -> None:
    with db.connect(api.settings.database_url) as conn:
        call = queries.add_call(conn, None, "a.json", CallDetails(company="Plumbline"), NOON)
        save_insights(conn, call, [said("trivo", 0), said("Signal", 20), said("Attrivo", 0)])
        conn.commit()
    assert mentions(api) == [
        ("Attrivo", True, "Attrivo"),
        ("trivo", True, "trivo"),
        ("Signal", True, "Signal"),
    ]
    rival = add(api).json()
    assert mentions(api) == [("Attrivo", False, "Attrivo"), ("Signal", True, "Signal")]
    client = api.as_(Role.ADMIN)
    client.put(f"/v1/competitors/{rival['id']}", json={"name": "Attrivo Group", "aliases": []})
    assert mentions(api)[0] == ("Attrivo Group", False, "Attrivo Group")
    client.delete(f"/v1/competitors/{rival['id']}")
    assert mentions(api)[0] == ("Attrivo Group", True, "Attrivo Group")


def said(label: str, start: int) -> Insight:
    quote = Quote("what was said", start, start + 13)
    return Insight(
        0, Kind.COMPETITOR, label, quote, 0.8, "competitor", "1", Stance.USING, unlisted=True
    )
