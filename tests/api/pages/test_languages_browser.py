"""A call in another language, in a real Chromium."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from ingest.base.db import Connection
from ingest.store import Store
from tests.api.pages.browsing import DESK, PHONE, Site, check_for_everyone, needs_chromium
from tests.api.pages.test_languages import LOST, MISHEARD, NOT_MINED, called

pytestmark = needs_chromium


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_german_call_is_read_and_heard_again(
    site: Site, conn: Connection, store: Store, size: dict[str, int]
) -> None:
    call_id = called(conn, "de", store=store, **MISHEARD)
    site.page.set_viewport_size(size)  # type: ignore[arg-type]
    page = site.open(f"/calls/{call_id}")
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert Axe().run(page).violations_count == 0
    page.get_by_role("button", name="Hear it again in German").click()
    expect(page.get_by_text("Queued: it is heard after those brought before it.")).to_be_visible()


def test_the_page_asks_before_edits_are_lost(site: Site, conn: Connection, store: Store) -> None:
    call_id = called(conn, "de", store=store)
    page = site.open(f"/calls/{call_id}?edit=1")
    page.get_by_role("textbox", name="What was said").fill("Zu teuer.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Edited by Ana Ruiz")).to_be_visible()
    conn.execute("update call set state = 'done'")
    conn.commit()
    page.get_by_role("button", name="Hear it again in English").click()
    expect(page.get_by_text(LOST)).to_be_visible()
    check_for_everyone(site, f"/calls/{call_id}?rehear=en")
    page.get_by_role("link", name="Leave it as it is").click()
    expect(page.get_by_text("Edited by Ana Ruiz")).to_be_visible()
    page.get_by_role("button", name="Hear it again in English").click()
    page.get_by_role("button", name="Hear it again and lose this").click()
    expect(page.get_by_text("Queued: it is heard after those brought before it.")).to_be_visible()


def test_it_is_told_in_the_list(site: Site, conn: Connection, store: Store) -> None:
    call_id = called(conn, "de", store=store, languages={"0": "de"})
    page = site.open("/calls")
    expect(page.locator(f"#call-{call_id}")).to_contain_text("In German: not mined.")
    page.locator(f"#call-{call_id} h2 a").click()
    expect(page.get_by_text(NOT_MINED)).to_be_visible()
