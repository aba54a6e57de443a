"""The app on a real database, asked as a browser asks, and a real Chromium."""

from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient

from api import auth
from api.app import create_app
from api.users import Role
from ingest.base.db import Connection
from ingest.base.settings import Settings
from ingest.store import Store, open_store

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
