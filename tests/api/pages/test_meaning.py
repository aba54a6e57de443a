"""The page of search, by meaning: the choice, what it says, and where it leads."""

import re

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import expect

from ingest.base.db import Connection
from ingest.base.settings import Settings
from insights.search.meaning import work
from tests.api.pages.browsing import Site, check_for_everyone, needs_chromium
from tests.api.pages.test_pages import HOSTILE, hostile_call, read
from tests.insights.speaking import spoken

DEAR = "It is much too expensive for a firm of our size."
SOUGHT = "q=we+cannot+afford+it,+it+costs+too+much"


@pytest.fixture
def heard(conn: Connection, settings: Settings) -> int:
    """A call about the price, its meanings kept."""
    call = spoken(conn, f"Hello there. {DEAR}", title="Renewal", account="Hartsoe", rep="Dana")
    conn.commit()
    assert work.go_on(settings) == 1
    return call.id


def choice(html: str) -> str:
    """Which way of searching is chosen."""
    (chosen,) = re.findall(r'<a href="/search[^"]*" aria-current="true">(\w+)</a>', html)
    return str(chosen)


def test_the_choice_stays_in_the_address(admin: TestClient, heard: int) -> None:
    html = admin.get(f"/search?{SOUGHT}&account=Hartsoe").text
    assert choice(html) == "Words"
    assert "No call says" in html
    (other,) = re.findall(r'<a href="([^"]+)">Meaning</a>', html)
    assert "account=Hartsoe" in other
    html = admin.get(other.replace("&amp;", "&")).text
    assert choice(html) == "Meaning"
    assert html.count('<input type="hidden" name="by" value="meaning">') == 2, "in both forms"
    assert "1 passage in 1 call comes near to" in html
    assert re.findall("<mark>(.*?)</mark>", html) == [DEAR]
    assert f'href="/calls/{heard}#turn-0">Read it in the call' in html
    assert "by=" not in re.findall(r'<a href="([^"]+)">Words</a>', html)[0]


def test_what_comes_near_to_nothing_says_what_to_try(admin: TestClient, heard: int) -> None:
    page = read(admin, "/search?q=quantum+chromodynamics&by=meaning")
    assert "Nothing that was said comes near to “quantum chromodynamics”" in page
    assert "Say it as a buyer might" in page
    page = read(admin, "/search?by=meaning")
    assert "What did they say?" in page
    assert "Say it as a buyer might" in page
    assert "in your own words" in read(admin, "/search?q=!!&by=meaning", 422)
    read(admin, "/search?q=price&by=colour", 422)


def test_without_the_extension_words_are_offered(
    admin: TestClient, conn: Connection, heard: int
) -> None:
    conn.execute("drop extension vector cascade")
    conn.commit()
    page = read(admin, "/search?q=expensive&by=meaning&account=Hartsoe", 501)
    assert "Not by meaning, here" in page
    assert "earshot migrate" in page
    html = admin.get("/search?q=expensive&by=meaning&account=Hartsoe").text
    assert '<a href="/search?q=expensive&amp;account=Hartsoe">look for these words</a>' in html


def test_words_cannot_become_markup(
    admin: TestClient, conn: Connection, settings: Settings
) -> None:
    hostile_call(conn)
    work.go_on(settings)
    for sought in ("alert me of an image error", HOSTILE):
        html = admin.get("/search", params={"q": sought, "by": "meaning"}).text
        assert "<img" not in html
        assert "<script>" not in html


class TestInChromium:
    pytestmark = needs_chromium

    def test_by_keyboard_and_for_everyone(self, site: Site, heard: int) -> None:
        page = site.open("/search?q=afford")
        page.get_by_role("link", name="Meaning").focus()
        page.keyboard.press("Enter")
        page.get_by_label("Search what was said").fill("it costs too much for us")
        page.keyboard.press("Enter")
        expect(page.locator("mark")).to_have_text(DEAR)
        check_for_everyone(
            site, f"/search?{SOUGHT}&by=meaning", "/search?by=meaning", "/search?q=zzz&by=meaning"
        )
