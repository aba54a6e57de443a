"""The app on a real database, asked as a browser asks, and a real Chromium."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest
import uvicorn
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, expect, sync_playwright

from api import auth
from api.app import create_app
from api.users import Role
from ingest.base.db import Connection
from ingest.base.settings import Settings
from ingest.store import Store, open_store
from tests.api.pages.browsing import DESK, Site
from tests.api.pages.chromium import ARGUMENTS, executable

BASE = "http://127.0.0.1:8321"
HTML = {"accept": "text/html", "sec-fetch-site": "same-origin"}

LogIn = Callable[[Role], TestClient]


@pytest.fixture
def store(settings: Settings) -> Store:
    """Where the app looks for recordings."""
    return open_store(settings)


@pytest.fixture
def visitor(settings: Settings) -> Iterator[TestClient]:
    """A browser that nobody has logged in."""
    with TestClient(create_app(settings), BASE, headers=HTML, follow_redirects=False) as client:
        yield client


@pytest.fixture
def log_in(visitor: TestClient, conn: Connection) -> LogIn:
    """Log the browser in with a role."""

    def as_role(role: Role) -> TestClient:
        user = auth.create_user(conn, f"Ana of {role}", role)
        secret, _ = auth.create_token(conn, user, "tests")
        conn.commit()
        answer = visitor.post("/login", data={"token": secret})
        assert answer.status_code == 303
        return visitor

    return as_role


@pytest.fixture
def admin(log_in: LogIn) -> TestClient:
    """A browser in which an admin is logged in."""
    return log_in(Role.ADMIN)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        path = executable()
        assert path
        chromium = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def server(settings: Settings) -> Iterator[str]:
    config = uvicorn.Config(create_app(settings), port=0, log_level="warning", ws="none")
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while not running.started and time.monotonic() < until:
        time.sleep(0.02)
    port = running.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    running.should_exit = True
    thread.join(20)


@pytest.fixture
def site(server: str, browser: Browser, conn: Connection) -> Iterator[Site]:
    """A desk's browser with an admin logged in; afterwards nothing may have gone wrong in it."""
    secret = auth.login_link(conn, auth.create_user(conn, "Ana Ruiz", Role.ADMIN))
    conn.commit()
    context = browser.new_context(viewport=DESK, timezone_id="Europe/London")
    context.set_default_timeout(15_000)
    site = Site(server, context.new_page())
    site.watch(site.page)
    site.open(f"/login/{secret}")
    site.page.get_by_role("button", name="Log in").click()
    expect(site.page.get_by_role("link", name="Competitors")).to_be_visible()
    yield site
    context.close()
    assert not site.faults
