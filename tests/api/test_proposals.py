"""Proposed rivals over real HTTP."""

from typing import Any

from api.users import Role
from ingest import queries
from ingest.base import db
from ingest.calls import CallDetails
from insights.insight import Quote, Unlisted
from insights.proposals.queries import save_names
from insights.queries import save_insights
from tests.api.running import Api, assert_problem
from tests.conftest import NOON


def propose(api: Api, *names: str, company: str = "Plumbline") -> list[dict[str, Any]]:
    """Have these names said in one call, one a turn; the proposals."""
    with db.connect(api.settings.database_url) as conn:
        call = queries.add_call(conn, None, "a.json", CallDetails(company=company), NOON)
        quotes = [(name, f"we had {name} in") for name in names]
        said = [
            Unlisted(name, turn, Quote(quote, 0, len(quote), 61.5, 62.0), 0.9 - turn / 10)
            for turn, (name, quote) in enumerate(quotes)
        ]
        save_insights(conn, call, [])
        save_names(conn, call, said)
        conn.commit()
    return listed(api, company=company)


def listed(api: Api, **query: str) -> list[dict[str, Any]]:
    answer = api.as_(Role.SALES).get("/v1/proposals", params=query)
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def decide(api: Api, number: int, role: Role = Role.MARKETING, **body: Any) -> Any:
    return api.as_(role).post(f"/v1/proposals/{number}/decision", json=body)


def test_listed_with_evidence_then_accepted_and_taken_back(api: Api) -> None:
    first, second = propose(api, "Tidewall", "Hexa")
    assert (first["name"], second["name"]) == ("Tidewall", "Hexa")
    (said,) = first["evidence"]
    assert (said["quote"], said["start"], said["turn"]) == ("we had Tidewall in", 61.5, 0)
    answer = decide(api, first["id"], state="accepted").json()
    assert (answer["state"], answer["competitor"]) == ("accepted", "Tidewall")
    assert "`earshot remine`" in answer["note"]
    assert answer["decided_by"] == "a marketing user"
    rivals = api.as_(Role.SALES).get("/v1/competitors").json()["items"]
    assert [rival["name"] for rival in rivals] == ["Tidewall"]
    body = {"state": "accepted", "competitor_id": rivals[0]["id"]}
    assert decide(api, second["id"], Role.PRODUCT, **body).json()["alias"] is True
    assert listed(api) == []
    assert len(listed(api, state="accepted")) == 2
    assert decide(api, second["id"], state="open").json()["note"] is None
    assert [found["name"] for found in listed(api, company="plumbline")] == ["Hexa"]


def test_refused_it_stays_so(api: Api) -> None:
    (found,) = propose(api, "Becky")
    assert decide(api, found["id"], state="refused").json()["state"] == "refused"
    assert propose(api, "Becky") == []
    client = api.as_(Role.ADMIN)
    assert client.get(f"/v1/proposals/{found['id']}").json()["calls"] == 2
    answer = decide(api, found["id"], state="accepted")
    assert "already" in assert_problem(answer, 422, "bad-decision")["detail"]


def test_who_and_what_is_refused(api: Api) -> None:
    (found,) = propose(api, "Hexa")
    assert_problem(decide(api, found["id"], Role.SALES, state="accepted"), 403, "not-allowed")
    assert_problem(decide(api, 999, state="accepted"), 404, "not-found")
    foreign = api.as_(Role.ADMIN).post("/v1/competitors", json={"company": "X", "name": "Y"}).json()
    answer = decide(api, found["id"], state="accepted", competitor_id=foreign["id"])
    assert_problem(answer, 404, "not-found")
    for body in ({"state": "perhaps"}, {"state": "refused", "competitor_id": 2**70}, {}):
        assert decide(api, found["id"], **body).status_code == 422
    assert [proposal["state"] for proposal in listed(api)] == ["open"]
