"""A real OpenID provider beside the app, and browsers that log in through it."""

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from ingest.base.settings import Settings
from tests.api.logins.canaille_server import PASSWORD
from tests.api.running import Api, serve

ROLES = "crm-admins=admin,crm-marketing=marketing"


@dataclass(frozen=True)
class Client:
    """What the provider knows a program by."""

    issuer: str
    id: str
    secret: str


@pytest.fixture(scope="session")
def issuer() -> Iterator[str]:
    """Where the provider answers."""
    with running_provider() as address:
        yield address


@contextmanager
def running_provider() -> Iterator[str]:
    """A provider of one's own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    script = Path(__file__).with_name("canaille_server.py")
    with subprocess.Popen(
        [sys.executable, script, str(port)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            assert process.stdout
            assert process.stderr
            first = process.stdout.readline()
            assert first == b"serving\n", process.stderr.read().decode()
            yield f"http://localhost:{port}"
        finally:
            process.kill()


def register(issuer: str, back: str) -> Client:
    """Have the provider know a program, by its own registration."""
    wanted = {
        "client_name": "Earshot",
        "redirect_uris": [back],
        "grant_types": ["authorization_code"],
        "response_types": ["code"],
        "scope": "openid profile groups",
        "token_endpoint_auth_method": "client_secret_basic",
    }
    answer = httpx.post(f"{issuer}/oauth/register", json=wanted, timeout=60)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    return Client(issuer, made["client_id"], made["client_secret"])


@pytest.fixture
def port() -> int:
    """A free one, known before anything listens there."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        found: int = free.getsockname()[1]
    return found


@pytest.fixture
def client(issuer: str, port: int) -> Client:
    """Earshot, as the provider knows it."""
    return register(issuer, f"http://127.0.0.1:{port}/login/provider/callback")


def with_provider(settings: Settings, client: Client, **more: str) -> Settings:
    """The settings with this provider in them."""
    return settings.model_copy(
        update={
            "oidc_issuer": client.issuer,
            "oidc_client_id": client.id,
            "oidc_client_secret": client.secret,
            "oidc_name": "Example ID",
            "oidc_roles": ROLES,
            **more,
        }
    )


@pytest.fixture
def earshot(settings: Settings, client: Client, port: int) -> Iterator[Api]:
    """Earshot with that provider."""
    with serve(with_provider(settings, client), {}, port) as running:
        yield running


@dataclass
class Browser:
    """A person's browser: two sites' cookies, and no scripts."""

    earshot: httpx.Client
    provider: httpx.Client

    def set_out(self, to: str = "/") -> str:
        """Press the button on the log-in page: where that leads."""
        answer = self.earshot.get("/login/provider", params={"next": to})
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    def log_in_there(self, address: str, login: str) -> str:
        """Fill the provider's own forms: where it sends the browser back to."""
        answer = self.provider.get(address)
        for _ in range(8):
            if answer.is_redirect:
                to = answer.headers["location"]
                if urlsplit(to).path == "/login/provider/callback":
                    return str(to)
                answer = self.provider.get(answer.next_request.url if answer.next_request else to)
            elif 'name="password"' in answer.text:
                form = {"password": PASSWORD}
                answer = self.provider.post(answer.url, data=form)
            elif 'name="login"' in answer.text:
                answer = self.provider.post(answer.url, data={"login": login})
            else:
                assert 'value="accept"' in answer.text, answer.text
                answer = self.provider.post(address, data={"answer": "accept"})
        raise AssertionError(f"the provider does not send back: {answer.url}")

    def come_back(self, address: str) -> httpx.Response:
        """Follow the provider's way back."""
        return self.earshot.get(address)

    def log_in(self, login: str, to: str = "/") -> httpx.Response:
        """The whole way."""
        return self.come_back(self.log_in_there(self.set_out(to), login))


NewBrowser = Callable[[], Browser]


@pytest.fixture
def new_browser(earshot: Api) -> Iterator[NewBrowser]:
    """Makes browsers in which nobody is logged in anywhere."""
    opened: list[Browser] = []

    def make() -> Browser:
        html = {"accept": "text/html", "user-agent": "Mozilla/5.0 (X11; Linux) Firefox/140.0"}
        slow = httpx.Timeout(60)
        opened.append(
            Browser(
                httpx.Client(base_url=earshot.url, headers=html, timeout=slow),
                httpx.Client(headers=html, timeout=slow),
            )
        )
        return opened[-1]

    yield make
    for browser in opened:
        browser.earshot.close()
        browser.provider.close()


@pytest.fixture
def browser(new_browser: NewBrowser) -> Browser:
    """One of them."""
    return new_browser()
