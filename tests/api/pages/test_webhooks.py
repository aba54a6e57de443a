"""The webhooks' pages: for admins, from the first one to a paused one and back."""

import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from api.users import Role
from ingest.base.db import Connection
from ingest.base.settings import Settings
from ingest.webhooks import queries, work
from tests.api.pages.browsing import PHONE, Site, needs_chromium
from tests.api.pages.conftest import LogIn
from tests.api.pages.test_pages import read, text_of
from tests.conftest import AddCall
from tests.ingest.webhooks.receiver import Receiver, answer, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


def add(client: TestClient, url: str, **more: str) -> str:
    """Add one by the form; its secret as the page shows it."""
    form = {"url": url, "events": ["call.failed", "call.mined"], **more}
    made = client.post("/webhooks", data=form)
    assert made.status_code == 200, made.text
    found = re.search(r"<code>(whsec_[^<]+)</code>", made.text)
    assert found
    return found[1]


def test_nobody_is_told_yet(admin: TestClient) -> None:
    said = read(admin, "/webhooks")
    assert "No other program is told" in said
    assert "Tell the first one" in said


def test_only_admins_find_the_way(log_in: LogIn) -> None:
    browser = log_in(Role.MARKETING)
    assert "Webhooks" not in read(browser, "/")
    read(browser, "/webhooks", status=403)


def test_one_is_added_tried_paused_and_removed(
    admin: TestClient, settings: Settings, receiver: Receiver
) -> None:
    secret = add(admin, receiver.url, description="CRM <b>")
    assert "1 program is told" in read(admin, "/webhooks")
    assert "CRM <b>" in read(admin, "/webhooks/1")
    assert secret not in admin.get("/webhooks/1").text, "it is shown once"
    assert admin.post("/webhooks/1/test").headers["location"] == "/webhooks/1"
    work.send_due(settings)
    assert receiver.got[0].verified(secret)["type"] == "webhook.test"
    assert "Delivered" in read(admin, "/webhooks/1")
    admin.post("/webhooks/1/state", data={"state": "paused"})
    assert "Paused: nothing is sent." in read(admin, "/webhooks/1")
    admin.post("/webhooks/1/remove")
    assert "No other program" in read(admin, "/webhooks")


def test_a_paused_one_says_why_and_what_failed_is_sent_again(
    admin: TestClient,
    conn: Connection,
    settings: Settings,
    add_call: AddCall,
    receiver: Receiver,
) -> None:
    add(admin, receiver.url)
    receiver.replies = [answer(410, b"<script>gone()</script>")]
    queries.emit_failed(conn, add_call().id, "It is noise.")
    conn.commit()
    work.send_due(settings)
    for path in ("/webhooks", "/webhooks/1"):
        assert "Paused, as the receiver answered 410 Gone." in read(admin, path)
    page = admin.get("/webhooks/1").text
    assert "<script>gone()" not in page
    assert "Given up 1 attempt; the receiver answered 410: <script>gone()" in text_of(page)
    admin.post("/webhooks/1/state", data={"state": "active"})
    admin.post("/webhooks/1/replay")
    work.send_due(settings)
    admin.post("/webhooks/1/deliveries/1/replay")
    work.send_due(settings)
    assert len(receiver.got) == 3
    assert len(set(receiver.ids)) == 1
    assert "Delivered" in read(admin, "/webhooks/1")


def test_a_new_secret_is_shown_once(admin: TestClient, receiver: Receiver) -> None:
    old = add(admin, receiver.url)
    page = admin.post("/webhooks/1/secret").text
    assert old not in page
    assert "the old secret signs as well until" in page


@pytest.mark.parametrize(
    ("form", "why"),
    [
        ({"url": "http://169.254.169.254", "events": "call.mined"}, "no webhook is sent"),
        ({"url": "nowhere", "events": "call.mined"}, "begins with https"),
        ({"url": "http://127.0.0.1"}, "Choose at least one event"),
    ],
)
def test_what_cannot_be_added_is_said_and_kept_in_the_form(
    admin: TestClient, form: dict[str, str], why: str
) -> None:
    refused = admin.post("/webhooks", data=form)
    assert refused.status_code == 422
    assert why in text_of(refused.text)
    assert f'value="{form["url"]}"' in refused.text


@needs_chromium[0]
@needs_chromium[1]
def test_on_a_phone_nothing_scrolls_sideways(
    site: Site, conn: Connection, settings: Settings, receiver: Receiver
) -> None:
    page = site.open("/webhooks")
    page.set_viewport_size(PHONE)
    page.get_by_label("URL").fill(receiver.url + "/hooks/a-rather-long-path-for-a-phone" * 3)
    page.get_by_label("What it is for").fill("CRM")
    page.get_by_role("button", name="Add").click()
    page.get_by_text("shown this once").wait_for()
    page.get_by_role("button", name="Send a test").click()
    page.get_by_text("Waiting").wait_for()
    page.get_by_text("The message").click()
    for path in ("/webhooks/1", "/webhooks"):
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, path
        site.open("/webhooks")
