"""Reviewing in a real Chromium: with the mouse, by keyboard, and by selecting words."""

from playwright.sync_api import expect

from ingest.base.db import Connection
from ingest.store import Store
from insights.queries import insights_of
from tests.api.pages import seed
from tests.api.pages.browsing import Site, heard_from, needs_chromium

pytestmark = needs_chromium


def test_reviewing_leaves_the_sound_playing(site: Site, conn: Connection, store: Store) -> None:
    call = seed.done(conn, "plumbline-01", store=store)
    conn.commit()
    page = site.open(f"/calls/{call.id}")
    rival = page.locator(".found li").filter(has_text="we had Attrivo")
    with heard_from(page, 167.9):
        rival.get_by_role("link", name="Hear it at").click()
    rival.get_by_role("button", name="Reject Competitor: Attrivo").click()
    expect(rival).to_have_class("rejected")
    expect(rival.get_by_role("button", name="Undo")).to_be_focused()
    expect(page.locator("#state")).to_have_text("4 objections and 2 feature requests.")
    expect(page.locator("mark")).to_have_count(6)
    expect(page.locator("#track rect")).to_have_count(6)
    expect(page.get_by_role("status").filter(has_text="Rejected")).to_have_count(1)
    assert not page.evaluate("document.getElementById('sound').paused")
    rival.get_by_role("button", name="Undo").click()
    expect(page.locator("mark")).to_have_count(7)
    with heard_from(page, 167.9):  # the words that were put back are heard as before
        page.locator("mark.competitor [data-i]").first.click()
    rival.locator("summary").click()
    rival.get_by_label("Stance").select_option("left")
    rival.get_by_role("button", name="Save").click()
    expect(rival).to_contain_text("found as “Attrivo, criticised”")
    rival.locator("summary").click()
    rival.get_by_label("Rival").fill("–")
    rival.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_have_text("The rival's name is empty: write it.")
    site.faults = [fault for fault in site.faults if "422" not in fault]  # the refusal, as logged


def test_reviewing_by_keyboard(site: Site, conn: Connection, store: Store) -> None:
    call = seed.done(conn, "plumbline-01", store=store)
    conn.commit()
    page = site.open(f"/calls/{call.id}")
    for _ in range(2):
        page.keyboard.press("j")
    second = page.locator(".found li").nth(1)
    for key, became in (("n", "rejected"), ("y", "confirmed"), ("n", "rejected")):
        page.keyboard.press(key)
        expect(second).to_have_class(became)
        expect(second.get_by_role("link").first).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("y")
    expect(page.locator(".found li").nth(2)).to_have_class("confirmed")
    page.locator("#missed summary").click()
    page.get_by_label("The words that say it").press("n")
    expect(page.locator(".found li").nth(2)).to_have_class("confirmed")


SELECT = """([turn, first, last]) => {
    const words = document.querySelectorAll(`#turn-${turn} .text [data-i]`);
    getSelection().setBaseAndExtent(words[first].firstChild, 0, words[last].firstChild,
        words[last].textContent.length);
}"""


def test_selected_words_are_added_as_missed(site: Site, conn: Connection, store: Store) -> None:
    call = seed.done(conn, "plumbline-01", store=store)
    conn.commit()
    turn = next(i for i in insights_of(conn, call.id) if i.label == "Attrivo").turn
    text = seed.timed("plumbline-01").turns[turn].text
    page = site.open(f"/calls/{call.id}")
    parts = page.locator(f"#turn-{turn} .text [data-i]")
    page.evaluate(SELECT, [turn, 0, parts.count() - 1])  # across a mark and its label
    page.get_by_role("button", name="Missed here").click()
    form = page.locator("#missed")
    expect(form.get_by_label("The words that say it")).to_have_value(text)
    expect(page.get_by_role("button", name="Missed here")).to_be_hidden()
    form.get_by_label("Feature request").check()
    expect(form.get_by_label("Category")).to_be_hidden()
    form.get_by_role("button", name="Add").click()
    refused = page.get_by_role("alert")
    expect(refused).to_have_text("The theme is empty: write it.")
    expect(refused).to_be_in_viewport()
    expect(form.get_by_label("Feature request")).to_be_checked()
    form.get_by_label("Theme").fill("Honest attribution")
    form.get_by_role("button", name="Add").click()
    added = page.locator(".found li:target")
    expect(added).to_contain_text("Feature request: Honest attribution")
    expect(added).to_contain_text("Added by a person")
    conn.rollback()
    made = next(i for i in insights_of(conn, call.id) if i.label == "Honest attribution")
    assert (made.turn, made.char_start, made.char_end) == (turn, 0, len(text))
    site.faults = [fault for fault in site.faults if "422" not in fault]  # the refusal, as logged
