"""The pages in a real Chromium: used with the mouse, by keyboard, on a phone, in light and dark."""

from base64 import b64encode

import pytest
from playwright.sync_api import Dialog, expect

from ingest.base.db import Connection
from ingest.calls import CallState
from ingest.queries import get_call, list_calls
from ingest.store import Store
from insights.insight import Review
from insights.queries import insights_of
from insights.reviews.queries import review
from insights.reviews.rules import Judgement
from tests.api.pages import seed
from tests.api.pages.browsing import (
    PHONE,
    Site,
    check_for_everyone,
    heard_from,
    needs_chromium,
    second,
)
from tests.api.pages.test_pages import DISK_FULL, hostile_call

pytestmark = needs_chromium


def test_recordings_dropped_on_the_page_are_brought(site: Site, conn: Connection) -> None:
    page = site.open("/calls")
    page.get_by_text("What you know of these calls").click()
    page.get_by_label("Account, the buyer’s company").fill("Hartsoe Home")
    drop = """async ([files]) => {
        const data = new DataTransfer();
        for (const [name, content] of files) {
            const bytes = Uint8Array.from(atob(content), letter => letter.charCodeAt(0));
            data.items.add(new File([bytes], name));
        }
        document.getElementById('drop').dispatchEvent(
            new DragEvent('drop', {dataTransfer: data, bubbles: true}));
    }"""
    sound = b64encode((seed.SAMPLES / "plumbline-07.mp3").read_bytes()).decode()
    page.evaluate(drop, [[["lakeshore.mp3", sound], ["notes.mp3", "RGVhciBhbGws"]]])
    uploads = page.locator("#uploads li")
    expect(uploads.filter(has_text="lakeshore.mp3")).to_contain_text("Sent: ")
    expect(uploads.filter(has_text="notes.mp3")).to_have_class("failed")
    expect(uploads.filter(has_text="notes.mp3")).to_contain_text("notes.mp3")
    row = page.locator("#calls li").filter(has_text="Hartsoe Home")
    expect(row).to_contain_text("Queued")
    expect(page.locator("h1")).to_contain_text("1 on the way")
    (call,) = list_calls(conn)
    assert (call.account, call.filename) == ("Hartsoe Home", "lakeshore.mp3")
    page.evaluate(drop, [[["again.mp3", sound]]])
    again = uploads.filter(has_text="again.mp3")
    expect(again).to_contain_text("Was here already: ")
    assert again.get_by_role("link").get_attribute("href") == f"/calls/{call.id}"
    site.faults = [fault for fault in site.faults if "415" not in fault]  # the refusal, as logged


def test_the_list_follows_a_call_on_its_way(site: Site, conn: Connection, store: Store) -> None:
    call = seed.in_state(conn, seed.bring(conn, "plumbline-07", store=store), CallState.HEARING)
    conn.commit()
    page = site.open("/calls")
    row = page.locator(f"#call-{call.id}")
    expect(row).to_contain_text("Hearing: 0:00")
    link = row.get_by_role("link").first
    link.focus()
    seed.in_state(conn, call, CallState.HEARING, heard_seconds=83.0)
    conn.commit()
    expect(row).to_contain_text("Hearing: 1:23")
    expect(link).to_be_focused()
    nothing = {"lease_owner": None, "lease_until": None, "failure": "It is broken."}
    seed.in_state(conn, call, CallState.FAILED, **nothing)
    conn.commit()
    expect(row).to_contain_text("Failed. It is broken.")
    row.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("Queued: it is heard after")).to_be_visible()
    conn.rollback()
    assert get_call(conn, call.id).state is CallState.WAITING


def test_a_call_page_shows_its_words_when_they_are_there(
    site: Site, conn: Connection, store: Store
) -> None:
    call = seed.in_state(conn, seed.bring(conn, "plumbline-01", store=store), CallState.HEARING)
    conn.commit()
    page = site.open(f"/calls/{call.id}")
    expect(page.get_by_text("Heard up to 0:00")).to_be_visible()
    seed.heard_and_mined(conn, call, "plumbline-01")
    conn.commit()
    expect(page.get_by_text("4 objections, 1 competitor mention")).to_be_visible()
    expect(page.locator("mark")).to_have_count(7)


def test_words_and_quotes_are_heard(site: Site, conn: Connection, store: Store) -> None:
    call = seed.done(conn, "plumbline-01", store=store)
    conn.commit()
    words = [word for turn in seed.timed("plumbline-01").turns for word in turn.words]
    page = site.open(f"/calls/{call.id}")
    spans = page.locator("[data-i]")
    assert spans.nth(200).inner_text() == words[200].text
    with heard_from(page, words[200].start):
        spans.nth(200).click()
    expect(page.locator(".now").first).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    assert page.evaluate("document.getElementById('sound').paused")
    quote = page.locator(".found li").filter(has_text="we had Attrivo in here")
    with heard_from(page, 167.9):
        quote.get_by_role("link", name="Hear it at").click()
    lit = page.locator(".now").first.inner_text()
    assert lit in "we had Attrivo in here for a year and it told us with a straight face"
    page.get_by_role("button", name="Back 10 seconds").click()
    assert second(page) < 165
    page.get_by_label("Speed").select_option("1.5")
    assert page.evaluate("document.getElementById('sound').playbackRate") == 1.5


def test_an_address_leads_to_its_second(site: Site, conn: Connection, store: Store) -> None:
    call = seed.done(conn, "plumbline-01", store=store)
    conn.commit()
    page = site.open(f"/calls/{call.id}?t=83.2")
    assert second(page) == pytest.approx(83.2)
    expect(page.locator("#at")).to_have_text("1:23")
    page = site.open("/digest?week=2026-W17")
    page.locator(".play").filter(has_text="2:48").click()
    page.wait_for_url("**/calls/*")
    assert second(page) == pytest.approx(168.0, abs=1)
    expect(page.locator(".found li:target")).to_contain_text("we had Attrivo")


def test_everything_by_keyboard(site: Site, conn: Connection, store: Store) -> None:
    call = seed.done(conn, "plumbline-01", store=store)
    seed.done(conn, "haulwright-05")
    conn.commit()
    page = site.open("/calls")
    press = page.keyboard.press
    press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    press("Escape")
    press("/")
    expect(page.get_by_placeholder("Search what was said")).to_be_focused()
    page.keyboard.type("straight face")
    press("Enter")
    page.wait_for_url("**/search?q=straight+face")
    press("j")
    press("Enter")
    page.wait_for_url(f"**/calls/{call.id}?t=*")
    expect(page.locator(".turn:target")).to_contain_text("straight face")
    page = site.open(f"/calls/{call.id}")
    press("j")
    press("j")
    press("k")
    first = page.locator(".found li").first
    expect(first.get_by_role("link").first).to_be_focused()
    with heard_from(page, 76.0):
        press("Enter")
    press(" ")
    assert page.evaluate("document.getElementById('sound').paused")
    words = page.locator("[data-i]")
    words.first.focus()
    press("ArrowRight")
    press("ArrowRight")
    expect(words.nth(2)).to_be_focused()
    with heard_from(page, 0.5):
        press("Enter")


def test_times_are_said_in_the_readers_zone(site: Site, conn: Connection) -> None:
    held = seed.NOW.replace(year=2025, month=7, day=15, hour=10, minute=32)
    seed.done(conn, "plumbline-01", held_at=held)
    conn.commit()
    expect(site.open("/calls").locator("#calls time")).to_have_text("Tue 15 Jul 2025, 11:32")


def test_a_phone_scrolls_down_only(site: Site, conn: Connection, store: Store) -> None:
    call = seed.done(conn, "plumbline-01", store=store)
    seed.in_state(conn, seed.bring(conn, "plumbline-07", store=store), CallState.HEARING)
    hostile = hostile_call(conn, store)
    site.page.set_viewport_size(PHONE)
    for path in (
        "/",
        "/calls",
        f"/calls/{call.id}",
        f"/calls/{hostile}",
        "/digest",
        "/competitors",
        "/login",
    ):
        page = site.open(path)
        assert page.evaluate("document.documentElement.scrollWidth") == 390, path
    page = site.open(f"/calls/{call.id}")
    page.mouse.wheel(0, 3000)
    foot = page.locator("#player").bounding_box()
    assert foot
    assert foot["y"] + foot["height"] == pytest.approx(PHONE["height"], abs=1)


def test_hostile_words_stay_words(site: Site, conn: Connection, store: Store) -> None:
    hostile = hostile_call(conn, store)
    alarms: list[str] = []

    def alarmed(dialog: Dialog) -> None:
        alarms.append(dialog.message)
        dialog.dismiss()

    site.page.on("dialog", alarmed)
    for path in ("/", "/calls", f"/calls/{hostile}", "/digest?week=2026-W17", "/competitors"):
        page = site.open(path)
        page.wait_for_timeout(200)
        assert page.locator("img").count() == 0
    assert page.evaluate("document.body.innerText.includes('<script>alert(2)</script>')")
    assert alarms == []


def test_no_page_shuts_anyone_out(
    site: Site, conn: Connection, store: Store, reviewer: int
) -> None:
    call = seed.done(conn, "plumbline-01", store=store, rep="Nadia Ferreira")
    broken = seed.bring(conn, "quillstep-01", store=store)
    seed.in_state(conn, broken, CallState.FAILED, failure="It is broken.")
    seed.in_state(
        conn, seed.bring(conn, "plumbline-07", store=store), CallState.HEARING, heard_seconds=9.0
    )
    waiting = seed.bring(conn, "haulwright-02", store=store)
    seed.in_state(conn, waiting, CallState.WAITING, waiting_reason=DISK_FULL)
    seed.rivals(conn, "plumbline-01")
    verdicts = (Review.REJECTED, Review.CONFIRMED)
    for found_one, verdict in zip(insights_of(conn, call.id), verdicts, strict=False):
        review(conn, found_one.id, Judgement(verdict), reviewer)
    conn.commit()
    check_for_everyone(
        site,
        "/",
        "/calls",
        f"/calls/{call.id}",
        f"/calls/{broken.id}",
        f"/calls/{waiting.id}",
        "/digest?week=2026-W17",
        "/competitors",
        "/login",
        "/nowhere",
    )
    site.faults = [f for f in site.faults if "404" not in f]  # /nowhere
