"""Connections and migrations on a real PostgreSQL."""

import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from ingest.base import db
from ingest.base.errors import BadSetup, Unavailable

FOLDER = Path(db.__file__).parent / db.MIGRATIONS
NUMBERS = [migration.number for migration in db.migrations()]

CATALOGUE = """
select table_name, column_name, data_type, is_nullable, column_default, is_generated
  from information_schema.columns where table_schema = 'public'
union all select tablename, indexname, indexdef, '', '', '' from pg_indexes
  where schemaname = 'public'
union all select conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', '', ''
  from pg_constraint where connamespace = 'public'::regnamespace
order by 1, 2, 3
"""


@pytest.fixture
def empty(empty_database_url: str) -> Iterator[db.Connection]:
    with db.connect(empty_database_url) as conn:
        yield conn


@pytest.fixture
def other_migrations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the migrations to change."""
    folder = tmp_path / "migrations"
    shutil.copytree(FOLDER, folder)
    monkeypatch.setattr(db, "migrations_folder", lambda: folder)
    return folder


def test_numbers_follow_one_another() -> None:
    assert list(range(1, len(NUMBERS) + 1)) == NUMBERS


def test_a_schema_is_made_from_scratch_and_only_once(empty: db.Connection) -> None:
    assert db.migrate(empty) == NUMBERS
    made = empty.execute(CATALOGUE).fetchall()
    assert {"call", "turn", "insight", "outbox"} <= {row[0] for row in made}
    db.check_schema(empty)
    assert db.migrate(empty) == []
    assert empty.execute(CATALOGUE).fetchall() == made


def test_a_later_migration_is_applied_alone(conn: db.Connection, other_migrations: Path) -> None:
    later = len(NUMBERS) + 1
    (other_migrations / f"{later:04}_later.sql").write_text("create table later (n int)")
    with pytest.raises(BadSetup, match=rf"lacks migration {later:04} \(later\): run `earshot migr"):
        db.check_schema(conn)
    assert db.migrate(conn) == [later]
    db.check_schema(conn)


def test_without_the_extension_all_else_is_made(empty: db.Connection) -> None:
    """A role that may not create it, as on most servers: the next migration tries again."""
    empty.execute(
        """do $$ begin
               create role owner_alone;
           exception when duplicate_object then null;
           end $$"""
    )
    empty.execute(
        "do $$ begin execute format('alter database %I owner to owner_alone', current_database());"
        " end $$"
    )
    empty.execute("set session authorization owner_alone")
    assert db.migrate(empty) == NUMBERS
    db.check_schema(empty)
    assert "superuser run `create extension vector`" in str(db.without_vectors(empty))
    empty.execute("reset session authorization")
    empty.execute("create extension vector")
    empty.execute("set session authorization owner_alone")
    assert db.migrate(empty) == []
    assert db.without_vectors(empty) is None
    found = empty.execute("select to_regclass('earshot_own.turn_meaning')::text").fetchone()
    assert found == ("earshot_own.turn_meaning",)
    empty.rollback()


def test_too_old_an_extension_is_told(empty: db.Connection) -> None:
    empty.execute("create extension vector")
    empty.execute("update pg_extension set extversion = '0.7.4' where extname = 'vector'")
    assert db.migrate(empty) == NUMBERS
    assert "bring pgvector from 0.7.4 to 0.8" in str(db.without_vectors(empty))
    empty.execute("update pg_extension set extversion = '0.10.1' where extname = 'vector'")
    assert db.migrate(empty) == []
    assert db.without_vectors(empty) is None


def test_calls_heard_before_voices_were_kept_get_theirs(
    empty: db.Connection, other_migrations: Path
) -> None:
    later = [path for path in other_migrations.glob("*.sql") if path.name >= "0008"]
    kept = {path: path.read_text() for path in later}
    for path in later:
        path.unlink()
    db.migrate(empty)
    empty.execute(
        """
        insert into company (name) values ('Acme');
        insert into audio (sha256, size_bytes, seconds, channels, sample_rate, container, codec)
        values (decode(repeat('ab', 32), 'hex'), 9, 9, 2, 8000, 'wav', 'pcm');
        insert into call (audio_sha256, company_id, title, filename, held_at)
        select sha256, company.id, 'Heard', 'a.wav', now() from audio, company;
        insert into call (company_id, title, filename, held_at)
        select id, 'Brought', 'b.json', now() from company;
        insert into transcript (call_id, engine, model, seconds) select id, '', '', 9 from call;
        insert into turn (call_id, position, speaker, channel, text)
        select call.id, n, (array['seller', 'buyer', 'buyer', 'unknown'])[n + 1],
               (array[0, 1, 1, 0])[n + 1], 'Yes.' from call, generate_series(0, 3) as n;
        """
    )
    for path, text in kept.items():
        path.write_text(text)
    db.migrate(empty)
    voices = empty.execute(
        "select title, number, speaker, confidence, by_person from voice join call on id = call_id"
        " order by number"
    ).fetchall()
    assert voices == [("Heard", 0, "seller", None, False), ("Heard", 1, "buyer", None, False)]
    turns = empty.execute("select distinct channel, voice from turn order by 1").fetchall()
    assert turns == [(0, 0), (1, 1)]


def test_a_migration_that_fails_leaves_nothing(conn: db.Connection, other_migrations: Path) -> None:
    first, second = len(NUMBERS) + 1, len(NUMBERS) + 2
    (other_migrations / f"{first:04}_fine.sql").write_text("create table fine (n int)")
    (other_migrations / f"{second:04}_wrong.sql").write_text("create table wrong (n nonsense)")
    with pytest.raises(psycopg.errors.UndefinedObject):
        db.migrate(conn)
    assert conn.execute("select to_regclass('fine')").fetchone() == (None,)


def test_an_altered_migration_is_refused(conn: db.Connection, other_migrations: Path) -> None:
    first = next(other_migrations.glob("0001_*.sql"))
    first.write_text(first.read_text() + "\n-- a harmless remark")
    for act in (db.migrate, db.check_schema):
        with pytest.raises(BadSetup, match=r"0001 .* was altered after it had been applied"):
            act(conn)


def test_a_newer_schema_is_refused(conn: db.Connection) -> None:
    conn.execute("insert into schema_migration values (4711, 'from_the_future', 'abc')")
    for act in (db.migrate, db.check_schema):
        with pytest.raises(BadSetup, match=r"newer than this Earshot.*4711 \(from_the_future\)"):
            act(conn)


def test_an_empty_database_is_told_apart(empty: db.Connection) -> None:
    with pytest.raises(BadSetup, match="no schema yet: run `earshot migrate`"):
        db.check_schema(empty)


def test_processes_may_migrate_at_once(empty_database_url: str) -> None:
    barrier = threading.Barrier(4)

    def migrate(_: int) -> list[int]:
        with db.connect(empty_database_url) as conn:
            barrier.wait()
            return db.migrate(conn)

    with ThreadPoolExecutor() as threads:
        done = sorted(threads.map(migrate, range(4)))
    assert done == [[], [], [], NUMBERS]


# -- connections ----------------------------------------------------------------------------


def test_times_are_in_utc(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGTZ", "Asia/Tokyo")
    with db.connect(database_url) as conn:
        assert conn.execute("show time zone").fetchone() == ("UTC",)
    with db.pool(database_url) as pool, pool.connection() as conn:
        assert conn.execute("show time zone").fetchone() == ("UTC",)


def test_leaving_a_block_commits_and_an_error_rolls_back(pool: db.Pool) -> None:
    with pool.connection() as conn:
        conn.execute("insert into company (name) values ('kept')")
    with suppress(ZeroDivisionError), pool.connection() as conn:
        conn.execute("insert into company (name) values ('dropped')")
        raise ZeroDivisionError
    with pool.connection() as conn:
        assert conn.execute("select name from company").fetchall() == [("kept",)]


def test_a_pool_outlives_its_connections(pool: db.Pool, conn: db.Connection) -> None:
    """As when PostgreSQL is restarted: who comes next gets one that works."""
    with pool.connection() as lent:
        pid = lent.info.backend_pid
        conn.execute("select pg_terminate_backend(%s)", [pid])
        with pytest.raises(db.Outage):
            lent.execute("select 1")
    with pool.connection() as lent:
        assert lent.execute("select 1").fetchone() == (1,)


@pytest.mark.parametrize(
    ("url", "error", "words"),
    [
        ("postgresql://me:sesame@127.0.0.1:1/earshot", Unavailable, "127.0.0.1, database earshot"),
        ("postgresql://me:sesame@/x?host=/nowhere", Unavailable, "start it, or set EARSHOT_"),
        ("postgresql://me:sesame@nowhere.invalid/x", Unavailable, "nowhere.invalid"),
        ("mysql://me:sesame@localhost/x", BadSetup, "not a PostgreSQL address"),
        ("postgresql://me:sesame@localhost/x?no=such", BadSetup, "not a PostgreSQL address"),
        ("host=localhost password=sesame", BadSetup, "not a PostgreSQL address"),
        ("", BadSetup, "not a PostgreSQL address"),
    ],
)
def test_no_connection_says_where_and_keeps_the_password(
    url: str, error: type[Exception], words: str
) -> None:
    for connect in (db.connect, lambda url: db.pool(url).__enter__()):
        with pytest.raises(error, match=words) as raised:
            connect(url)
        assert "sesame" not in str(raised.value)
