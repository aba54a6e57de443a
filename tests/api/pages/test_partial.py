"""A call's page shows its words while they are heard."""

import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Page, expect

import ingest.queries as calls
from api.users import Role
from ingest.base.db import Connection
from ingest.calls import Call, CallState
from ingest.store import Store
from tests.api.pages import seed
from tests.api.pages.browsing import PHONE, Site, heard_from, needs_chromium
from tests.api.pages.conftest import LogIn
from tests.transcribe.kept.heard import batch, said
from transcribe.kept.queries import forget, keep

EAR = "e" * 64
LOOK = "How does it look to you? "
PRICE = "Honestly, that is twice what we pay. "


def hears(conn: Connection, call: Call, number: int, card: str = "") -> None:
    """What a worker does with the `number`th minute of a call."""
    at = 60.0 * number
    seller = said(0, *((at + 20 * n, LOOK) for n in range(3)))
    buyer = said(1, *((at + 10 + 20 * n, PRICE + card) for n in range(3)))
    keep(conn, call.id, EAR, number, batch(at + 60, seller, buyer))
    calls.heartbeat(conn, call.id, "ear", 60, at + 60)
    conn.commit()


@pytest.fixture
def call(conn: Connection, store: Store) -> Call:
    """A call that a worker has just begun to hear."""
    call = seed.bring(conn, "plumbline-07", store=store)
    assert calls.claim(conn, call.id, CallState.HEARING, "ear", 60)
    conn.commit()
    return call


def finish(conn: Connection, call: Call) -> None:
    seed.heard_and_mined(conn, call, "plumbline-07")
    forget(conn, call.id)
    conn.commit()


# Without a script --------------------------------------------------------------------------


def test_a_reader_without_script_sees_what_is_heard_so_far(
    admin: TestClient, conn: Connection, call: Call
) -> None:
    url = f"/calls/{call.id}"
    assert "The words come as they are heard." in admin.get(url).text
    hears(conn, call, 0)
    for page in (admin.get(url).text, admin.get(url + "/live").text):
        assert "Heard up to 1:00 of 3:2" in page
        assert len(re.findall(r'<div class="turn (?:seller|buyer)" id="turn-\d+">', page)) == 6
        assert "<b>Buyer</b>" in page
        assert not re.search(r"Edit<|verdict\b|Download the words|Swap seller", page)


def test_who_does_not_see_what_is_private_sees_it_later_and_masked(
    log_in: LogIn, conn: Connection, call: Call
) -> None:
    hears(conn, call, 0, "My card is 4242 4242 4242 4242.")
    page = log_in(Role.SALES).get(f"/calls/{call.id}").text
    assert "4242" not in page
    assert page.count('<div class="turn') == 3
    assert "My card is [card number]" in page
    assert "half a minute later" in page
    assert "Brought as a transcript" not in page


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (CallState.WAITING, "Queued: it goes on from 1:00"),
        (CallState.FAILED, "What is heard of it stays here"),
    ],
)
def test_what_was_heard_before_it_broke_off_stays_there(
    admin: TestClient, conn: Connection, call: Call, state: CallState, says: str
) -> None:
    hears(conn, call, 0)
    failure = "It is broken." if state is CallState.FAILED else None
    columns = {"lease_owner": None, "lease_until": None, "failure": failure}
    seed.in_state(conn, call, state, **columns)
    conn.commit()
    page = admin.get(f"/calls/{call.id}").text
    assert says in page
    assert page.count('<div class="turn') == 6


def test_a_call_that_is_heard_shows_its_transcript_alone(
    admin: TestClient, conn: Connection, call: Call
) -> None:
    hears(conn, call, 0)
    finish(conn, call)
    assert "so-far" not in admin.get(f"/calls/{call.id}").text


# In a browser ------------------------------------------------------------------------------


def pixels_scrolled(page: Page) -> int:
    scrolled: int = page.evaluate("Math.round(scrollY)")
    return scrolled


@pytest.mark.browser
@needs_chromium[1]
def test_the_words_grow_where_they_are_read(site: Site, conn: Connection, call: Call) -> None:
    page = site.open(f"/calls/{call.id}")
    turns = page.locator("#so-far .turn")
    expect(page.locator("#state")).to_contain_text("The words come as they are heard.")
    expect(turns).to_have_count(0)
    page.evaluate("window.samePage = true")
    hears(conn, call, 0)
    expect(turns).to_have_count(6)
    hears(conn, call, 1)
    expect(turns).to_have_count(12)
    turns.nth(7).scroll_into_view_if_needed()
    page.evaluate("scrollTo(0, 300)")
    page.evaluate("getSelection().selectAllChildren(document.querySelector('#turn-3 .text'))")
    place = turns.nth(5).bounding_box()
    hears(conn, call, 2)
    expect(turns).to_have_count(18)
    expect(page.locator("#state")).to_contain_text("Heard up to 3:00 of 3:2")
    assert turns.nth(5).bounding_box() == place
    assert pixels_scrolled(page) == 300
    assert page.evaluate("getSelection().toString()") == PRICE.strip()
    assert page.evaluate("window.samePage")
    assert page.locator("#heard").inner_text() == "", "nobody is told every two seconds"
    finish(conn, call)
    expect(page.locator("#transcript .turn").first).to_be_visible()
    expect(page.locator("#so-far")).to_have_count(0)


@pytest.mark.browser
@needs_chromium[1]
def test_who_plays_the_call_keeps_its_words_when_all_is_heard(
    site: Site, conn: Connection, call: Call
) -> None:
    hears(conn, call, 0)
    page = site.open(f"/calls/{call.id}")
    with heard_from(page, 0.0):
        page.get_by_role("button", name="Play").click()
    finish(conn, call)
    expect(page.get_by_role("link", name="Show what was found")).to_be_visible()
    expect(page.locator("#so-far .turn")).to_have_count(6)


@pytest.mark.browser
@needs_chromium[1]
def test_a_screen_reader_is_told_now_and_then(site: Site, conn: Connection, call: Call) -> None:
    site.page.clock.install()
    page = site.open(f"/calls/{call.id}")
    heard = page.locator("#heard")
    assert heard.get_attribute("role") == "status"
    told = []
    for number, later in ((0, 0), (1, 40), (2, 0), (3, 40)):
        page.clock.fast_forward(1000 * later)
        hears(conn, call, number)
        expect(page.locator("#so-far .turn")).to_have_count(6 * number + 6)
        told.append(heard.inner_text())
    assert told[0] == ""
    assert told[1].startswith("Heard up to")
    assert told[2] == told[1], "not again at once"
    assert told[3] != told[2]


@pytest.mark.browser
@needs_chromium[1]
@pytest.mark.parametrize("width", [1280, 390])
def test_it_fits_a_desk_and_a_phone(
    site: Site, conn: Connection, call: Call, width: int, tmp_path: Path
) -> None:
    hears(conn, call, 0)
    site.page.set_viewport_size({"width": width, "height": PHONE["height"]})
    page = site.open(f"/calls/{call.id}")
    expect(page.locator("#so-far .turn")).to_have_count(6)
    page.screenshot(path=tmp_path / "page.png")
    wide: int = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width
