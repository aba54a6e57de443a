"""Themes over real HTTP: who may, what comes back, and what is refused."""

import csv
import io
from decimal import Decimal

import pytest

from api.theme_schemas import COLUMNS
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
        ("/v1/themes/{id}/status", {"status": "done"}),
        ("/v1/themes/{id}/status", {"status": "planned", "note": "x" * 301}),
        ("/v1/themes/{id}/status", {"status": "planned", "note": "x\x00"}),
        ("/v1/themes/{id}/link", {}),
        ("/v1/themes/{id}/link", {"url": "https://issues.example/" + "x" * 2000}),
        ("/v1/theme-suggestions/1/review", {"verdict": "maybe"}),
    ],
)
def test_what_cannot_be_said(api: Api, path: str, body: dict[str, object]) -> None:
    address = path.format(id=themes(api)["mails"])
    assert_problem(api.as_(Role.PRODUCT).post(address, json=body), 422, "invalid-request")


@pytest.mark.usefixtures("wished")
@pytest.mark.parametrize("role", Role)
def test_each_role_says_what_becomes_of_a_wish(api: Api, role: Role) -> None:
    client, known = api.as_(role), themes(api)
    mails = f"/v1/themes/{known['mails']}"
    wanted = {"status": "planned", "note": "in the autumn"}
    planned = client.post(f"{mails}/status", json=wanted).json()
    assert (planned["told"], planned["note"]) == ("“mails” is planned", "in the autumn")
    assert_problem(client.post(f"{mails}/status", json=wanted), 409, "theme-changed")
    assert client.get(mails).json()["status"] == "planned"
    linked = client.post(f"{mails}/link", json={"url": "https://issues.example/12"}).json()
    assert client.get(mails).json()["issue_url"] == "https://issues.example/12"
    bad = client.post(f"{mails}/link", json={"url": "javascript:alert(1)"})
    assert_problem(bad, 422, "bad-theme")
    history = client.get("/v1/theme-changes", params={"theme": known["mails"]}).json()["items"]
    assert [change["id"] for change in history] == [linked["id"], planned["id"]]
    for change in history:
        assert client.post(f"/v1/theme-changes/{change['id']}/undo").is_success
    back = client.get(mails).json()
    assert (back["status"], back["issue_url"], back["status_since"]) == ("new", None, None)
    assert api.as_(None).post(f"{mails}/status", json=wanted).status_code == 401
    assert_problem(client.post("/v1/themes/999/status", json=wanted), 404, "not-found")


@pytest.mark.usefixtures("wished")
def test_sorted_filtered_and_walked_on(api: Api) -> None:
    client = api.as_(Role.PRODUCT)

    def names(**wanted: str) -> list[str]:
        items = client.get("/v1/themes", params=wanted).json()["items"]
        return [item["name"] for item in items]

    assert names(sort="value") == ["dark mode", "mails", "CSV export"]
    assert names(sort="value", account="acme 1") == ["mails"]
    assert names(review="confirmed") == names(min_confidence="1") == []
    every = names(sort="value", review="unreviewed", min_confidence="")
    assert every == names(sort="value")
    assert names(stage="never") == names(rep="nobody") == names(lead_source="none") == []
    assert names(sort="recency", until=NOON.date().isoformat()) == []
    assert names(since=NOON.date().isoformat(), account="") == ["dark mode", "mails", "CSV export"]
    client.post(f"/v1/themes/{themes(api)['mails']}/status", json={"status": "shipped"})
    assert names(status="shipped") == ["mails"]
    page = client.get("/v1/themes", params={"sort": "value", "limit": 1, "status": "new"})
    assert [item["name"] for item in page.json()["items"]] == ["dark mode"]
    assert page.headers["link"].endswith('>; rel="next"')
    more = client.get(page.headers["link"].split(";")[0].strip("<>")).json()
    assert ([item["name"] for item in more["items"]], more["next"]) == (["CSV export"], None)
    for wrong in ("sort=best", "status=done", "since=yesterday", "limit=1001", "account=%00"):
        assert client.get(f"/v1/themes?{wrong}").status_code in (400, 422), wrong


@pytest.mark.usefixtures("wished")
def test_as_a_table_that_no_spreadsheet_runs_and_not_sent_twice(api: Api) -> None:
    client = api.as_(Role.MARKETING)
    number = themes(api)["dark mode"]
    client.post(f"/v1/themes/{number}/name", json={"name": '=HYPERLINK("//evil.example")'})
    answer = client.get("/v1/themes", headers={"accept": "text/csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    first, *others = csv.DictReader(io.StringIO(answer.text))
    assert tuple(first) == COLUMNS
    assert first["name"] == '\'=HYPERLINK("//evil.example")'
    assert (first["aliases"], first["value_usd"]) == ("dark mode", "500.0")
    assert (first["accounts"], first["last_heard"]) == ("2", "2026-03-02T12:00:00Z")
    assert len(others) == 2
    again = {"accept": "text/csv", "if-none-match": answer.headers["etag"]}
    assert client.get("/v1/themes", headers=again).status_code == 304
    assert client.get("/v1/themes", headers=again | {"accept": "application/json"}).is_success
    client.post(f"/v1/themes/{number}/status", json={"status": "planned"})
    assert client.get("/v1/themes", headers=again).is_success
