"""Every list goes on where a page of it ends."""

from dataclasses import replace
from typing import Any

import pytest

from api.rest.lists import After, encode
from api.users import Role
from ingest.base import db
from insights.catalogue.queries import add_competitor, company_called
from insights.insight import Competitor, Kind, Quote, Stance, Unlisted
from insights.proposals.queries import save_names
from tests.api.running import Api, assert_problem
from tests.insights.trending import MONDAY, mined, said

SPAN = "since=2026-02-02&until=2026-03-30"

LISTS = {
    "/v1/companies": 2,
    "/v1/competitors": 3,
    "/v1/competitors?company=acme": 2,
    f"/v1/competitors/overview?company=acme&{SPAN}": 3,
    "/v1/detectors": 3,
    f"/v1/leads?{SPAN}": 3,
    "/v1/proposals?company=acme": 2,
    "/v1/tokens": 2,
    f"/v1/trends?kind=objection&{SPAN}": 3,
    "/v1/users": 2,
    "/v1/webhooks": 2,
    "/v1/retention/changes": 0,
    "/v1/retention/holds": 2,
    "/v1/retention/runs": 2,
    "/v1/theme-suggestions": 1,
}
"""Each list, and the fewest items that it has here."""


@pytest.fixture
def kept(api: Api) -> None:
    """Something in every list."""
    labels, sources = ("price", "trust", "timing"), ("webinar", "referral", None)
    with db.connect(api.settings.database_url) as conn:
        for n in range(3):
            rival = replace(said(f"Rival {n}", Kind.COMPETITOR, start=40), stance=Stance.USING)
            wish = said(f"wish {n}", Kind.FEATURE_REQUEST, start=80)
            found = (said(labels[n]), rival, wish)
            call = mined(conn, *found, lead_source=sources[n], held_at=MONDAY)
            conn.execute("update call set hold_since = now(), hold_by = 'x' where id = %s", [n + 1])
        mined(conn, company="Bolt")
        for name in ("Acme", "Bolt"):
            add_competitor(conn, company_called(conn, name).id, Competitor("Tidewall"))
        add_competitor(conn, company_called(conn, "Acme").id, Competitor("Merlin"))
        names = [("Sandbar", 0.9), ("Oxbow", 0.8)]
        save_names(conn, call, [Unlisted(n, 0, Quote(n, 0, 7), p) for n, p in names])
        conn.execute(
            "insert into retention_run (started_at, ended_at) values (now(), now()), (now(), now())"
        )
        conn.execute(
            """insert into theme_suggestion (company_id, theme_id, other_id, likeness)
               select company_id, id, id + 1, 0.5 from theme where name <> 'wish 2'"""
        )
        conn.commit()
    for n in range(2):
        hook = {"url": f"https://example.com/{n}", "events": ["call.mined"]}
        assert api.as_(Role.ADMIN).post("/v1/webhooks", json=hook).is_success
    found = api.as_(Role.ADMIN).get("/v1/insights").json()["items"]
    for insight in found:
        said_of = {"verdict": "confirmed"}
        api.as_(Role.ADMIN).post(f"/v1/insights/{insight['id']}/review", json=said_of)


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("path", LISTS)
def test_page_by_page_a_list_is_the_whole_list(api: Api, path: str) -> None:
    client, a = api.as_(Role.ADMIN), "&" if "?" in path else "?"
    api.as_(Role.SALES)  # a second user, with a token
    whole = client.get(path).json()
    assert (whole["next"], len(whole["items"]) >= LISTS[path]) == (None, True), whole
    walked: list[Any] = []
    answer = client.get(f"{path}{a}limit=1")
    while "next" in answer.links:
        assert len(answer.json()["items"]) == 1
        walked += answer.json()["items"]
        answer = client.get(answer.links["next"]["url"])
    walked += answer.json()["items"]
    assert (walked, answer.json()["next"]) == (whole["items"], None)
    beyond = client.get(f"{path}{a}cursor={encode(After(2**31 - 1))}").json()
    assert (beyond["items"], beyond["next"]) == ([], None)
    for cursor in ("x", encode(After(-1)), encode(After(2**31))):
        assert_problem(client.get(f"{path}{a}cursor={cursor}"), 422, "bad-cursor")
