"""The waveform, and links to a stretch of a call, in a real Chromium."""

import re

import pytest
from playwright.sync_api import Page, expect

from ingest.base.db import Connection
from ingest.store import Store
from insights.queries import insights_of
from tests.api.pages import seed
from tests.api.pages.browsing import (
    PHONE,
    Site,
    check_for_everyone,
    heard_from,
    needs_chromium,
    second,
)

pytestmark = needs_chromium

SETTLED = "() => { const s = document.getElementById('sound'); return s.paused && !s.seeking; }"


@pytest.fixture
def call_id(conn: Connection, store: Store) -> int:
    call = seed.done(conn, "plumbline-01", store=store)
    conn.commit()
    return call.id


def drawn(page: Page) -> str:
    """The waveform's outline, once it is there."""
    path = page.locator("#wave path.past")
    expect(path).to_have_attribute("d", re.compile("Z$"))
    return path.get_attribute("d") or ""


def test_the_waveform_is_drawn_and_leads_to_its_second(site: Site, call_id: int) -> None:
    page = site.open(f"/calls/{call_id}")
    above, below = drawn(page).removesuffix("Z").split("Z")
    for half, rows in ((above, range(0, 51)), (below, range(50, 101))):
        tops = [float(top) for top in re.findall(r"V([\d.]+)H", half)]
        assert len(tops) == 800
        assert all(top in rows or rows.start <= top < rows.stop for top in tops)
        assert max(abs(top - 50) for top in tops) > 20
    expect(page.locator("#whose")).to_have_text("sellerbuyer")
    wave = page.locator("#wave").bounding_box()
    assert wave
    page.mouse.click(wave["x"] + wave["width"] / 2, wave["y"] + 5)
    assert second(page) == pytest.approx(245.33 / 2, abs=1)
    expect(page.get_by_label("Place in the recording")).to_have_attribute(
        "aria-valuetext", re.compile(r"^2:0\d of 4:05$")
    )
    past = page.locator("#wave clipPath rect").get_attribute("width")
    assert float(past or 0) == pytest.approx(500, abs=5)
    page.keyboard.press("ArrowRight")
    assert second(page) == pytest.approx(245.33 / 2 + 5, abs=1)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert second(page) == pytest.approx(245.33 / 2 - 5, abs=1)


def test_one_channel_is_drawn_about_the_middle(site: Site, conn: Connection, store: Store) -> None:
    call = seed.done(conn, "plumbline-07", store=store)
    conn.commit()
    page = site.open(f"/calls/{call.id}")
    halves = drawn(page).removesuffix("Z").split("Z")
    above, below = ([float(top) for top in re.findall(r"V([\d.]+)H", half)] for half in halves)
    assert [round(100 - top, 1) for top in above] == below
    expect(page.locator("#whose")).to_be_hidden()


def test_a_turn_is_copied_by_keyboard_and_heard_alone(site: Site, call_id: int) -> None:
    site.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = site.open(f"/calls/{call_id}")
    turn = page.locator("#turn-2")
    button = turn.get_by_role("button", name="Copy link to 0:12")
    button.focus()
    expect(button).to_have_css("opacity", "1")
    page.keyboard.press("Enter")
    expect(turn.locator(".share")).to_have_text("Copied")
    expect(page.locator("#copied[role=status]")).to_have_text("Link copied")
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == f"{site.url}/calls/{call_id}?from=12.18&to=15.01#turn-2"
    page.goto("about:blank")
    page.goto(link)
    expect(page.locator(".turn.clip")).to_have_attribute("id", "turn-2")
    expect(page.locator("#wave rect.clip")).to_have_attribute("x", "50")
    assert second(page) == pytest.approx(12.18, abs=0.01)
    page.get_by_label("Speed").select_option("2")
    with heard_from(page, 12.18):
        page.get_by_role("button", name="Play").click()
    page.wait_for_function(SETTLED)
    assert second(page) == pytest.approx(15.01, abs=0.01)
    with heard_from(page, 15.01):
        page.get_by_role("button", name="Play").click()
    with heard_from(page, 12.18):
        page.get_by_role("button", name="Hear it", exact=True).click()
    page.wait_for_function(SETTLED)
    assert second(page) == pytest.approx(15.01, abs=0.01)


def test_who_goes_elsewhere_is_not_stopped(site: Site, call_id: int) -> None:
    page = site.open(f"/calls/{call_id}?from=12.18&to=15.01")
    page.get_by_role("button", name="Forward 10 seconds").click()
    with heard_from(page, 22.18):
        page.get_by_role("button", name="Play").click()
    with heard_from(page, 7.24):
        page.get_by_role("link", name="Hear from 0:07").click()
    expect(page).to_have_url(re.compile(r"\?t=7\.2#turn-1$"))


def test_a_quote_opens_with_its_turn_in_view(site: Site, conn: Connection, call_id: int) -> None:
    last = insights_of(conn, call_id)[-1]
    link = f"/calls/{call_id}?from={last.start:.2f}&to={last.end:.2f}#insight-{last.id}"
    page = site.open(link)
    expect(page.locator(".turn.clip")).to_be_in_viewport()
    expect(page.locator(".found li:target")).to_be_in_viewport()
    site.page.set_viewport_size(PHONE)
    page.goto("about:blank")
    page = site.open(link.partition("#")[0])
    expect(page.locator(".turn.clip")).to_be_in_viewport()
    expect(page.locator(".turn.clip .share")).to_be_visible()


REFUSED = """() => {
    Object.defineProperty(navigator, 'clipboard', {value: undefined});
    document.execCommand = %s;
}"""


def test_without_a_clipboard_the_old_way_or_by_hand(site: Site, call_id: int) -> None:
    page = site.open(f"/calls/{call_id}")
    old = "() => { window.copied = document.activeElement.value; return true; }"
    page.evaluate(REFUSED % old)
    copy = page.locator(".found li").first.locator(".share")
    copy.click()
    expect(copy).to_have_text("Copied")
    assert re.search(r"\?from=[\d.]+&to=[\d.]+#insight-\d+$", page.evaluate("window.copied"))
    page.evaluate("document.execCommand = () => false")
    page.locator("#turn-0").hover()
    page.locator("#turn-0 .share").click()
    dialog = page.get_by_role("dialog", name="Copy this link")
    field = dialog.get_by_label("Copy this link")
    expect(field).to_be_focused()
    expect(field).to_have_value(re.compile(r"/calls/\d+\?from=0\.40&to=6\.90#turn-0$"))
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator("#turn-0 .share")).to_be_focused()


def test_a_stretch_for_everyone(site: Site, call_id: int) -> None:
    check_for_everyone(site, f"/calls/{call_id}?from=58.00&to=80.00#turn-11")
