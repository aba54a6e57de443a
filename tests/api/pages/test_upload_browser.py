"""Large recordings brought by the page in a real Chromium: in pieces, over a line that breaks."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Request, Route, expect

from ingest.base.db import Connection
from ingest.queries import list_calls
from tests.api.pages.browsing import Site, needs_chromium
from tests.sounds import beeps, wav

pytestmark = needs_chromium

PIECE = 8 * 2**20
PIECES = "**/v1/uploads/*"
BROKEN = re.compile("ERR_FAILED|404")  # as the browser logs what was broken on purpose
PATIENCE = 30_000  # milliseconds


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A recording of three pieces."""
    path = tmp_path / "quarterly — Zoë.wav"
    path.write_bytes(wav(beeps(300, channels=2)))
    assert 2 * PIECE < path.stat().st_size < 3 * PIECE
    return path


def bring(site: Site, path: Path) -> Locator:
    page = site.page
    page.get_by_text("What you know of these calls").click()
    page.get_by_label("Account, the buyer’s company").fill("Zoë’s Café")
    page.get_by_label("Choose recordings").set_input_files(path)
    return page.locator("#uploads li")


def pieces(site: Site) -> list[int]:
    """The offsets that pieces are sent for, as they come."""
    sent: list[int] = []

    def note(request: Request) -> None:
        if request.method == "PATCH":
            sent.append(int(request.headers["upload-offset"]))

    site.page.on("request", note)
    return sent


def breaking(site: Site, when: Callable[[int], bool]) -> None:
    """Have the line break at each piece for which this says so, by how many came before."""
    came = 0

    def serve(route: Route) -> None:
        nonlocal came
        if route.request.method != "PATCH":
            return route.continue_()
        came += 1
        return route.abort() if when(came - 1) else route.continue_()

    site.page.route(PIECES, serve)


def test_a_large_recording_goes_on_where_the_line_broke(
    site: Site, conn: Connection, large: Path
) -> None:
    site.open("/calls")
    sent = pieces(site)
    breaking(site, lambda came: came == 1)
    upload = bring(site, large)
    expect(upload).to_contain_text("it goes on in 1 s", timeout=PATIENCE)
    expect(upload).to_contain_text("Sent: ", timeout=PATIENCE)
    assert sent == [0, PIECE, PIECE, 2 * PIECE]
    (call,) = list_calls(conn)
    assert (call.account, call.filename) == ("Zoë’s Café", large.name)
    assert upload.get_by_role("link").get_attribute("href") == f"/calls/{call.id}"
    again = bring_again(site, large)
    expect(again).to_contain_text("Was here already: ", timeout=PATIENCE)
    site.faults = [fault for fault in site.faults if not BROKEN.search(fault)]


def bring_again(site: Site, path: Path) -> Locator:
    site.page.unroute(PIECES)
    site.open("/calls")
    return bring(site, path)


def test_a_page_that_was_closed_sends_only_the_rest(
    site: Site, conn: Connection, large: Path
) -> None:
    site.open("/calls")
    breaking(site, lambda came: came > 0)
    site.page.on("dialog", lambda dialog: dialog.accept())  # that it is not sent yet
    expect(bring(site, large)).to_contain_text("it goes on in", timeout=PATIENCE)
    site.page.unroute(PIECES)
    site.open("/calls")
    sent = pieces(site)
    expect(bring(site, large)).to_contain_text("Sent: ", timeout=PATIENCE)
    assert sent == [PIECE, 2 * PIECE]
    assert len(list_calls(conn)) == 1
    site.faults = [fault for fault in site.faults if not BROKEN.search(fault)]


def test_a_large_file_that_is_no_recording_is_refused(site: Site, tmp_path: Path) -> None:
    notes = tmp_path / "notes.wav"
    notes.write_bytes(b"dear all " * 2**20)
    site.open("/calls")
    upload = bring(site, notes)
    expect(upload).to_have_class("failed", timeout=PATIENCE)
    expect(upload).to_contain_text("notes.wav", timeout=PATIENCE)
    expect(upload.get_by_role("progressbar")).to_have_count(0)
    assert site.page.evaluate("localStorage.length") == 0
    site.faults = [fault for fault in site.faults if "415" not in fault]


def test_what_waited_too_long_begins_anew(site: Site, conn: Connection, large: Path) -> None:
    site.open("/calls")
    breaking(site, lambda came: came > 0)
    site.page.on("dialog", lambda dialog: dialog.accept())
    expect(bring(site, large)).to_contain_text("it goes on in", timeout=PATIENCE)
    conn.execute("delete from upload")
    conn.commit()
    site.page.unroute(PIECES)
    site.open("/calls")
    sent = pieces(site)
    expect(bring(site, large)).to_contain_text("Sent: ", timeout=PATIENCE)
    assert sent == [0, PIECE, 2 * PIECE]
    site.faults = [
        fault for fault in site.faults if "ERR_FAILED" not in fault and "404" not in fault
    ]
