"""Themes over real HTTP: who may, what comes back, and what is refused."""

from decimal import Decimal

import pytest

from api.users import Role
from ingest import queries
from ingest.base import db
from ingest.calls import CallDetails
from insights.insight import Insight, Kind, Quote
from insights.queries import save_insights
from tests.api.running import Api, assert_problem
from tests.conftest import NOON
from tests.insights.saying import buyer, transcript
from tests.insights.test_theme_rules import UNSURE, at
from transcribe import queries as transcripts

WORDS = "could it send the numbers by mail"


@pytest.fixture
def wished(api: Api) -> list[int]:
    """The calls in which these were wished: two doubtful ones, and one twice."""
    calls = []
    with db.connect(api.settings.database_url) as conn:
        for n, (label, degrees) in enumerate(
            [("CSV export", 0.0), ("mails", UNSURE), ("dark mode", 180.0), ("dark mode", 180.0)]
        ):
            details = CallDetails(account=f"Acme {n}", deal_value_usd=Decimal(100 * n))
            call = queries.add_call(conn, None, f"{n}.json", details, NOON)
            transcripts.save(conn, call.id, transcript(buyer(WORDS)))
            quote = Quote(WORDS, 0, len(WORDS))
            kind = Kind.FEATURE_REQUEST
            found = Insight(0, kind, label, quote, 0.9, kind, "1", meaning=at(degrees))
            save_insights(conn, call, [found])
            calls.append(call.id)
        conn.execute("update call set state = 'done'")
        conn.commit()
    return calls


def themes(api: Api) -> dict[str, int]:
    items = api.as_(Role.SALES).get("/v1/themes").json()["items"]
    return {item["name"]: item["id"] for item in items}


@pytest.mark.usefixtures("wished")
def test_the_list_goes_by_accounts_and_value_and_goes_on(api: Api) -> None:
    client = api.as_(Role.PRODUCT)
    page = client.get("/v1/themes", params={"limit": 2}).json()
    first, second = page["items"]
    assert (first["name"], first["accounts"], first["value_usd"]) == ("dark mode", 2, 500)
    assert second["name"] == "mails"
    (third,) = client.get("/v1/themes", params={"cursor": page["next"]}).json()["items"]
    assert third["name"] == "CSV export"
    whole = client.get(f"/v1/themes/{first['id']}").json()
    assert [mention["mined_label"] for mention in whole["insights"]] == ["dark mode"] * 2
    assert client.get("/v1/themes", params={"company": 999}).json()["items"] == []
    assert_problem(client.get("/v1/themes/999"), 404, "not-found")
    assert_problem(client.get("/v1/themes", params={"cursor": "x"}), 422, "bad-cursor")
    assert api.as_(None).get("/v1/themes").status_code == 401


@pytest.mark.usefixtures("wished")
@pytest.mark.parametrize("role", Role)
def test_each_role_shapes_themes_and_it_is_known_who(api: Api, role: Role) -> None:
    client, known = api.as_(role), themes(api)
    (pair,) = client.get("/v1/theme-suggestions").json()["items"]
    assert (pair["theme"], pair["other"]) == ("mails", "CSV export")
    address = f"/v1/theme-suggestions/{pair['id']}/review"
    same = client.post(address, json={"verdict": "same"}).json()
    assert same["told"] == "“mails” is part of “CSV export”"
    assert_problem(client.post(address, json={"verdict": "same"}), 409, "theme-changed")
    export = f"/v1/themes/{known['CSV export']}"
    renamed = client.post(f"{export}/name", json={"name": "Reports"}).json()
    whole = client.get(export).json()
    assert (whole["name"], whole["aliases"]) == ("Reports", ["CSV export", "mails"])
    mentions = [mention["id"] for mention in whole["insights"]][:1]
    split = {"insights": mentions, "name": "Mails at night"}
    assert client.post(f"{export}/split", json=split).json()["act"] == "split"
    into = {"into": known["CSV export"]}
    assert client.post(f"/v1/themes/{known['dark mode']}/merge", json=into).is_success
    assert set(themes(api)) == {"Reports", "Mails at night"}
    assert_problem(client.post(f"{export}/name", json={"name": "mails AT night"}), 422, "bad-theme")
    again = split | {"name": "Mails by day"}
    assert_problem(client.post(f"{export}/split", json=again), 409, "theme-changed")
    undone = client.post(f"/v1/theme-changes/{renamed['id']}/undo").json()
    assert (undone["undoes"], undone["by"]) == (renamed["id"], f"a {role} user")
    history = client.get("/v1/theme-changes", params={"limit": 2}).json()
    assert [change["act"] for change in history["items"]] == ["undo", "merge"]
    rest = client.get("/v1/theme-changes", params={"cursor": history["next"]}).json()["items"]
    assert [(change["act"], change["undone"]) for change in rest] == [
        ("split", False),
        ("rename", True),
        ("same", False),
    ]


@pytest.mark.usefixtures("wished")
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/themes/{id}/name", {"name": ""}),
        ("/v1/themes/{id}/name", {"name": "x\x00"}),
        ("/v1/themes/{id}/name", {}),
        ("/v1/themes/{id}/merge", {"into": 2**70}),
        ("/v1/themes/{id}/split", {"name": "x", "insights": []}),
        ("/v1/themes/{id}/split", {"name": "x", "insights": ["a"]}),
        ("/v1/themes/{id}/split", {"name": "x", "insights": [2**70]}),
        ("/v1/theme-suggestions/1/review", {"verdict": "maybe"}),
    ],
)
def test_what_cannot_be_said(api: Api, path: str, body: dict[str, object]) -> None:
    address = path.format(id=themes(api)["mails"])
    assert_problem(api.as_(Role.PRODUCT).post(address, json=body), 422, "invalid-request")
