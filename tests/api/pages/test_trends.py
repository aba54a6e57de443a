"""The page of trends: its answer, its pictures and the quotes behind each point."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from random import Random

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import expect

from api.users import Role
from ingest.base.db import Connection
from insights.insight import Category, Insight, Kind
from tests.api.pages.browsing import Site, check_for_everyone, needs_chromium
from tests.api.pages.conftest import LogIn
from tests.api.pages.test_pages import HOSTILE, LARGEST_PAGE, read
from tests.insights.trending import mined, said

NOW = datetime.now(UTC)
SEGMENTS = ("SMB", "mid-market", "enterprise")


def calls(conn: Connection, weeks: int = 12, a_week: int = 8, until: datetime = NOW) -> None:
    """Calls of some whole weeks: price comes up in the last four, another detector in the last
    two, and the other objections now and then."""
    dice = Random(3)
    midnight = until.replace(hour=0, minute=0, second=0, microsecond=0)
    sunday = midnight - timedelta(days=until.weekday(), hours=1)
    for n in range(weeks * a_week):
        ago = n // a_week
        labels = [str(each) for each in Category if each != "price" and dice.random() < 0.12]
        if ago < 4 and dice.random() < 0.8:
            labels.append("price")
        mined(
            conn,
            *(found(label, ago, 20 * place) for place, label in enumerate(labels)),
            held_at=sunday - timedelta(weeks=ago, hours=n % a_week),
            account=f"Account {n % 9}",
            segment=SEGMENTS[n % 9 % 3],
            company=("Plumbline", "Quillstep")[n % 9 % 2],
            stage="discovery",
            title=f"Call {n}",
        )
    conn.commit()


def found(label: str, weeks_ago: int, start: int) -> Insight:
    return said(label, start=start, version="4+1" if weeks_ago < 2 else "3+1")


def test_nothing_heard_yet(admin: TestClient) -> None:
    page = read(admin, "/trends")
    assert "No calls have been heard yet Bring recordings" in page
    assert "Compare" not in page


@pytest.mark.parametrize("role", Role)
def test_the_first_line_answers_and_says_what_may_be_why(
    log_in: LogIn, conn: Connection, role: Role
) -> None:
    calls(conn)
    page = read(log_in(role), "/trends")
    answer = re.search(
        r"Price came up in (\d+) of 32 calls in the last four weeks,"
        r" more often than in the four before \(0 of 32\)\.",
        page,
    )
    assert answer
    assert "different versions of the detector (3+1, 4+1)" in page
    assert f"More often : {answer[1]} of 32 calls in the last four weeks, 0 of 32" in page
    assert "new detector" in page
    assert f"{answer[1]} mentions words of price" in page


def test_each_point_leads_to_its_quotes_and_each_quote_to_its_second(
    admin: TestClient, conn: Connection
) -> None:
    calls(conn)
    html = admin.get("/trends?company=plumbline").text
    points = re.findall(r'<a href="(/trends\?[^"]+)#quotes"[^>]*><title>([^<]+)</title>', html)
    assert len(points) > 100
    for address, words in points[:24]:
        page = admin.get(unescape(address)).text
        calls_with = int(re.search(r": (\d+) of", unescape(words))[1])  # type: ignore[index]
        behind = page.partition('id="quotes"')[2]
        listed = set(re.findall(r'class="play" href="/calls/(\d+)\?t=2\.0#insight-\d+"', behind))
        assert len(listed) == calls_with, words
        assert page.count('aria-current="true"><title>') == 1
        if not calls_with:
            assert "Nobody said so then." in page


def test_segments_are_compared_side_by_side(admin: TestClient, conn: Connection) -> None:
    calls(conn, a_week=12)
    html = admin.get("/trends?by=segment").text
    page = read(admin, "/trends?by=segment")
    assert "In segment “" in page
    assert re.findall(r"<h3>(?:<span[^>]*>)?([\w-]+)", html)[:3] == [
        "SMB",
        "enterprise",
        "mid-market",
    ]
    one = re.search(r'href="(/trends\?[^"]*group=SMB[^"]*)#quotes"', html)
    assert one
    assert "in segment “SMB”, week" in read(admin, unescape(one[1]))


def test_only_what_a_person_confirmed_or_the_detector_is_sure_of(
    admin: TestClient, conn: Connection
) -> None:
    calls(conn)
    assert "Only mentions count" not in read(admin, "/trends")
    page = read(admin, "/trends?review=confirmed&min_confidence=")
    assert "Only mentions count that a person confirmed." in page
    assert "Nothing stands out: no objection in 32 calls in the last four weeks." in page
    page = read(admin, "/trends?review=&min_confidence=0.8&by=segment")
    assert "Only mentions count of which the detector is 80 % sure or more." in page
    assert "price came up" in page
    shown = admin.get("/trends?review=confirmed&min_confidence=0.8").text
    assert '<option value="confirmed" selected>' in shown
    assert '<option value="0.8" selected>' in shown
    page = read(admin, "/leads?review=rejected&min_confidence=0.9")
    assert "that a person rejected and of which the detector is 90 % sure or more." in page


def test_calls_of_long_ago_are_shown_and_said_to_be(admin: TestClient, conn: Connection) -> None:
    calls(conn, until=datetime(2026, 4, 24, tzinfo=UTC))
    page = read(admin, "/trends")
    assert "Price came up in" in page
    assert "calls in the four weeks to 19 Apr 2026, more often than" in page
    assert "The latest call was held on 19 Apr 2026: these are the 12 weeks up to it." in page


def test_where_no_call_fits_it_says_what_to_drop(admin: TestClient, conn: Connection) -> None:
    calls(conn, weeks=2)
    page = read(admin, "/trends?company=Plumbline&segment=SMB&rep=Dana")
    assert "No call fits company “Plumbline”, segment “SMB” and rep “Dana”" in page
    assert "There are calls without rep “Dana” ." in page
    assert "Show all calls" in read(admin, "/trends?stage=none&rep=Dana")
    assert "no competitor mention in 8 calls" in read(admin, "/trends?kind=competitor&weeks=4")


def test_what_cannot_be_asked(admin: TestClient) -> None:
    assert "is not a week" in read(admin, "/trends?label=price&week=now", 422)
    for query in ("kind=weather", "by=weather", "weeks=3", "weeks=53", "weeks=many"):
        assert admin.get(f"/trends?{query}").status_code == 422


def test_the_largest_page_is_small(admin: TestClient, conn: Connection) -> None:
    calls(conn, weeks=52, a_week=9)
    for query in ("by=segment", "weeks=52", "weeks=52&by=segment", "weeks=26&by=company"):
        html = admin.get(f"/trends?{query}").content
        assert 20_000 < len(html) < LARGEST_PAGE, query


def test_strange_words_stay_text(admin: TestClient, conn: Connection) -> None:
    for hours in range(9):
        mined(
            conn,
            said(HOSTILE, Kind.COMPETITOR),
            held_at=NOW - timedelta(hours=hours),
            segment=HOSTILE,
            account=HOSTILE,
            company=HOSTILE,
        )
    conn.commit()
    for path in ("/trends?kind=competitor", "/trends?kind=competitor&by=segment"):
        html = admin.get(path).text
        assert "<script>alert" not in html
        assert "<img" not in html
        for address in re.findall(r'href="(/trends\?[^"]+)#quotes"', html):
            assert admin.get(unescape(address)).status_code == 200


class TestInABrowser:
    """By keyboard, on a phone, in light and dark."""

    pytestmark = needs_chromium

    def test_a_point_is_opened_by_keyboard(self, site: Site, conn: Connection) -> None:
        calls(conn)
        page = site.open("/trends")
        page.keyboard.press("j")
        first = page.locator(".panel").first.locator("svg a").first
        expect(first).to_be_focused()
        assert page.evaluate(
            "getComputedStyle(document.activeElement.querySelector('rect')).stroke"
        )
        page.keyboard.press("Enter")
        page.wait_for_url("**/trends?*week=*#quotes")
        expect(page.locator("svg a[aria-current]")).to_have_count(1)
        page.get_by_label("Compare").select_option("Segments")
        page.get_by_role("button", name="Show").click()
        expect(page.locator("h3").filter(has_text="mid-market").first).to_be_visible()
        expect(page.get_by_role("link", name="Trends")).to_have_attribute("aria-current", "page")

    def test_on_a_phone_and_for_everyone(self, site: Site, conn: Connection) -> None:
        calls(conn)
        check_for_everyone(
            site,
            "/trends",
            "/trends?by=segment",
            "/trends?rep=nobody",
        )
