"""A small invented house, filled once."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from api.bench import invented, queries
from ingest.base import db
from ingest.base.settings import Settings

TODAY = datetime(2026, 11, 20, 15, tzinfo=UTC)
CALLS = 300


@pytest.fixture(scope="module")
def known() -> invented.World:
    return invented.world(CALLS)


@pytest.fixture(scope="module")
def filled_url(servers: Settings, known: invented.World) -> Iterator[str]:
    with queries.own_database(servers.database_url) as url:
        with db.connect(url) as conn:
            queries.fill(conn, known, invented.calls(known, CALLS, TODAY))
            conn.commit()
            queries.settle(conn)
        yield url


@pytest.fixture
def filled(filled_url: str) -> Iterator[db.Connection]:
    """A connection to it; what a test changes is taken back."""
    with db.connect(filled_url) as conn:
        yield conn
        conn.rollback()
