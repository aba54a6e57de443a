"""The queue of reviews: least sure first, by plain forms, and by keyboard in a real Chromium."""

import re
from dataclasses import replace
from html import unescape

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Page, expect

from api.users import Role
from ingest.base.db import Connection
from ingest.store import Store
from insights.insight import Kind, Review
from insights.queries import insights_of
from tests.api.pages import seed
from tests.api.pages.browsing import PHONE, Site, check_for_everyone, heard_from, needs_chromium
from tests.api.pages.conftest import LogIn
from tests.api.pages.test_pages import read, text_of

FOUND = 7  # in plumbline-01


@pytest.fixture
def queue(conn: Connection, store: Store) -> list[int]:
    """The ids of a call's insights, least sure first: the last said is the least sure."""
    truth = seed.labelled("plumbline-01").truth
    found = tuple(replace(each, confidence=0.9 - n / 10) for n, each in enumerate(truth))
    call = seed.done(conn, "plumbline-01", found=found, store=store)
    conn.commit()
    kept = sorted(insights_of(conn, call.id), key=lambda insight: insight.confidence)
    assert len(kept) == FOUND
    return [insight.id for insight in kept]


def shown(html: str) -> int:
    found = re.search(r'<article class="task \w+" id="insight-(\d+)"', html)
    assert found, text_of(html)
    return int(found[1])


def press(client: TestClient, html: str, key: str) -> str:
    """Press a button of the page or follow its link; the page that it leads to."""
    link = re.search(rf'href="([^"]+)" data-key="{key}"', html)
    if link:
        return client.get(unescape(link[1])).text
    for form in re.findall(r"<form.*?</form>", html, re.S):
        if f'data-key="{key}"' in form:
            fields = dict(re.findall(r'type="hidden" name="(\w+)" value="(\w+)"', form))
            verdict = re.search(rf'value="(\w+)" data-key="{key}"', form)
            action = re.search(r'action="([^"]+)"', form)
            assert verdict
            assert action
            answer = client.post(action[1], data=fields | {"verdict": verdict[1]})
            assert answer.status_code == 303, text_of(answer.text)
            return client.get(answer.headers["location"]).text
    raise AssertionError(f"no button {key}")


def reviews(conn: Connection, ids: list[int]) -> list[str]:
    conn.rollback()
    rows = conn.execute("select id, review from insight where id = any(%s)", (ids,)).fetchall()
    by_id = dict(rows)
    return [by_id[number] for number in ids]


def test_nothing_yet(admin: TestClient) -> None:
    assert "There is nothing to review yet" in read(admin, "/review")


@pytest.mark.parametrize("role", Role)
def test_from_the_least_sure_to_the_end(
    log_in: LogIn, conn: Connection, queue: list[int], role: Role
) -> None:
    client = log_in(role)
    html = client.get("/review").text
    for n, number in enumerate(queue):
        assert shown(html) == number
        assert f"{n} of {FOUND} reviewed" in text_of(html)
        html = press(client, html, "y" if n % 2 else "n")
    assert f"Everything is reviewed: {FOUND} insights" in text_of(html)
    assert reviews(conn, queue) == ["rejected", "confirmed"] * 3 + ["rejected"]
    assert "See what buyers ask for" in read(client, "/review")


def test_skipped_ones_come_again(admin: TestClient, conn: Connection, queue: list[int]) -> None:
    html = press(admin, admin.get("/review").text, "s")
    assert shown(html) == queue[1]
    html = press(admin, html, "y")
    for _ in queue[2:]:
        html = press(admin, html, "s")
    assert "6 insights you skipped" in text_of(html)
    assert shown(admin.get("/review").text) == queue[0]


def test_what_was_said_is_taken_back(admin: TestClient, conn: Connection, queue: list[int]) -> None:
    html = press(admin, admin.get("/review").text, "n")
    assert shown(html) == queue[1]
    assert "Rejected: “" in text_of(html)
    html = press(admin, html, "u")
    assert shown(html) == queue[0]
    assert reviews(conn, queue)[0] == Review.UNREVIEWED
    assert shown(press(admin, html, "y")) == queue[1]


def test_one_kind_after_another(admin: TestClient, conn: Connection, queue: list[int]) -> None:
    html = admin.get("/review?kind=competitor").text
    assert "0 of 1 reviewed" in text_of(html)
    html = press(admin, html, "y")
    assert "Everything is reviewed: 1 insight What" in text_of(html)
    assert "Review other kinds" in text_of(html)
    assert admin.get("/review?kind=praise").status_code == 422
    assert admin.get("/review?after=x").status_code == 422
    assert admin.get("/review?at=999").status_code == 404


def test_relabelled_or_told_why_not(admin: TestClient, conn: Connection, queue: list[int]) -> None:
    conn.rollback()
    rival = next(i for i in insights_of(conn, 1) if i.kind is Kind.COMPETITOR and i.id in queue)
    address = f"/review/{rival.id}"
    refused = admin.post(address, data={"verdict": "confirmed", "label": "–", "stance": "left"})
    assert refused.status_code == 422
    assert "The rival's name is empty: write it." in text_of(refused.text)
    assert shown(refused.text) == rival.id
    answer = admin.post(address, data={"verdict": "confirmed", "label": "Trivo", "stance": "left"})
    assert "Relabelled: “" in text_of(admin.get(answer.headers["location"]).text)
    assert admin.post("/review/999", data={"verdict": "confirmed"}).status_code == 404


def test_a_quote_stands_in_its_context(
    admin: TestClient, conn: Connection, queue: list[int]
) -> None:
    conn.rollback()
    first = next(i for i in insights_of(conn, 1) if i.id == queue[0])
    turns = seed.timed("plumbline-01").turns
    html = admin.get("/review").text
    assert f"<mark>{first.quote}</mark>" in unescape(html)
    for turn in turns[first.turn - 2 : first.turn]:
        assert turn.text[:100] in unescape(html)
    assert f"?t={first.start:.1f}#insight-{first.id}" in html


def test_without_sound_there_is_nothing_to_press(
    admin: TestClient, conn: Connection, queue: list[int]
) -> None:
    conn.execute("update call set audio_sha256 = null")
    conn.commit()
    html = admin.get("/review").text
    assert shown(html) == queue[0]
    assert "<audio" not in html
    assert 'data-key=" "' not in html


class TestInABrowser:
    """Without a mouse, on a phone, in light and dark."""

    pytestmark = needs_chromium

    def test_by_keyboard(self, site: Site, conn: Connection, queue: list[int]) -> None:
        conn.rollback()
        first = next(i for i in insights_of(conn, 1) if i.id == queue[0])
        page = site.open("/review")
        assert first.start is not None
        with heard_from(page, first.start - 1):
            page.keyboard.press(" ")
        page.keyboard.press("y")
        self._expect(page, queue[1])
        page.keyboard.press("s")
        self._expect(page, queue[2])
        page.keyboard.press("n")
        self._expect(page, queue[3])
        page.keyboard.press("u")
        self._expect(page, queue[2])
        page.keyboard.press("r")
        field = page.locator("details[open] :is(select, input:not([type=hidden]))").first
        expect(field).to_be_focused()
        page.keyboard.press("n")  # typed or chosen, not said
        self._expect(page, queue[2])
        assert reviews(conn, queue)[:4] == ["confirmed", *["unreviewed"] * 3]

    def _expect(self, page: Page, number: int) -> None:
        expect(page.locator("article.task")).to_have_id(f"insight-{number}")
        page.wait_for_load_state("domcontentloaded")  # its script is at work

    def test_on_a_phone_and_for_everyone(self, site: Site, queue: list[int]) -> None:
        page = site.open("/review")
        page.set_viewport_size(PHONE)
        expect(page.get_by_role("button", name="Confirm")).to_be_in_viewport()
        page.get_by_role("button", name="Reject").click()
        expect(page.get_by_role("status")).to_contain_text("Rejected")
        check_for_everyone(site, "/review")
