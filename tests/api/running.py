"""A real API: uvicorn in a thread, on a free port, with a database and a store of its own."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import uvicorn

from api.app import create_app
from api.users import Role
from ingest.base import db
from ingest.base.settings import Settings
from tests import sounds

START_SECONDS = 30.0

SOUND = sounds.wav(sounds.beeps(3, 8000, 2), 8000)


@dataclass
class Api:
    """A running API and a client for each role."""

    url: str
    settings: Settings
    secrets: dict[Role, str]
    clients: dict[Role | None, httpx.Client] = field(default_factory=dict)

    def as_(self, role: Role | None) -> httpx.Client:
        """The client with this role's token; without any for None."""
        if role not in self.clients:
            headers = {"Authorization": f"Bearer {self.secrets[role]}"} if role else {}
            self.clients[role] = httpx.Client(
                base_url=self.url,
                headers=headers,
                timeout=30,
                verify=False,  # no certificates are needed, and reading them takes its time
            )
        return self.clients[role]

    def bring(self, sound: bytes = SOUND, name: str = "acme.wav", **details: str) -> dict[str, Any]:
        """Upload a recording; its call."""
        answer = self.as_(Role.SALES).post("/v1/calls", files={"file": (name, sound)}, data=details)
        assert answer.is_success, answer.text
        call: dict[str, Any] = answer.json()
        return call

    @property
    def port(self) -> int:
        """Where it listens, on 127.0.0.1."""
        return int(self.url.rpartition(":")[2])


def rows(api: Api, *tables: str) -> tuple[int, ...]:
    """How many rows each of these tables holds."""
    with db.connect(api.settings.database_url) as conn:
        counted = [conn.execute(f"select count(*) from {table}") for table in tables]
        return tuple(row[0] for cursor in counted for row in cursor.fetchall())


@contextmanager
def serve(settings: Settings, secrets: dict[Role, str], port: int = 0) -> Iterator[Api]:
    """Run the API until the test is over."""
    listener = socket.create_server(("127.0.0.1", port))
    # As asyncio does of its own sockets, but not of one it is given: or what is small waits 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    server = uvicorn.Server(
        uvicorn.Config(create_app(settings), log_config=None, access_log=False, ws="none")
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    running = Api(f"http://127.0.0.1:{listener.getsockname()[1]}", settings, secrets)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not server.started:
            assert thread.is_alive(), "the API did not start"
            assert time.monotonic() < deadline, "the API did not start in time"
            time.sleep(0.01)
        yield running
    finally:
        for client in running.clients.values():
            client.close()
        server.should_exit = True
        thread.join(START_SECONDS)
        listener.close()


def until(true: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait until `true()` is; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds} seconds"
        time.sleep(0.02)


def assert_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The answer is a problem of this type, with a remedy in words; its document."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    said: dict[str, Any] = answer.json()
    assert said["type"] == f"/problems/{code}"
    assert said["status"] == status
    assert said["title"]
    assert said["detail"].endswith((".", "…")), said["detail"]
    return said
