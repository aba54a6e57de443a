"""The real servers, one set a pytest process: PostgreSQL and Valkey as Earshot brings them."""

import hashlib
import itertools
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import hypothesis
import pytest

from ingest import queries
from ingest.base import db, queue
from ingest.base.services import embedded
from ingest.base.settings import Settings
from ingest.base.settings import settings as read_settings
from ingest.calls import Audio, Call, CallDetails

# A busy machine is no failure: pytest's own timeout ends what hangs.
hypothesis.settings.register_profile(
    "patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("patient")

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)

AddCall = Callable[..., Call]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first: begun last, one would run for minutes beside an idle core."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(autouse=True, scope="session")
def no_settings_of_this_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests must not reach a server or a home that a developer's environment names, nor the home
    that is used without one, where another reader may have been promoted."""
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.startswith(("EARSHOT_", "PG")):
                patch.delenv(name)
        patch.setenv("EARSHOT_HOME", str(tmp_path_factory.mktemp("nobody")))
        yield


MEMORY = Path("/dev/shm")
ROOM = 4 * 2**30


@pytest.fixture(scope="session")
def servers() -> Iterator[Settings]:
    """Embedded servers of this pytest process, with an empty migrated database; in memory where
    there is room, for to make and drop a database is to make and drop a thousand files."""
    room = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM
    folder = TemporaryDirectory(prefix="earshot-", dir=MEMORY if room else None)
    with folder as home, embedded(Settings(home=Path(home))) as settings:
        with db.connect(settings.database_url) as conn:
            db.migrate(conn)
            conn.commit()
            conn.autocommit = True
            for name in ("fsync", "full_page_writes", "synchronous_commit"):
                conn.execute(f"alter system set {name} = off".encode())  # nothing here must last
            conn.execute("select pg_reload_conf()")
        yield settings


@contextmanager
def _database(servers: Settings, template: str) -> Iterator[str]:
    """A copy of a database of these servers, dropped at the end."""
    name = f"test_{secrets.token_hex(4)}"
    with db.connect(_of(servers, "postgres")) as conn:
        conn.autocommit = True
        conn.execute(f"create database {name} template {template} strategy file_copy")
        try:
            yield _of(servers, name)
        finally:
            conn.execute(f"drop database {name} with (force)")


def _of(servers: Settings, database: str) -> str:
    return servers.database_url.replace("@/earshot?", f"@/{database}?")


@pytest.fixture
def empty_database_url(servers: Settings) -> Iterator[str]:
    """A fresh database without any table."""
    with _database(servers, "template1") as url:
        yield url


@pytest.fixture
def database_url(servers: Settings) -> Iterator[str]:
    """A fresh migrated database."""
    with _database(servers, "earshot") as url:
        yield url


@pytest.fixture
def conn(database_url: str) -> Iterator[db.Connection]:
    """A connection to a fresh migrated database."""
    with db.connect(database_url) as connection:
        yield connection


@pytest.fixture
def pool(database_url: str) -> Iterator[db.Pool]:
    """A pool of connections to a fresh migrated database."""
    with db.pool(database_url) as connections:
        yield connections


@pytest.fixture
def broker(servers: Settings) -> str:
    """The address of a real Valkey; the queues on it are this test's alone."""
    queue.use(servers)
    with queue.app.connection_for_write(servers.broker_url) as connection:
        for name in (queue.HEARING, queue.MINING, queue.UPKEEP, queue.SENDING):
            connection.default_channel.queue_purge(name)
    return servers.broker_url


@pytest.fixture
def settings(
    tmp_path: Path, database_url: str, broker: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Settings]:
    """Settings with a home, a database and a broker of this test's own, also where the code
    reads them from the environment."""
    monkeypatch.setenv("EARSHOT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("EARSHOT_DATABASE_URL", database_url)
    monkeypatch.setenv("EARSHOT_BROKER_URL", broker)
    read_settings.cache_clear()
    queue.use(read_settings())
    yield read_settings()
    read_settings.cache_clear()


@pytest.fixture
def reviewer(conn: db.Connection) -> int:
    """The id of somebody who reviews insights."""
    row = conn.execute(
        "insert into app_user (name, role) values ('Rhea Moss', 'product') returning id"
    ).fetchone()
    assert row is not None
    number: int = row[0]
    return number


@pytest.fixture
def add_call(conn: db.Connection) -> AddCall:
    """Add a call: `add_call(account="Acme")`; each has other audio. The caller commits."""
    numbers = itertools.count()

    def add(seconds: float = 60.0, *, sound: bool = True, **details: Any) -> Call:
        sha256 = hashlib.sha256(str(next(numbers)).encode()).hexdigest()
        audio = Audio(sha256, 1000, seconds, 2, 16000, "wav", "pcm_s16le")
        return queries.add_call(
            conn, audio if sound else None, "call.wav", CallDetails(**details), NOON
        )

    return add
