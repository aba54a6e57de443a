"""The page of search: what it says, where it leads, and that words stay words."""

import re
from html import unescape

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import expect

from api.users import Role
from ingest.base.db import Connection
from ingest.store import Store
from insights.search import queries
from tests.api.pages import seed
from tests.api.pages.browsing import Site, check_for_everyone, needs_chromium, second
from tests.api.pages.conftest import LogIn
from tests.api.pages.test_pages import HOSTILE, LARGEST_PAGE, hostile_call, read
from tests.insights.speaking import quoted, spoken

PRICE = "That's twice the price we pay today, and the price goes up."


@pytest.mark.parametrize("role", Role)
def test_before_anything_is_asked_it_says_how(log_in: LogIn, role: Role) -> None:
    page = read(log_in(role), "/search")
    assert "What did they say?" in page
    assert '"not right now" finds these words one after the other.' in page
    assert "More filters" not in page


def test_passages_call_by_call_each_with_its_place(admin: TestClient, conn: Connection) -> None:
    found = [quoted(PRICE, "twice the price", "price")]
    call = spoken(conn, "Hi.", title="Renewal", account="Hartsoe", rep="Dana")
    other = spoken(conn, PRICE, *["The price?"] * 4, title="Pricing", found=found)
    conn.commit()
    html = admin.get("/search?q=price").text
    page = read(admin, "/search?q=price")
    assert "5 passages in 1 call say price" in page
    assert "twice the price we pay today" in page
    assert "2 more in this call" in page
    assert re.findall("<mark>(.*?)</mark>", html) == ["price"] * 4
    assert f'href="/calls/{other.id}#turn-0">Read it in the call' in html
    assert "Buyer Price" in page, "the objection found in this turn"
    assert f"/calls/{call.id}" not in html
    assert "1 passage in 1 call says hi" in read(admin, "/search?q=hi")


def test_a_passage_leads_to_its_second(admin: TestClient, conn: Connection, store: Store) -> None:
    call = seed.done(conn, "plumbline-01", store=store)
    conn.commit()
    html = admin.get('/search?q="straight face"').text
    (place,) = re.findall(rf'class="play" href="/calls/{call.id}\?t=([\d.]+)#turn-\d+"', html)
    words = [word for turn in seed.timed("plumbline-01").turns for word in turn.words]
    starts = [f"{word.start:.1f}" for word in words if word.text.startswith("straight")]
    assert place in starts


def test_filters_stay_in_the_address_and_can_be_dropped(
    admin: TestClient, conn: Connection
) -> None:
    spoken(conn, PRICE, title="Renewal", account="Hartsoe", segment="SMB", rep="Dana")
    conn.commit()
    for query, fits in [
        ("account=hartsoe&rep=&kind=&since=&until=", True),
        ("segment=smb&since=2026-02-02&until=2026-02-02", True),
        ("until=2026-02-01", False),
        ("kind=objection", False),
        ("label=price", False),
        ("company=Other", False),
    ]:
        page = read(admin, f"/search?q=price&{query}")
        assert ("Renewal" in page) is fits, query
    page = read(admin, "/search?q=price&rep=nobody&kind=objection")
    assert "No call says price" in page
    assert "Only kind “objection” and rep “nobody”. Search all calls" in page


def test_more_calls_are_a_page_away_and_none_is_lost(
    admin: TestClient, conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(45):
        spoken(conn, "The price.", title=f"Call no. {number:02}")
    conn.commit()
    for ranked, headline in [
        (1000, "45 passages in 45 calls say price"),
        (9, "Many calls say price: the latest first"),
    ]:
        monkeypatch.setattr(queries, "RANKED", ranked)
        seen: list[str] = []
        address: str | None = "/search?q=price"
        while address:
            answer = admin.get(address)
            assert headline in answer.text
            assert len(answer.content) < LARGEST_PAGE
            seen += re.findall(r"Call no\. \d\d", answer.text)
            found = re.search(r'rel="next" href="([^"]+)"', answer.text)
            address = unescape(found[1]) if found else None
        assert len(seen) == len(set(seen)) == 45


def test_what_cannot_be_looked_for_is_said(admin: TestClient) -> None:
    page = read(admin, "/search?q=the+of", 422)
    assert "put them in quotation marks" in page
    assert 'value="the of"' in admin.get("/search?q=the+of").text
    assert "what is to be there" in read(admin, "/search?q=-price", 422)
    read(admin, f"/search?q={'x' * 301}", 422)
    read(admin, "/search?q=price&since=yesterday", 422)
    assert "start again without it" in read(admin, "/search?q=price&after=xyz", 422)
    assert "What did they say?" in read(admin, "/search?q=%20")


def test_words_cannot_become_markup(admin: TestClient, conn: Connection) -> None:
    hostile_call(conn)
    for path in ("/search?q=alert", f"/search?q={HOSTILE}&account={HOSTILE}&label={HOSTILE}"):
        html = admin.get(path).text
        assert "<img" not in html, path
        assert "<script>" not in html, path
    assert "<mark>alert</mark>" in admin.get("/search?q=alert").text


class TestInChromium:
    pytestmark = needs_chromium

    def test_from_any_page_to_the_second_it_was_said(
        self, site: Site, conn: Connection, store: Store
    ) -> None:
        seed.done(conn, "plumbline-01", store=store)
        conn.commit()
        page = site.open("/competitors")
        page.get_by_label("Search what was said").fill('"straight face"')
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_have_text('1 passage in 1 call says "straight face"')
        expect(page.locator("mark")).to_have_text("straight face")
        page.locator(".play").click()
        page.wait_for_url("**/calls/*?t=*#turn-*")
        expect(page.locator(".turn:target")).to_contain_text("straight face")
        assert second(page) > 100

    def test_on_a_phone_and_for_everyone(self, site: Site, conn: Connection, store: Store) -> None:
        seed.done(conn, "plumbline-01", store=store, rep="Nadia Ferreira")
        hostile_call(conn)
        check_for_everyone(
            site,
            "/search",
            "/search?q=facebook+or+alert",
            "/search?q=nowhere&rep=Dana",
        )
