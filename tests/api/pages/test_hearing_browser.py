"""How a call was heard, opened by keyboard in a real Chromium."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from ingest.base.db import Connection
from ingest.store import Store
from tests.api.pages.browsing import PHONE, Site, needs_chromium
from tests.api.pages.test_hearing import call_heard

pytestmark = needs_chromium


@pytest.mark.parametrize("width", [1280, PHONE["width"]])
def test_it_opens_at_both_widths(site: Site, conn: Connection, store: Store, width: int) -> None:
    address = call_heard(conn, store)
    page = site.page
    page.set_viewport_size({"width": width, "height": 800})
    site.open(address)
    panel = page.locator("details.heard")
    expect(panel.get_by_text("the same over and over")).to_be_hidden()
    panel.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(panel.get_by_text("the same over and over")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert Axe().run(page).violations_count == 0
