"""A running API with a database and a store of its own."""

from collections.abc import Iterator

import pytest

from api.auth import create_token, create_user
from api.users import Role
from ingest.base import db
from ingest.base.settings import Settings
from tests.api.running import Api, serve


@pytest.fixture
def secrets(settings: Settings) -> dict[Role, str]:
    """A token for each role, each of another user."""
    with db.connect(settings.database_url) as conn:
        made = {
            role: create_token(conn, create_user(conn, f"a {role} user", role), "test")[0]
            for role in Role
        }
        conn.commit()
    return made


@pytest.fixture
def api(settings: Settings, secrets: dict[Role, str]) -> Iterator[Api]:
    """A running API."""
    with serve(settings, secrets) as running:
        yield running
