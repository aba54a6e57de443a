"""Words put right on a call's page: by a browser that only knows forms, and in Chromium."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import expect

from api.users import Role
from ingest.base.db import Connection
from ingest.calls import Call, CallState
from ingest.store import Store
from tests.api.pages import seed
from tests.api.pages.browsing import PHONE, Site, heard_from, needs_chromium
from tests.api.pages.conftest import LogIn
from transcribe.edits.queries import note_near_misses
from transcribe.near_misses import NearMisses

HOSTILE = "</textarea><script>alert(1)</script> “&amp;"


@pytest.fixture
def call(conn: Connection) -> Call:
    made = seed.done(conn, "plumbline-01")
    conn.commit()
    return made


def turn(html: str, number: int) -> str:
    """One turn of the page, read as text."""
    part = re.split(r'id="turn-\d+"', html)[number + 1]
    return " ".join(unescape(re.sub("<[^>]*>", " ", part)).split())


def test_an_edit_by_plain_forms_and_its_undo(admin: TestClient, call: Call) -> None:
    page = f"/calls/{call.id}"
    original = seed.timed("plumbline-01").turns[1].text
    assert 'name="text"' in admin.get(f"{page}?edit=1").text
    saved = admin.post(f"{page}/turns/1", data={"text": HOSTILE, "seen": original})
    assert (saved.status_code, saved.headers["location"]) == (303, f"{page}#turn-1")
    html = admin.get(page).text
    assert "<script>alert" not in html
    assert HOSTILE in turn(html, 1)
    assert f"Edited by Ana of admin {datetime.now(UTC):%a} " in turn(html, 1)
    assert f"Original: “{original}”" in turn(html, 1)
    assert "<script>alert" not in admin.get(f"{page}?edit=1").text
    assert admin.post(f"{page}/turns/1/undo").status_code == 303
    assert "Edited by" not in admin.get(page).text


def test_a_refused_edit_keeps_what_was_written(admin: TestClient, call: Call) -> None:
    page = f"/calls/{call.id}"
    refused = admin.post(f"{page}/turns/1", data={"text": "My words.", "seen": "Not these."})
    assert refused.status_code == 422
    assert "Somebody edited these words meanwhile" in turn(refused.text, 1)
    assert "My words.</textarea>" in refused.text
    undone = admin.post(f"{page}/turns/1/undo")
    assert undone.status_code == 422
    assert "there is no edit to undo" in undone.text


def test_only_who_may_is_offered_an_edit(log_in: LogIn, conn: Connection, call: Call) -> None:
    reader = log_in(Role.MARKETING)
    for path in (f"/calls/{call.id}", f"/calls/{call.id}?edit=1"):
        html = reader.get(path).text
        assert "?edit=" not in html
        assert 'class="words"' not in html
    seller = log_in(Role.SALES)
    assert '?edit=1"' in seller.get(f"/calls/{call.id}").text
    seed.in_state(conn, call, CallState.MINING)
    conn.commit()
    assert '?edit=1"' not in seller.get(f"/calls/{call.id}").text, "a worker has it"


def misheard(conn: Connection, **bringing: Any) -> Call:
    """A call in which Attrivo, said in turn 30, was heard as "a trivel" and put right."""
    said = seed.timed("plumbline-01")
    words = [
        replace(word, text="a trivel" if word.text == "Attrivo" else word.text, probability=0.3)
        for word in said.turns[30].words
    ]
    unsure = replace(said.turns[30], words=tuple(words), text=" ".join(w.text for w in words))
    heard = replace(said, turns=(*said.turns[:30], unsure, *said.turns[31:]))
    corrected = NearMisses(["Attrivo"]).corrected(heard)
    made = seed.done(conn, "plumbline-01", transcript=corrected, **bringing)
    note_near_misses(conn, made.id, heard, corrected)
    conn.commit()
    return made


def test_a_name_put_right_says_what_was_heard(log_in: LogIn, conn: Connection) -> None:
    call = misheard(conn)
    for role in (Role.SALES, Role.MARKETING):
        client = log_in(role)
        html = client.get(f"/calls/{call.id}").text
        assert 'data-heard="heard as “a trivel”">Attrivo</span>' in html
        assert "“Attrivo” was heard as “a trivel”." in turn(html, 30)
        assert "Edited by" not in turn(html, 30)
        (edit,) = client.get(f"/v1/calls/{call.id}").json()["edits"]
        assert (edit["turn"], edit["by"]) == (30, None)
        [name] = edit["misheard"]
        assert name["heard"] == "a trivel"
    assert 'action="/calls/' + f'{call.id}/turns/30/undo"' not in html, "a reader may not"
    seller = log_in(Role.SALES)
    assert seller.post(f"/calls/{call.id}/turns/30/undo").status_code == 303
    html = seller.get(f"/calls/{call.id}").text
    assert "we had a trivel in here" in turn(html, 30)
    assert "was heard as" not in html


@pytest.mark.browser
class TestInChromium:
    pytestmark = needs_chromium

    def test_what_a_name_was_heard_as_is_told_at_the_word(
        self, site: Site, conn: Connection, store: Store
    ) -> None:
        call = misheard(conn, store=store)
        page = site.open(f"/calls/{call.id}")
        name = page.locator(".misheard")
        told = "e => getComputedStyle(e, '::after').content"
        assert name.evaluate(told) == "none"
        name.hover()
        assert name.evaluate(told) == '"heard as “a trivel”"'
        page.mouse.move(0, 0)
        name.get_by_text("Attrivo").click()  # a tap
        assert name.evaluate(told) == '"heard as “a trivel”"'
        page.set_viewport_size(PHONE)
        name.scroll_into_view_if_needed()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        thirty = page.locator("#turn-30")
        thirty.get_by_role("button", name="Undo").click()
        expect(thirty.locator(".text")).to_contain_text("we had a trivel in here")

    def test_words_put_right_are_heard_where_they_were(
        self, site: Site, conn: Connection, store: Store
    ) -> None:
        call = seed.done(conn, "plumbline-01", store=store)
        conn.commit()
        page = site.open(f"/calls/{call.id}")
        second = page.locator("#turn-1")
        before = second.locator(".text").inner_text()
        at = seed.timed("plumbline-01").turns[1].words[0].start
        second.hover()
        second.get_by_role("link", name="Edit").click()
        words = page.get_by_role("textbox", name="What was said", exact=True)
        expect(words).to_be_focused()
        words.press("y")  # a letter in it, no review
        words.fill(f"Edited {before.partition(' ')[2]}")
        page.get_by_role("button", name="Save").click()
        expect(second).to_contain_text(f"Original: “{before}”")
        with heard_from(page, at):
            second.get_by_text("Edited", exact=True).first.click()
        page.set_viewport_size(PHONE)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        second.get_by_role("button", name="Undo").click()
        expect(second.locator(".text")).to_have_text(before)
