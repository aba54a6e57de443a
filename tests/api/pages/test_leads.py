"""The page of leads: what stands out, origins beside each other, and the quotes behind."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import expect

from api.pages.leads import waiting
from api.users import Role
from ingest.base.db import Connection
from tests.api.pages.browsing import Site, check_for_everyone, needs_chromium
from tests.api.pages.conftest import LogIn
from tests.api.pages.test_pages import HOSTILE, LARGEST_PAGE, read
from tests.insights.trending import mined, said

NOW = datetime.now(UTC)


def calls(conn: Connection, until: datetime = NOW) -> None:
    """Forty-eight first calls; those of paid social say that there is no need."""
    for n in range(48):
        social = n % 4 == 0
        held_at = until - timedelta(days=n, hours=1)
        found = [said("need")] if social else []
        found += [said("price", start=30)] if n % 5 == 0 else []
        mined(
            conn,
            *found,
            held_at=held_at,
            account=f"Account {n}",
            lead_source="paid social" if social else ("webinar", "trade fair", None)[n % 3],
            campaign="Summer" if social else None,
            lead_created_at=held_at - timedelta(days=6 if social else 2),
            title=f"Call {n}",
        )
    conn.commit()


def test_nothing_heard_yet(admin: TestClient) -> None:
    assert "No calls have been heard yet Bring recordings" in read(admin, "/leads")


@pytest.mark.parametrize("role", Role)
def test_the_first_line_answers(log_in: LogIn, conn: Connection, role: Role) -> None:
    calls(conn)
    page = read(log_in(role), "/leads")
    sentence = (
        "From lead source “paid social”, need comes up in 12 of 12 calls (with 12 accounts),"
        " more often than in the others (0 of 36)."
    )
    assert sentence in page
    assert "12 of 12 76 to 100 % more than others" in page
    assert "paid social 6 days 6 days to 6 days 12 leads" in page
    assert "All leads 2 days 2 days to 3 days 48 leads" in page
    assert "Need, from lead source “paid social” 12 mentions words of need" in page


@pytest.mark.parametrize("by", ["lead_source", "campaign"])
def test_each_number_leads_to_its_quotes(admin: TestClient, conn: Connection, by: str) -> None:
    calls(conn)
    html = admin.get(f"/leads?by={by}").text
    cells = re.findall(r'href="(/leads\?[^"]+)#quotes"[^>]*>(\d+) of', html)
    assert len(cells) >= 3
    for address, number in cells:
        page = admin.get(unescape(address)).text
        behind = page.partition('id="quotes"')[2]
        assert behind.count("<blockquote>") == int(number)
        assert page.count('aria-current="true" title=') == 1
    (csv,) = re.findall(r'href="(/v1/leads[^"]+)"', html)
    assert admin.get(unescape(csv)).text.startswith("by,group,")


def test_a_call_is_behind_each_wait(admin: TestClient, conn: Connection) -> None:
    calls(conn)
    slowest = admin.get("/leads").text.partition('id="waits"')[2].partition("</section>")[0]
    links = re.findall(r'6 days: <a href="(/calls/\d+)">(Account \d+)</a>', slowest)
    assert len(links) == 5
    assert links[0][1] in read(admin, links[0][0])


def test_where_no_call_fits(admin: TestClient, conn: Connection) -> None:
    calls(conn)
    page = read(admin, "/leads?company=none&segment=SMB")
    assert "No call fits company “none” and segment “SMB” Show all calls" in page
    assert "Nobody said so." in read(admin, "/leads?label=trust&group=webinar")
    assert admin.get("/leads?by=rep").status_code == 422


def test_calls_of_long_ago_are_shown_and_said_to_be(admin: TestClient, conn: Connection) -> None:
    calls(conn, until=datetime(2026, 4, 24, tzinfo=UTC))
    page = read(admin, "/leads")
    assert "The latest call was held on 23 Apr 2026: these are the 12 weeks up to it." in page


def test_strange_words_stay_text_and_the_page_small(admin: TestClient, conn: Connection) -> None:
    details = dict.fromkeys(("account", "company", "segment", "title"), HOSTILE)
    for n in range(60):
        source = f"{HOSTILE} {n}"
        held_at = NOW - timedelta(hours=n)
        mined(conn, said("price"), held_at=held_at, lead_source=source, **details)
    conn.commit()
    html = admin.get("/leads").text
    assert "<script>alert" not in html
    assert "<img" not in html
    assert "40 more with fewer calls: the CSV has them." in html
    assert 10_000 < len(html.encode()) < LARGEST_PAGE


@pytest.mark.parametrize(
    ("hours", "words"),
    [(0, "less than 1 h"), (3.2, "3 h"), (47, "47 h"), (48, "2 days"), (156, "6.5 days")],
)
def test_how_long_a_lead_waited(hours: float, words: str) -> None:
    assert waiting(timedelta(hours=hours)) == words


class TestInABrowser:
    """By keyboard, on a phone, in light and dark."""

    pytestmark = needs_chromium

    def test_a_number_is_opened_by_keyboard(self, site: Site, conn: Connection) -> None:
        calls(conn)
        page = site.open("/leads")
        page.keyboard.press("j")
        first = page.locator("tbody tr").first.locator("a").first
        expect(first).to_be_focused()
        page.keyboard.press("Enter")
        page.wait_for_url("**/leads?*label=*#quotes")
        page.get_by_role("link", name="By campaign").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("campaign")

    def test_on_a_phone_and_for_everyone(self, site: Site, conn: Connection) -> None:
        calls(conn)
        check_for_everyone(site, "/leads", "/leads?by=campaign", "/leads?rep=nobody")
