"""A call's page follows the call as it moves, and asks for nothing while it does not."""

from playwright.sync_api import Request, expect

import ingest.queries as calls
from ingest.base.db import Connection
from ingest.calls import CallState
from ingest.store import Store
from tests.api.pages import seed
from tests.api.pages.browsing import Site, needs_chromium

pytestmark = needs_chromium


def test_the_page_follows_its_call(site: Site, conn: Connection, store: Store) -> None:
    call = seed.bring(conn, "plumbline-07", store=store)
    conn.commit()
    asked: list[str] = []

    def note(request: Request) -> None:
        if request.url.endswith(("/live", "/events")):
            asked.append(request.url.rpartition("/")[2])

    site.page.on("request", note)
    page = site.open(f"/calls/{call.id}")
    state = page.locator("#state")
    expect(state).to_contain_text("Queued")
    page.wait_for_timeout(4500)  # twice as long as it takes to poll
    assert asked.count("live") <= 1
    assert calls.claim(conn, call.id, CallState.HEARING, "ear", 60)
    calls.heartbeat(conn, call.id, "ear", 60, 83.0)
    conn.commit()
    expect(state).to_contain_text("Heard up to 1:23")
    calls.give_up(conn, call.id, "ear", "It is noise.", permanent=True)
    conn.commit()
    expect(state).to_contain_text("Failed. It is noise.")
    settled = len(asked)
    page.wait_for_timeout(2000)
    assert asked[settled:] == [], "it ended, and nobody asks again"
