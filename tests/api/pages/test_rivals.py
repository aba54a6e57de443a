"""The pages of rivals: each beside the others, and one with the quotes behind each number."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import expect

from api.users import Role
from ingest.base.db import Connection
from ingest.parties import company_named
from insights.catalogue.queries import add_competitor
from insights.insight import Competitor, Insight, Kind, Stance
from tests.api.pages.browsing import Site, check_for_everyone, needs_chromium
from tests.api.pages.conftest import LogIn
from tests.api.pages.test_pages import HOSTILE, LARGEST_PAGE, read
from tests.insights.trending import mined, said

NOW = datetime.now(UTC)
ATTRIVO = "/competitors/rival?company=Plumbline&name=Attrivo"


def rival(label: str, stance: Stance = Stance.USING, start: int = 0) -> Insight:
    return replace(said(label, Kind.COMPETITOR, start=start), stance=stance)


def market(conn: Connection, until: datetime = NOW) -> None:
    """Eleven whole weeks of six calls. In the last four Attrivo is named in most calls, with price,
    and those deals are lost; Mosaiq is named now and then; nobody names Chartwell."""
    midnight = until.replace(hour=0, minute=0, second=0, microsecond=0)
    sunday = midnight - timedelta(days=until.weekday(), hours=1)
    for n in range(66):
        named = n < 24 and n % 6 < 5
        stance = Stance.PRAISED if n % 2 else Stance.EVALUATING
        found = [rival("Attrivo", stance), said("price", start=30)] if named else []
        found += [rival("Mosaiq", Stance.LEFT, 60)] if n % 9 == 0 else []
        mined(
            conn,
            *found,
            held_at=sunday - timedelta(weeks=n // 6, hours=n % 6),
            company="Plumbline",
            account=f"Account {n}",
            segment=("SMB", "enterprise")[n % 2],
            outcome=("lost" if named else "won") if n % 4 == 0 else None,
            deal_value_usd=31_000,
            title=f"Call {n}",
        )
    for name in ("Attrivo", "Chartwell"):
        add_competitor(conn, company_named(conn, "Plumbline"), Competitor(name))
    conn.commit()


@pytest.mark.parametrize("role", Role)
def test_one_sentence_then_each_rival_beside_the_others(
    log_in: LogIn, conn: Connection, role: Role
) -> None:
    market(conn)
    page = read(log_in(role), "/competitors")
    assert (
        "Attrivo came up in 20 of 24 calls in the last four weeks,"
        " more often than in the four before (0 of 24)." in page
    )
    assert page.index("words of Attrivo") < page.index("Share of voice"), "quotes go first"
    assert "20 of 66 30 % (21 to 42 %) 20 accounts" in page
    assert "71 % 20 mentions" in page
    assert "More often 20 of 24, before 0 of 24" in page
    assert "12 looking at it 8 praising it" in page
    assert "Mosaiq not listed" in page
    assert "0 of 6 deals won, 0 to 39 %, less often than without it (11 of 11)" in page
    assert "Named by nobody: Chartwell." in page
    assert "Where Attrivo is named, price comes up in 20 of 20 calls" in page
    assert "The catalogue: 2 rivals of Plumbline" in page


def test_each_number_leads_to_a_page_that_tells_it(admin: TestClient, conn: Connection) -> None:
    market(conn)
    html = admin.get("/competitors?company=plumbline&segment=smb").text
    links = {unescape(link) for link in re.findall(r'href="(/competitors/rival[^"]+)"', html)}
    assert len(links) >= 8
    for link in links:
        path, _, anchor = link.partition("#")
        behind = admin.get(path)
        assert behind.status_code == 200, link
        assert not anchor or f'id="{anchor}"' in behind.text, link
    (csv,) = re.findall(r'href="(/v1/competitors/overview[^"]+)"', html)
    assert admin.get(unescape(csv)).text.count("Attrivo") == 1


def test_a_rival_with_its_quotes_by_stance(admin: TestClient, conn: Connection) -> None:
    market(conn)
    page = read(admin, ATTRIVO)
    assert "with 20 accounts; 71 % of all that was said of rivals." in page
    assert "Looking at it 12 mentions" in page
    html = admin.get(ATTRIVO).text
    assert html.count("words of Attrivo") == 6, "three of each stance"
    more = re.search(r'href="([^"]+stance=praised)#praised"', html)
    assert more
    assert admin.get(unescape(more[1])).text.count("words of Attrivo") == 8 + 3
    assert "Where Attrivo is named, price comes up in 20 of 20 calls" in page
    assert html.count("words of price") == 3
    assert admin.get(f"{ATTRIVO}&objection=price").text.count("words of price") == 20
    assert "0 of 6 deals won, 0 to 39 %, less often than without it (11 of 11)." in page
    assert "Lost Account 0 $31,000 Call 0" in page


def test_each_week_leads_to_its_quotes(admin: TestClient, conn: Connection) -> None:
    market(conn)
    html = admin.get(ATTRIVO).text
    points = re.findall(r'<a href="([^"]+week=[^"]+)#quotes"[^>]*><title>([^<]+)</title>', html)
    assert len(points) == 11
    for address, words in (points[0], points[-1]):
        calls = int(re.search(r": (\d+) of 6", unescape(words))[1])  # type: ignore[index]
        page = admin.get(unescape(address)).text
        behind = page.partition('id="quotes"')[2].partition('id="said"')[0]
        assert behind.count("<blockquote>") == calls
        assert ("Nobody named it then." in behind) is (calls == 0)


def test_a_rival_that_nobody_named(admin: TestClient, conn: Connection) -> None:
    market(conn)
    path = "/competitors/rival?company=Plumbline&name="
    assert "Nobody named Chartwell in these 12 weeks" in read(admin, f"{path}chartwell")
    assert "Nobody named “Osprey”" in read(admin, f"{path}Osprey", 404)
    assert "There is no company “x”" in read(admin, "/competitors/rival?company=x&name=y", 404)
    assert "There is no company “x”" in read(admin, "/competitors?company=x", 404)
    assert "is not a week" in read(admin, f"{path}Attrivo&week=now", 422)
    for query in ("", "&weeks=3", "&stance=loved"):
        assert admin.get(f"/competitors/rival?company=Plumbline{query}").status_code == 422


def test_where_no_call_fits_it_says_what_to_drop(admin: TestClient, conn: Connection) -> None:
    market(conn)
    page = read(admin, "/competitors?segment=none")
    assert "No call of Plumbline is in segment “none” Show all segments" in page
    assert "The catalogue: 2 rivals of Plumbline" in page


def test_calls_of_long_ago_are_shown_and_said_to_be(admin: TestClient, conn: Connection) -> None:
    market(conn, until=datetime(2026, 4, 24, tzinfo=UTC))
    for path in ("/competitors", ATTRIVO):
        page = read(admin, path)
        assert "Attrivo came up in 20 of 24 calls in the four weeks to 19 Apr 2026" in page
        assert "these are the 12 weeks up to it." in page


def test_too_little_is_said_to_be_too_little(admin: TestClient, conn: Connection) -> None:
    mined(conn, rival("Attrivo"), held_at=NOW, company="Plumbline", outcome="won")
    conn.commit()
    page = read(admin, "/competitors")
    assert "Not enough calls yet to speak of a change" in page
    assert "1 of 1 deal won, not enough deals to tell" in page
    assert "None stands out" in page


def test_strange_words_stay_text_and_the_page_small(admin: TestClient, conn: Connection) -> None:
    for n in range(40):
        found = [rival(f"{HOSTILE} {n} {m}", start=20 * m) for m in range(4)]
        details = dict.fromkeys(("company", "account", "segment", "stage"), HOSTILE)
        mined(conn, *found, held_at=NOW - timedelta(hours=n), title=HOSTILE, **details)
    conn.commit()
    html = admin.get("/competitors").text
    rivals = re.findall(r'<th scope="row"><a href="([^"]+)"', html)
    assert len(rivals) == 25
    assert "135 more rivals, named in fewer calls: the CSV has them." in html
    for text in (html, admin.get(unescape(rivals[0])).text):
        assert "<script>alert" not in text
        assert "<img" not in text
        assert 5_000 < len(text.encode()) < LARGEST_PAGE


class TestInABrowser:
    """By keyboard, on a phone, in light and dark."""

    pytestmark = needs_chromium

    def test_a_rival_is_opened_by_keyboard(self, site: Site, conn: Connection) -> None:
        market(conn)
        page = site.open("/competitors")
        page.get_by_role("link", name="Attrivo", exact=True).first.focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/competitors/rival?*")
        expect(page.get_by_role("heading", name="Week by week")).to_be_visible()
        page.locator(".panel svg a").last.focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**week=*#quotes")
        expect(page.locator("svg a[aria-current]")).to_have_count(1)
        page.get_by_role("link", name="All rivals of Plumbline").click()
        page.get_by_label("Segment").select_option("SMB")
        page.get_by_role("button", name="Show").click()
        page.wait_for_url("**segment=SMB**")
        expect(page.get_by_role("heading", name="Attrivo came up")).to_be_visible()

    def test_on_a_phone_and_for_everyone(self, site: Site, conn: Connection) -> None:
        market(conn)
        check_for_everyone(
            site,
            "/competitors",
            ATTRIVO,
            "/competitors?segment=none",
        )
