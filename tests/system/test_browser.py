"""The main job in a real browser: log in with the link that `up` prints, and read what was said."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.system.house import House, cut

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.timeout(420),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]


@pytest.fixture
def page(house: House) -> Iterator[Page]:
    """A browser at the page of a freshly started house, not logged in."""
    house.start()
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser.new_page()
        browser.close()


def test_a_recording_dropped_on_the_page_comes_out_as_quotes(
    house: House, page: Page, tmp_path: Path
) -> None:
    rival = ("Corwen Brokers", "--company", "My company", "--alias", "Corwen")
    assert house.run("competitors", "add", *rival).returncode == 0
    link = re.search(r"http://\S+/login/\S+", house.said)
    assert link
    page.goto(link[0])
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{house.url}/")
    page.locator("input[type=file]").set_input_files(cut(tmp_path / "pricing.wav", 40, start=44))
    number = house.wait_for_any_call()
    call = house.wait_for(number, "done", "failed")
    assert call["insights"]
    page.goto(f"{house.url}/calls/{number}")
    for insight in call["insights"]:
        expect(page.locator("body")).to_contain_text(insight["quote"])


def test_without_a_log_in_a_browser_sees_nothing(house: House, page: Page) -> None:
    page.goto(f"{house.url}/")
    expect(page).to_have_url(re.compile("/login"))
