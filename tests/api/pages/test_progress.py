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


def test_a_call_that_waits_to_be_mined_leaves_what_is_written_alone(
    site: Site, conn: Connection, store: Store
) -> None:
    """Each try of a worker would take the words away that are being put right."""
    call = seed.done(conn, "plumbline-07", store=store, found=())
    calls.retry(conn, call.id, CallState.HEARD)
    conn.commit()
    page = site.open(f"/calls/{call.id}?edit=1")
    written = page.get_by_role("textbox", name="What was said")
    written.fill("Half of a senten")
    state = page.locator("#state")
    expect(state).to_contain_text("looking for insights now")
    assert calls.claim(conn, call.id, CallState.MINING, "mind", 60)
    conn.commit()
    expect(state).to_have_attribute("data-state", "mining")
    calls.wait(conn, call.id, "mind", "The reader is damaged: reinstall Earshot.")
    conn.commit()
    expect(state).to_contain_text("Waiting. The reader is damaged: reinstall Earshot.")
    expect(written).to_have_value("Half of a senten")
    assert calls.claim(conn, call.id, CallState.MINING, "mind", 60)
    calls.finish(conn, call.id, "mind", CallState.DONE)
    conn.commit()
    expect(state).to_contain_text("No objection")
