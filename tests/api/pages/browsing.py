"""A page in a real Chromium, and what went wrong in it."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Page, Request

from tests.api.pages.chromium import executable

needs_chromium = [
    pytest.mark.browser,
    pytest.mark.skipif(executable() is None, reason="no Chromium here: apt install chromium"),
]

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 800}


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
