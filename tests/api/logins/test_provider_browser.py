"""The log-in through a real provider in a real Chromium, which minds cookies and policies."""

from playwright.sync_api import expect, sync_playwright

from tests.api.logins.canaille_server import PASSWORD
from tests.api.pages.browsing import PHONE, needs_chromium
from tests.api.pages.chromium import ARGUMENTS, executable
from tests.api.running import Api

pytestmark = needs_chromium


def test_a_person_logs_in_through_the_provider(earshot: Api) -> None:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable(), args=ARGUMENTS)
        page = chromium.new_page(viewport=PHONE)
        page.set_default_timeout(60_000)
        page.goto(f"{earshot.url}/settings")
        page.get_by_role("link", name="Log in with Example ID").click()
        page.locator("[name=login]").fill("ana")
        page.keyboard.press("Enter")
        page.locator("[name=password]").fill(PASSWORD)
        page.keyboard.press("Enter")
        accept, arrived = page.locator("[value=accept]"), page.get_by_text("You log in through")
        expect(accept.or_(arrived).first).to_be_visible()  # who agreed once is not asked again
        if accept.count():
            accept.click()
        expect(page.get_by_text("You log in through localhost")).to_be_visible()
        assert page.url == f"{earshot.url}/settings"
        assert page.locator("[name=wanted]").count() == 0
        chromium.close()
