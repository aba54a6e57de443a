"""A call brought as a transcript in a real Chromium: read, reviewed, and never played."""

import pytest
from playwright.sync_api import expect

from ingest.base.db import Connection
from tests.api.pages.browsing import Site, check_for_everyone, needs_chromium
from tests.api.pages.test_transcripts import NO_SOUND, TIMED, TIMELESS, mined

pytestmark = needs_chromium


@pytest.mark.parametrize("name", [TIMED, TIMELESS])
def test_it_is_read_and_reviewed_without_a_player(site: Site, conn: Connection, name: str) -> None:
    call = mined(conn, name)
    page = site.open(f"/calls/{call.id}?t=43.0#insight-1")
    expect(page.get_by_text(NO_SOUND)).to_be_visible()
    expect(page.locator("audio")).to_have_count(0)
    page.keyboard.press("j")
    page.keyboard.press("Space")  # plays nothing, and breaks nothing
    page.keyboard.press("y")
    expect(page.locator("#insight-1 .verdict")).to_have_text("Confirmed")
    expect(page.locator("mark")).to_have_count(3)
    page.locator(".transcript .text").first.click()  # no word of it has a second to go to
    expect(page.get_by_text(NO_SOUND)).to_be_visible()


def test_anybody_can_read_it(site: Site, conn: Connection) -> None:
    call = mined(conn, TIMELESS)
    check_for_everyone(site, "/", "/calls", f"/calls/{call.id}")
