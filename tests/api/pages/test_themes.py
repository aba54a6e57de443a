"""The page of requests: ranked, decided, renamed, merged, split and undone; by plain forms, and by
keyboard in a real Chromium."""

import re
from dataclasses import replace
from html import unescape

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import expect

from api.users import Role
from ingest.base.db import Connection
from insights.insight import Kind
from insights.queries import insights_of
from insights.rollups.queries import rollup_differences
from insights.themes.queries import list_themes
from tests.api.pages import seed
from tests.api.pages.browsing import Site, check_for_everyone, needs_chromium
from tests.api.pages.conftest import LogIn
from tests.api.pages.test_pages import read, text_of
from tests.insights.test_theme_rules import UNSURE, at


@pytest.fixture
def calls(conn: Connection) -> list[int]:
    """Two calls of one company, four wishes in them: the first of either call may be one wish."""
    made = []
    for n, name in enumerate(("plumbline-01", "plumbline-07")):
        truth = [i for i in seed.labelled(name).truth if i.kind is Kind.FEATURE_REQUEST]
        found = tuple(
            replace(wish, meaning=at(n * UNSURE if m == 0 else 120.0 + 70 * n))
            for m, wish in enumerate(truth)
        )
        made.append(seed.done(conn, name, found=found, deal_value_usd=1000 * (n + 1)).id)
    conn.commit()
    return made


def themes(conn: Connection) -> dict[str, int]:
    conn.rollback()
    assert rollup_differences(conn) == []
    return {theme.name: theme.id for theme in list_themes(conn)}


def sent(client: TestClient, address: str, **fields: str | list[str]) -> str:
    """Send a form; the page that it leads to."""
    answer = client.post(address, data=fields)
    assert answer.status_code == 303, text_of(answer.text)
    return client.get(answer.headers["location"]).text


def undone(client: TestClient, page: str) -> str:
    """Press the first Undo of a page."""
    found = re.search(r'action="(/theme-changes/\d+/undo)"', page)
    assert found
    return sent(client, found[1])


def test_nothing_yet(admin: TestClient) -> None:
    page = read(admin, "/themes")
    assert "Nobody has asked for a feature yet" in page
    assert admin.get("/themes?company=9").status_code == 404
    assert admin.get("/themes/9").status_code == 404


@pytest.mark.parametrize("role", Role)
def test_each_wish_leads_to_its_second(
    log_in: LogIn, conn: Connection, calls: list[int], role: Role
) -> None:
    client = log_in(role)
    html = client.get("/themes").text
    for call in calls:
        for wish in insights_of(conn, call):
            assert f'href="/calls/{call}?t={wish.start:.1f}#insight-{wish.id}"' in html
            assert wish.quote in text_of(html)
            assert wish.quote in read(client, f"/themes/{wish.theme_id}")


def test_a_pair_is_decided_and_taken_back(
    admin: TestClient, conn: Connection, calls: list[int]
) -> None:
    before = themes(conn)
    html = admin.get("/themes").text
    address = re.search(r'action="(/theme-suggestions/\d+/review)"', html)
    assert address
    assert "1 pair to decide" in text_of(html)
    page = sent(admin, address[1], same="true")
    assert "is part of" in text_of(page)
    assert "The same wish?" not in text_of(page)
    assert len(themes(conn)) == len(before) - 1
    assert "This is undone already" not in (page := undone(admin, page))
    assert themes(conn) == before
    page = sent(admin, address[1], same="false")
    assert "are different" in text_of(page)
    refused = admin.post(address[1], data={"same": "true"})
    assert (refused.status_code, themes(conn)) == (409, before)
    assert "Somebody has decided this pair already." in text_of(refused.text)


def test_renamed_merged_split_and_undone(
    admin: TestClient, conn: Connection, calls: list[int]
) -> None:
    before = themes(conn)
    (first, a), (second, b), *_ = before.items()
    page = sent(admin, f"/themes/{a}/name", name="A plain name")
    assert f"“{first}” is now “A plain name”" in text_of(page)
    assert f"Also called {first}." in text_of(page)
    refused = admin.post(f"/themes/{a}/name", data={"name": second})
    assert (refused.status_code, "already means" in text_of(refused.text)) == (422, True)
    page = sent(admin, f"/themes/{b}/merge", into=str(a))
    assert f"“{second}” is part of “A plain name”" in text_of(page)
    chosen = re.findall(r'name="insight" value="(\d+)"', page)
    assert len(chosen) == 2
    refused = admin.post(f"/themes/{a}/split", data={"name": "x"})
    assert "Choose the mentions that are another wish." in text_of(refused.text)
    page = sent(admin, f"/themes/{a}/split", insight=chosen[:1], name="Another wish")
    assert "“Another wish” split off “A plain name”" in text_of(page)
    for _ in range(3):
        page = undone(admin, read_html(admin, "/themes"))
    assert themes(conn) == before
    assert "Undone: " in text_of(page)


def read_html(client: TestClient, address: str) -> str:
    return client.get(address).text


def test_strange_names_stay_text(admin: TestClient, conn: Connection, calls: list[int]) -> None:
    number = next(iter(themes(conn).values()))
    page = sent(admin, f"/themes/{number}/name", name='<script>alert("x")</script>')
    assert "<script>alert" not in page
    for path in ("/themes", f"/themes/{number}"):
        assert "&lt;script&gt;" in admin.get(path).text


def test_a_status_leads_back_to_where_one_was(
    admin: TestClient, conn: Connection, calls: list[int]
) -> None:
    name, number = next(iter(themes(conn).items()))
    html = read_html(admin, "/themes?sort=value")
    back = unescape(re.findall(r'name="back" value="([^"]+)"', html)[0])
    answer = admin.post(
        f"/themes/{number}/status", data={"status": "planned", "note": "in May", "back": back}
    )
    assert answer.headers["location"].startswith(f"/themes?{back}&done=")
    assert answer.headers["location"].endswith(f"#theme-{number}")
    page = text_of(read_html(admin, answer.headers["location"]))
    assert f"“{name}” is planned. Undo" in page
    assert f"“{name}” is planned: in May" in page
    refused = admin.post(f"/themes/{number}/status", data={"status": "planned"})
    assert (refused.status_code, "planned already" in text_of(refused.text)) == (409, True)
    page = sent(admin, f"/themes/{number}/status", status="declined")
    assert "Status: declined" in text_of(page)
    undone(admin, page)
    assert "Status: planned" in read(admin, f"/themes/{number}")
    assert admin.post(f"/themes/{number}/status", data={"status": "done"}).status_code == 422


def test_what_shipped_and_is_wished_again_is_marked(
    admin: TestClient, conn: Connection, calls: list[int]
) -> None:
    number = next(iter(themes(conn).values()))
    sent(admin, f"/themes/{number}/status", status="shipped")
    assert "Heard again" not in read(admin, "/themes")
    conn.execute("update theme set status_since = '2020-01-01' where id = %s", (number,))
    conn.commit()
    assert "Heard again since it shipped, in 1 call" in read(admin, "/themes?status=shipped")
    assert "after it shipped" in read(admin, f"/themes/{number}")


def test_a_link_to_an_issue_opens_nothing_else(
    admin: TestClient, conn: Connection, calls: list[int]
) -> None:
    number = next(iter(themes(conn).values()))
    sent(admin, f"/themes/{number}/link", url='https://issues.example/"onclick="x')
    link = '<a href="https://issues.example/%22onclick=%22x" rel="noopener noreferrer"'
    for path in ("/themes", f"/themes/{number}"):
        assert link in admin.get(path).text
    refused = admin.post(f"/themes/{number}/link", data={"url": "javascript:alert(1)"})
    assert refused.status_code == 422
    assert "copy it from the browser" in text_of(refused.text)
    assert "Issue at" not in text_of(sent(admin, f"/themes/{number}/link", url=""))


def test_filters_say_what_to_drop(admin: TestClient, conn: Connection, calls: list[int]) -> None:
    page = read(admin, "/themes?account=hartsoe+home&segment=&since=&until=&sort=recency")
    assert "was asked for last" in page
    page = read(admin, "/themes?account=nobody&status=")
    assert "There are wishes without account “nobody”" in page
    assert "All 0" in page
    page = read(admin, "/themes?since=2020-01-01&until=2020-01-02")
    assert "No wish fits this" in page
    assert "without heard" not in read(admin, "/themes?account=nobody&until=2020-01-02")
    for wrong in ("since=yesterday", "sort=best", "status=done", "before=x"):
        assert admin.get(f"/themes?{wrong}").status_code == 422, wrong


class TestInABrowser:
    """With scripts, by keyboard, on a phone, in light and dark."""

    pytestmark = needs_chromium

    def test_pairs_are_decided_by_keyboard(
        self, site: Site, conn: Connection, calls: list[int]
    ) -> None:
        page = site.open("/themes")
        for _ in range(page.locator(".board > li").count() + 1):
            page.keyboard.press("j")
        expect(page.locator("[data-pair] a").first).to_be_focused()
        page.keyboard.press("n")
        expect(page.get_by_role("status")).to_contain_text("are different")
        page.get_by_role("status").get_by_role("button", name="Undo").click()
        expect(page.locator("[data-pair]")).to_have_count(1)
        page.locator("[data-pair] a").first.focus()
        page.keyboard.press("y")
        expect(page.get_by_role("status")).to_contain_text("is part of")
        expect(page.locator("[data-pair]")).to_have_count(0)

    def test_a_status_changes_in_place(
        self, site: Site, conn: Connection, calls: list[int]
    ) -> None:
        page = site.open("/themes?status=new")
        theme = page.locator(".board > li").nth(1)
        name = theme.locator("h3").inner_text()
        theme.locator(".status summary").click()
        theme.get_by_label("Note, if you like").fill("after the summer")
        page.mouse.wheel(0, 120)
        theme.get_by_role("button", name="Planned").click()
        expect(theme).to_contain_text("Now planned")
        expect(theme.get_by_text("Now planned")).to_be_focused()
        expect(page.locator("#statuses")).to_contain_text("Planned 1")
        expect(page.get_by_role("status")).to_contain_text(f"“{name}” is planned.")
        expect(page.get_by_role("button", name="Undo").first).to_be_in_viewport()
        page = site.open("/themes")
        theme = page.locator(".board > li").filter(has_text=name)
        theme.locator(".status summary").click()
        theme.get_by_role("button", name="Declined").click()
        expect(theme.locator(".status summary")).to_have_text("Status: declined")
        expect(theme.locator(".status summary")).to_be_focused()
        expect(page.locator("#history + ul")).to_contain_text("is planned: after the summer")

    def test_on_a_phone_and_for_everyone(
        self, site: Site, conn: Connection, calls: list[int]
    ) -> None:
        first = next(iter(themes(conn).values()))
        check_for_everyone(site, "/themes", f"/themes/{first}")
