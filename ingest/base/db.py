"""PostgreSQL's door: connections, pools and migrations."""

import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, NamedTuple, Protocol

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import ConnectionPool

from ingest.base.errors import BadSetup, Unavailable

Connection = psycopg.Connection[Any]

Outage = psycopg.OperationalError
"""What a query raises when the database goes away, and a pool that waits for it in vain."""

PASSING = ("08", "53", "57", "58")
"""SQLSTATE classes that say nothing of what was asked: the connection broke, the server is short of
disk, memory or connections, is told to end, or its system fails."""

CONNECT_SECONDS = 10
"""Longest wait for a connection: a server that takes longer is away."""

MIGRATION_LOCK = 0x45617273686F74  # "Earshot": the advisory lock that lets one process migrate

MIGRATIONS = "migrations"

OWN = "own.sql"
"""Beside the migrations: the views through which one rep's calls are all there are."""

MEANING = "meaning.sql"
"""Beside the migrations: the one table that needs an extension."""

_NO_VECTORS = (
    psycopg.errors.FeatureNotSupported,  # not on this server, or too old
    psycopg.errors.UndefinedFile,
    psycopg.errors.UndefinedObject,  # in a schema that is not looked into
    psycopg.errors.InsufficientPrivilege,
)
"""What the server says where that extension cannot be had."""

SCHEMES = ("postgresql://", "postgres://")


class Pool(Protocol):
    """Lends connections."""

    def connection(self, timeout: float | None = None) -> AbstractContextManager[Connection]:
        """One connection, whose transaction is committed at the end of the block."""


class Migration(NamedTuple):
    """One numbered SQL file; `checksum` is the SHA-256 of its bytes in hex."""

    number: int
    name: str
    sql: str
    checksum: str


def connect(url: str) -> Connection:
    """Open a connection whose times are in UTC; the caller commits. Raises Unavailable."""
    with _reachable(url):
        connection = psycopg.connect(url, connect_timeout=CONNECT_SECONDS)
    _set_up(connection)
    return connection


def passes(error: Outage) -> bool:
    """Whether the same query may go well once the server is: not where the query is to blame."""
    return error.sqlstate is None or error.sqlstate.startswith(PASSING)


def told(error: Outage) -> str:
    """What to do about one that passes; its own words are the server's, and name its files."""
    if isinstance(error, psycopg.errors.DiskFull):
        return "The disk of the database is full: free some of it."
    return "The database broke off: see that its server runs, and has memory and connections left."


@contextmanager
def pool(url: str, max_size: int = 4) -> Iterator[Pool]:
    """Yield a pool of up to `max_size` connections, each checked before it is lent.

    `with pool.connection() as conn:` commits at its end. Raises Unavailable.
    """
    connections: ConnectionPool[Connection] = ConnectionPool(
        url,
        min_size=1,
        max_size=max_size,
        open=False,
        timeout=CONNECT_SECONDS,
        kwargs={"connect_timeout": CONNECT_SECONDS},
        configure=_set_up,
        check=ConnectionPool.check_connection,
    )
    connect(url).close()  # the pool itself would only say that it timed out
    with connections:
        yield connections


def narrow(conn: Connection, rep: str) -> None:
    """Until its transaction ends, have the connection see this rep's calls and what is made of
    them, as if there were no others."""
    conn.execute(
        """select set_config('earshot.rep', %s, true),
                  set_config('search_path', 'earshot_own, ' || current_setting('search_path'),
                             true)""",
        [rep],
    )


def migrate(conn: Connection) -> list[int]:
    """Bring the schema up to date in one transaction; return the numbers applied. What needs
    pgvector is left out where that cannot be had: `without_vectors` tells.

    Safe in two processes at once. Raises BadSetup where the schema is newer than this code or
    an applied file was altered.
    """
    with conn.transaction():
        conn.execute("select pg_advisory_xact_lock(%s)", [MIGRATION_LOCK])
        conn.execute(
            """create table if not exists schema_migration (
                   number integer primary key, name text not null, checksum text not null,
                   applied_at timestamptz not null default now())"""
        )
        missing = _missing(conn)
        old_views = missing or not _has_own_views(conn)
        if old_views:
            conn.execute("drop schema if exists earshot_own cascade")
        for migration in missing:
            conn.execute(migration.sql.encode())
            conn.execute(
                "insert into schema_migration (number, name, checksum) values (%s, %s, %s)",
                [migration.number, migration.name, migration.checksum],
            )
        if _make_meaning(conn) or old_views:
            _make_own_views(conn)
    return [migration.number for migration in missing]


def check_schema(conn: Connection) -> None:
    """Raise BadSetup unless the schema is exactly the one this code was written for."""
    found = conn.execute("select to_regclass('schema_migration')").fetchone()
    if found is None or found[0] is None:
        raise BadSetup("The database has no schema yet: run `earshot migrate`.")
    if missing := _missing(conn):
        raise BadSetup(
            f"The database lacks migration {missing[0].number:04} ({missing[0].name}): "
            "run `earshot migrate`."
        )
    if not _has_own_views(conn):
        raise BadSetup("The database's views are of another Earshot: run `earshot migrate`.")


def without_vectors(conn: Connection) -> str | None:
    """Why meanings cannot be kept here, and what to do about it; None where they can."""
    if _has_meaning(conn):
        return None
    row = conn.execute(
        "select installed_version from pg_available_extensions where name = 'vector'"
    ).fetchone()
    if row is None:
        todo = "install pgvector 0.8 or later on the PostgreSQL server"
    elif row[0] is None:
        todo = "have a superuser run `create extension vector` in Earshot's database"
    else:
        todo = f"bring pgvector from {row[0]} to 0.8 or later (`alter extension vector update`)"
    return f"Search by meaning needs pgvector: {todo}, then run `earshot migrate`."


def migrations_folder() -> Traversable:
    """Where the numbered SQL files lie, also in an installed package."""
    return resources.files(__package__) / MIGRATIONS


def migrations() -> list[Migration]:
    """The numbered SQL files of this code, in their order."""
    files = [file for file in migrations_folder().iterdir() if file.name[:1].isdigit()]
    return sorted(_migration(file.name, file.read_bytes()) for file in files)


def _migration(filename: str, content: bytes) -> Migration:
    number, _, name = filename.removesuffix(".sql").partition("_")
    checksum = hashlib.sha256(content).hexdigest()
    return Migration(int(number), name, content.decode(), checksum)


def _missing(conn: Connection) -> list[Migration]:
    """The migrations not yet applied. Raises BadSetup where applied ones are not this code's."""
    rows = conn.execute("select number, name, checksum from schema_migration order by number")
    applied = {number: (name, checksum) for number, name, checksum in rows}
    known = {migration.number: migration for migration in migrations()}
    for number, (name, checksum) in applied.items():
        if number not in known:
            raise BadSetup(
                f"The database is newer than this Earshot: it has migration {number:04} ({name}), "
                "unknown here. Install the version of Earshot that made it, or a later one."
            )
        if checksum != known[number].checksum:
            raise BadSetup(
                f"Migration {number:04} ({name}) was altered after it had been applied: "
                "put the file back and make the change in a new migration."
            )
    return [migration for number, migration in known.items() if number not in applied]


def _own_views() -> tuple[str, str]:
    """Their SQL and its checksum."""
    file = migrations_folder() / OWN
    sql = file.read_text() if file.is_file() else ""
    return sql, hashlib.sha256(sql.encode()).hexdigest()


def _has_own_views(conn: Connection) -> bool:
    found = conn.execute("select obj_description(to_regnamespace('earshot_own'), 'pg_namespace')")
    return found.fetchone() == (_own_views()[1],)


def _has_meaning(conn: Connection) -> bool:
    """Whether the table is there, with its column, which goes when the extension is dropped."""
    row = conn.execute(
        """select from pg_attribute where attrelid = to_regclass('turn_meaning')
              and attname = 'vector' and not attisdropped"""
    )
    return row.fetchone() is not None


def _make_meaning(conn: Connection) -> bool:
    """Make the table if it is not there; whether it was made now."""
    file = migrations_folder() / MEANING
    if _has_meaning(conn) or not file.is_file():
        return False
    try:
        with conn.transaction():
            conn.execute(file.read_text().encode())
    except _NO_VECTORS:
        return False
    return True


def _make_own_views(conn: Connection) -> None:
    sql, checksum = _own_views()
    conn.execute("drop schema if exists earshot_own cascade")
    if sql:
        conn.execute(sql.encode())
        conn.execute(f"comment on schema earshot_own is '{checksum}'".encode())


def _set_up(connection: Connection) -> None:
    connection.autocommit = True
    connection.execute("set time zone 'UTC'")
    connection.execute("set jit = off")  # compiling takes longer than any query here should
    connection.autocommit = False


@contextmanager
def _reachable(url: str) -> Iterator[None]:
    """Turn psycopg's refusal to connect into one sentence that holds no password."""
    try:
        if not url.startswith(SCHEMES):
            raise psycopg.ProgrammingError
        yield
    except psycopg.ProgrammingError as error:
        raise BadSetup(
            "EARSHOT_DATABASE_URL is not a PostgreSQL address: "
            "write it like postgresql://user:password@host/earshot."
        ) from error
    except psycopg.OperationalError as error:
        parts = conninfo_to_dict(url)
        where = f"{parts.get('host', 'localhost')}, database {parts.get('dbname', '')}"
        reason = str(error).strip().splitlines()[-1] if str(error).strip() else "no answer"
        password = str(parts.get("password") or "")
        reason = reason.replace(password, "…") if password else reason
        raise Unavailable(
            f"No connection to PostgreSQL at {where} ({reason}): "
            "start it, or set EARSHOT_DATABASE_URL right."
        ) from error
