"""The list of calls as a library: its filters and orders, and the views that a user keeps."""

import re
from datetime import timedelta
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import expect

from api import queries
from api.auth import create_user
from api.queries import MOST_VIEWS, TooManyViews
from api.users import Role
from ingest.base.db import Connection
from ingest.base.errors import NotFound
from tests.api.pages.browsing import Site, check_for_everyone, needs_chromium
from tests.api.pages.test_pages import HOSTILE, read
from tests.conftest import NOON, AddCall


@pytest.fixture
def known(conn: Connection, add_call: AddCall) -> None:
    """Three calls of which everything is known, another day each."""
    for n, (title, value, seconds) in enumerate([("A", 10, 300), ("B", None, 900), ("C", 90, 60)]):
        add_call(
            seconds,
            title=f"Call {title}",
            account=f"Account {title}",
            segment=f"segment {title}",
            stage=f"stage {title}",
            outcome=f"outcome {title}",
            lead_source=f"source {title}",
            company=f"Company {title}",
            deal_value_usd=None if value is None else Decimal(value),
            held_at=NOON + timedelta(days=n),
        )
    conn.commit()


def titles(client: TestClient, query: str) -> list[str]:
    answer = client.get(f"/calls?{query}")
    assert answer.status_code == 200, answer.text
    return re.findall(r'<h2><a href="/calls/\d+">(Call \w)</a>', answer.text)


def test_every_filter_is_in_the_address(admin: TestClient, known: None) -> None:
    for query, expected in [
        ("segment=SEGMENT+a", ["Call A"]),
        ("stage=stage+b", ["Call B"]),
        ("outcome=outcome+c", ["Call C"]),
        ("lead_source=source+a", ["Call A"]),
        ("company=company+b", ["Call B"]),
        ("since=2026-03-03", ["Call C", "Call B"]),
        ("until=2026-03-03", ["Call B", "Call A"]),
        ("since=2026-03-03&until=2026-03-03&state=&sort=&rep=", ["Call B"]),
        ("segment=segment+a&stage=stage+b", []),
    ]:
        assert titles(admin, query) == expected, query
    assert 'value="2026-03-03"' in admin.get("/calls?since=2026-03-03").text
    for wrong in ("since=yesterday", "sort=weather", "since=2026-02-30"):
        read(admin, f"/calls?{wrong}", 422)


def test_in_each_order_page_by_page(
    admin: TestClient, known: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.pages.calls.PAGE", 1)
    for sort, expected in [("newest", "CBA"), ("value", "CAB"), ("length", "BAC")]:
        seen = ""
        query: str | None = f"sort={sort}"
        while query is not None:
            seen += "".join(title[-1] for title in titles(admin, query))
            found = re.search(
                r'rel="next" href="/calls\?([^"]+)"', admin.get(f"/calls?{query}").text
            )
            query = found[1].replace("&amp;", "&") if found else None
        assert seen == expected, sort
    found = re.search(r"before=([^&\"]+)", admin.get("/calls?sort=value").text)
    assert found
    assert "another order" in read(admin, f"/calls?before={found[1]}", 422)


def test_where_no_call_fits_it_says_which_filter_to_drop(admin: TestClient, known: None) -> None:
    page = read(admin, "/calls?segment=segment+a&stage=stage+b&sort=value")
    assert "No call fits segment “segment a”, stage “stage b”." in page
    assert "There are calls without segment “segment a” or stage “stage b” . Show all calls" in page
    assert "There are calls without" not in read(admin, "/calls?segment=none")


def test_a_view_is_kept_opened_and_removed(admin: TestClient, known: None) -> None:
    asked = "account=Account+A&sort=value"
    assert "Save this view" in read(admin, f"/calls?{asked}")
    assert "Save this view" not in read(admin, "/calls")
    answer = admin.post(f"/views?{asked}&rep=&evil=1", data={"name": " Best deals "})
    assert answer.status_code == 303
    assert parse_qs(urlsplit(answer.headers["location"]).query) == parse_qs(asked)
    html = admin.get("/").text
    opened = re.search(r'<a href="/calls\?([^"]+)">Best deals</a>', html)
    assert opened
    assert titles(admin, opened[1].replace("&amp;", "&")) == ["Call A"]
    page = admin.get(f"/calls?{asked}").text
    assert 'aria-current="true">Best deals</a>' in page
    assert "Save this view" not in page
    removal = re.search(r'action="(/views/\d+/remove)"', page)
    assert removal
    assert admin.post(removal[1]).headers["location"] == "/calls"
    assert "Best deals" not in read(admin, "/")
    read(admin, "/")
    assert admin.post(removal[1]).status_code == 404


@pytest.mark.parametrize(
    ("query", "name"),
    [("", "All"), ("rep=Dana", " "), ("rep=Dana", "x" * 301), ("state=lost", "x"), ("sort=x", "x")],
)
def test_a_view_that_nobody_could_open_is_refused(admin: TestClient, query: str, name: str) -> None:
    assert admin.post(f"/views?{query}", data={"name": name}).status_code == 422
    assert "Saved views" not in admin.get("/").text


def test_a_name_is_words_and_a_view_its_owners_alone(admin: TestClient, conn: Connection) -> None:
    admin.post("/views?rep=Dana", data={"name": HOSTILE})
    assert "<img" not in admin.get("/").text
    (row,) = conn.execute("select id, user_id from saved_view").fetchall()
    conn.commit()
    other = create_user(conn, "Bo", Role.ADMIN)
    assert queries.saved_views(conn, other.id) == []
    with pytest.raises(NotFound):
        queries.delete_view(conn, other.id, row[0])
    assert len(queries.saved_views(conn, row[1])) == 1


def test_the_same_name_is_the_same_view_and_there_is_an_end(conn: Connection) -> None:
    user = create_user(conn, "Bo", Role.SALES)
    queries.save_view(conn, user.id, "Mine", "rep=Bo")
    queries.save_view(conn, user.id, "MINE", "rep=Bob")
    assert [(v.name, v.query) for v in queries.saved_views(conn, user.id)] == [("MINE", "rep=Bob")]
    for n in range(MOST_VIEWS - 1):
        queries.save_view(conn, user.id, f"View {n}", "rep=Bo")
    queries.save_view(conn, user.id, "mine", "rep=Bo")
    with pytest.raises(TooManyViews, match="remove one before"):
        queries.save_view(conn, user.id, "One more", "rep=Bo")


class TestInChromium:
    pytestmark = needs_chromium

    def test_filter_save_open_and_remove(self, site: Site, known: None) -> None:
        page = site.open("/")
        page.get_by_text("More filters").click()
        page.get_by_label("Segment").last.fill("segment B")
        page.get_by_role("button", name="Filter").click()
        expect(page.locator("#calls > li")).to_have_count(1)
        page.get_by_text("Save this view").click()
        page.get_by_label("Its name").fill("Only B")
        page.get_by_role("button", name="Save").click()
        site.open("/")
        expect(page.locator("#calls > li")).to_have_count(3)
        page.get_by_role("link", name="Only B").click()
        expect(page.locator("#calls > li")).to_have_count(1)
        page.get_by_role("button", name="Remove this view").click()
        expect(page.get_by_role("link", name="Only B")).to_have_count(0)

    def test_on_a_phone_and_for_everyone(self, site: Site, known: None) -> None:
        page = site.open("/calls?segment=segment+A")
        page.get_by_text("Save this view").click()
        page.get_by_label("Its name").fill(HOSTILE)
        page.get_by_role("button", name="Save").click()
        check_for_everyone(site, "/calls?segment=segment+A", "/calls?rep=nobody&segment=segment+A")
