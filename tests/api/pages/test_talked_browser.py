"""A call's timeline and its links to a moment, in a real Chromium."""

import re

from playwright.sync_api import expect

from ingest.base.db import Connection
from ingest.store import Store
from insights.queries import insights_of
from tests.api.pages import seed
from tests.api.pages.browsing import Site, check_for_everyone, heard_from, needs_chromium, second

pytestmark = needs_chromium


def test_the_timeline_leads_to_its_second(site: Site, conn: Connection, store: Store) -> None:
    call = seed.done(conn, "plumbline-01", store=store)
    conn.commit()
    first = next(i for i in insights_of(conn, call.id) if i.label == "Attrivo")
    assert first.start is not None
    page = site.open(f"/calls/{call.id}")
    with heard_from(page, first.start):
        page.locator(f"#track a[href$='#insight-{first.id}']").click()
    expect(page).to_have_url(re.compile(rf"\?t={first.start:.1f}#insight-{first.id}$"))


def test_a_moment_is_copied_and_opened_again(site: Site, conn: Connection, store: Store) -> None:
    call = seed.done(conn, "plumbline-01", store=store)
    conn.commit()
    site.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = site.open(f"/calls/{call.id}?t=100")
    page.locator("#copy").click()
    expect(page.locator("#copy")).to_have_text("Copied")
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == f"{site.url}/calls/{call.id}?t=100.0"
    page.goto(link)
    page.wait_for_function("document.getElementById('sound').currentTime > 99")
    assert 99 < second(page) < 101


def test_on_a_phone_and_for_everyone(site: Site, conn: Connection, store: Store) -> None:
    call = seed.done(conn, "plumbline-01", store=store)
    conn.commit()
    check_for_everyone(site, f"/calls/{call.id}")
