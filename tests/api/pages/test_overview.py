"""The first page: what changed this week, why we believe it, and what leads to its evidence."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from fastapi.testclient import TestClient

from api.users import Role
from ingest.base.db import Connection
from ingest.calls import CallState
from insights.digest import Week
from insights.insight import Kind
from tests.api.pages import seed
from tests.api.pages.browsing import Site, check_for_everyone, needs_chromium
from tests.api.pages.conftest import LogIn
from tests.api.pages.test_pages import HOSTILE, LARGEST_PAGE, read
from tests.api.pages.test_trends import calls
from tests.insights.test_editions import spoken
from tests.insights.trending import mined, said

LAST_WEEK = Week.of(datetime.now(UTC)).before
TUESDAY = datetime.combine(LAST_WEEK.monday, datetime.min.time(), UTC) + timedelta(days=1)


def company(conn: Connection) -> None:
    """Twelve weeks of calls; last week a rival and a wish come up that nobody had named before."""
    calls(conn)
    for name, kind in (("Tidewall", Kind.COMPETITOR), ("Export to PDF", Kind.FEATURE_REQUEST)):
        found = mined(
            conn, said(name, kind), held_at=TUESDAY, company="Plumbline", account="Hartsoe"
        )
        spoken(conn, found.id)
    conn.execute("update insight set quote = 'we have had it with ' || label || ' by now'")
    failed = seed.bring(conn, "quillstep-01")
    seed.in_state(conn, failed, CallState.FAILED, failure="The disk is full.")
    seed.bring(conn, "plumbline-07")
    conn.commit()


def test_a_new_house_says_what_to_do_first(log_in: LogIn) -> None:
    page = read(log_in(Role.SALES), "/")
    assert "No calls yet Bring a recording of a sales call" in page
    assert "Choose recordings" in page
    assert "Then have a digest sent" in page
    page = read(log_in(Role.ADMIN), "/")
    assert "Then name your rivals , so that they are found, and have a digest sent" in page


def test_until_the_first_is_mined_the_calls_are_shown(admin: TestClient, conn: Connection) -> None:
    seed.bring(conn, "plumbline-07")
    conn.commit()
    assert "0 calls heard, 1 on the way" in read(admin, "/")


@pytest.mark.parametrize("role", Role)
def test_it_says_what_changed_and_why_we_believe_it(
    log_in: LogIn, conn: Connection, role: Role
) -> None:
    company(conn)
    page = read(log_in(role), "/")
    assert re.search(
        r"Price came up in \d+ of 34 calls in the (last four weeks|four weeks to \d+ \w+ \d+), more"
        r" often than in the four before \(0 of 32\)\. Chance alone makes so large a difference"
        r" less than once in 10,000 times; of the changes that Earshot tells, at most one in ten"
        r" is chance\. Week by week, with its quotes",
        page,
    )
    assert "different versions of the detector" in page
    assert "10 calls, 8 the week before" in page
    assert "Competitor mentions 1 of 10 0 of 8" in page
    assert "Tidewall, in 1 call (Plumbline)." in page
    assert "“Export to PDF”, in 1 call (Plumbline)." in page
    assert "we have had it with" in page
    assert "1 on the way , 1 failed ." in page
    assert ("Bring recordings" in page) == (role in (Role.SALES, Role.ADMIN))
    assert page.count("Price came up in") == 1


def test_everything_on_it_leads_to_its_evidence(admin: TestClient, conn: Connection) -> None:
    company(conn)
    html = admin.get("/").text
    assert len(html) < LARGEST_PAGE
    addresses = {unescape(each) for each in re.findall(r'href="(/[^"]*)"', html)}
    for address in addresses - {"/review"}:  # which shows the words around: these calls have none
        assert admin.get(address.partition("#")[0]).status_code == 200, address
    behind = [a for a in addresses if a.startswith("/trends?kind=objection&label=price")]
    assert behind
    quotes = admin.get(behind[0].partition("#")[0]).text.partition('id="quotes"')[2]
    assert "had it with price" in quotes
    for kind in Kind:
        target = f"/digest?week={LAST_WEEK}"
        assert f"{target}#{kind.value}" in addresses
        if kind is Kind.COMPETITOR:
            assert f'id="{kind.value}"' in admin.get(target).text


def test_where_nothing_stands_out_it_says_so(admin: TestClient, conn: Connection) -> None:
    for n in range(6):
        mined(conn, said("trust"), held_at=TUESDAY - timedelta(weeks=n % 2 * 4, hours=n))
    conn.commit()
    page = read(admin, "/")
    assert "Not enough calls yet to speak of a change" in page
    assert "A change is told only where chance is unlikely" in page


def test_calls_of_this_week_alone_are_told_too(admin: TestClient, conn: Connection) -> None:
    mined(conn, said("trust"), held_at=datetime.now(UTC))
    conn.commit()
    assert f"Week {LAST_WEEK.after.number}," in read(admin, "/")


def test_strange_words_stay_text(admin: TestClient, conn: Connection) -> None:
    mined(conn, held_at=TUESDAY - timedelta(weeks=3), company=HOSTILE)
    found = mined(
        conn, said(HOSTILE, Kind.COMPETITOR), held_at=TUESDAY, company=HOSTILE, account=HOSTILE
    )
    spoken(conn, found.id)
    conn.commit()
    html = admin.get("/").text
    assert "<img" not in html
    assert "<script>alert" not in html


class TestInABrowser:
    """On a desk and on a phone, in light and dark."""

    pytestmark = needs_chromium

    def test_on_a_phone_and_for_everyone(self, site: Site, conn: Connection) -> None:
        company(conn)
        check_for_everyone(site, "/")
