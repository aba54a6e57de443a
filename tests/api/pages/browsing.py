"""A page in a real Chromium, and what went wrong in it."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Request, ViewportSize

from tests.api.pages.chromium import executable

needs_chromium = [
    pytest.mark.browser,
    pytest.mark.skipif(executable() is None, reason="no Chromium here: apt install chromium"),
]

PHONE: ViewportSize = {"width": 390, "height": 844}
DESK: ViewportSize = {"width": 1280, "height": 800}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@dataclass
class Site:
    """A running server, and what a browser did that it should not."""

    url: str
    page: Page
    faults: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        self.page.goto(self.url + path)
        return self.page

    def watch(self, page: Page) -> None:
        """Note what a page logs, raises, or asks of another host."""
        page.on("console", lambda said: self._note(said.type in ("error", "warning"), said.text))
        page.on("pageerror", lambda error: self._note(True, str(error)))
        page.on("request", self._asked)

    def _asked(self, request: Request) -> None:
        self._note(not request.url.startswith((self.url, "data:", "blob:")), request.url)

    def _note(self, bad: bool, what: str) -> None:
        if bad:
            self.faults.append(what)


def check_for_everyone(site: Site, *paths: str) -> None:
    """On a desk and on a phone, in light and dark, with all that folds open: no page of these
    scrolls sideways, and axe finds no fault with any."""
    page = site.page
    for size, scheme in product((DESK, PHONE), SCHEMES):
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme)
        for path in paths:
            site.open(path)
            page.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = 1")
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= size["width"], f"{path} scrolls sideways"
            found = Axe().run(page).response["violations"]
            assert [(each["id"], each["nodes"][0]["html"][:200]) for each in found] == [], path


def second(page: Page) -> float:
    """Where the sound is."""
    at: float = page.evaluate("document.getElementById('sound').currentTime")
    return at


@contextlib.contextmanager
def heard_from(page: Page, expected: float) -> Iterator[None]:
    """What happens within makes the sound play from about `expected` seconds."""
    yield
    page.wait_for_function(
        "at => { const s = document.getElementById('sound');"
        " return !s.paused && s.currentTime >= at - .3 && s.currentTime < at + 8; }",
        arg=expected,
    )
