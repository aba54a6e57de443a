"""What a narrowed connection sees: one rep's calls, and never anything of others."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import psycopg
import pytest
from fastapi import Request

from api.own import Viewed
from ingest.base import db
from ingest.base.errors import BadSetup
from tests.conftest import AddCall
from tests.ingest.base.test_db import empty as empty
from tests.ingest.base.test_db import other_migrations as other_migrations

WITHOUT_A_VIEW = {
    "company": "the seller's own companies are everybody's; how many calls they have is counted",
    "competitor": "the catalogue is the whole company's, written by people",
    "app_user": "who works here",
    "api_token": "read by its secret, or by admins, who are never bound",
    "web_session": "read by its secret",
    "login_link": "read by its secret",
    "saved_view": "read by its user; a question, no answer",
    "subscription": "read by its user",
    "delivery": "whether a digest arrived, not what it told",
    "signing_key": "of links that unsubscribe",
    "remine": "asked for by admins, who are never bound; its calls have views",
    "webhook_endpoint": "kept by admins, who are never bound; its events have views",
    "retention": "the rule, in days",
    "retention_change": "the rules there were",
    "retention_run": "read by admins, who are never bound; numbers of calls that are gone",
    "leftover": "sound that is no call's",
    "schema_migration": "the schema itself",
}
"""The tables that tell of no call, each with why."""

COLUMNS = """
select column_name, data_type from information_schema.columns
 where table_schema = %s and table_name = %s order by ordinal_position
"""


def tables(conn: db.Connection, kind: str, schema: str) -> set[str]:
    found = conn.execute(
        "select table_name from information_schema.tables"
        " where table_type = %s and table_schema = %s",
        [kind, schema],
    )
    return {name for (name,) in found}


@pytest.fixture
def two_reps(conn: db.Connection, add_call: AddCall) -> tuple[int, int]:
    """A call of Tamsin's and one of Lee's, by id."""
    ours = add_call(rep="Tamsin Rourke", account="Acme").id
    theirs = add_call(rep="Lee", account="Zorn").id
    conn.commit()
    return ours, theirs


def seen(conn: db.Connection, sql: str = "select id from call order by id") -> list[int]:
    return [number for (number,) in conn.execute(sql.encode())]


def test_every_table_has_a_view_or_a_reason(conn: db.Connection) -> None:
    """A new table does not become a leak by being forgotten: see migrations/own.sql."""
    all_tables = tables(conn, "BASE TABLE", "public")
    views = tables(conn, "VIEW", "earshot_own")
    assert views | WITHOUT_A_VIEW.keys() == all_tables
    assert not views & WITHOUT_A_VIEW.keys()


def test_what_refers_to_a_call_has_no_excuse(conn: db.Connection) -> None:
    """Directly or through others: by a foreign key, or by the column `call_id`."""
    refers = conn.execute(
        """with recursive telling as (
               select 'call'::regclass::oid as id
               union select c.conrelid from pg_constraint c join telling on c.confrelid = telling.id
                where c.contype = 'f')
           select id::regclass::text from telling
           union select table_name from information_schema.columns
                  where table_schema = 'public' and column_name = 'call_id'"""
    )
    assert not {name for (name,) in refers} & WITHOUT_A_VIEW.keys()


def test_views_have_their_tables_columns(conn: db.Connection) -> None:
    for name in sorted(tables(conn, "VIEW", "earshot_own")):
        view = conn.execute(COLUMNS, ["earshot_own", name]).fetchall()
        assert view == conn.execute(COLUMNS, ["public", name]).fetchall(), name


def test_a_later_migration_makes_the_views_anew(
    conn: db.Connection, other_migrations: Path
) -> None:
    (other_migrations / "9999_later.sql").write_text(
        "alter table turn add column whispered boolean; alter table call drop column consent;"
        "create table whisper (call_id bigint references call, n int)"
    )
    db.migrate(conn)
    for name in ("turn", "call", "whisper"):
        view = conn.execute(COLUMNS, ["earshot_own", name]).fetchall()
        assert view == conn.execute(COLUMNS, ["public", name]).fetchall(), name
    db.check_schema(conn)


def test_an_owner_who_is_no_superuser_makes_and_reads_them(empty: db.Connection) -> None:
    empty.execute(
        """do $$ begin
               execute format('alter database %I owner to plain_owner', current_database());
           exception when undefined_object then
               create role plain_owner;
               execute format('alter database %I owner to plain_owner', current_database());
           end $$"""
    )
    empty.execute("set session authorization plain_owner")
    db.migrate(empty)
    for name in ("Tamsin", "Lee"):
        empty.execute("insert into rep (name) values (%s)", [name])
    db.narrow(empty, "Lee")
    assert empty.execute("select name from rep").fetchall() == [("Lee",)]
    empty.rollback()


def test_other_views_are_told_apart_and_made_anew(
    conn: db.Connection, other_migrations: Path
) -> None:
    own = other_migrations / db.OWN
    own.write_text(own.read_text() + "\n-- and one more")
    with pytest.raises(BadSetup, match="views are of another Earshot: run `earshot migrate`"):
        db.check_schema(conn)
    assert db.migrate(conn) == []
    db.check_schema(conn)


@pytest.mark.parametrize("name", ["Tamsin Rourke", " tamsin ROURKE  "])
def test_a_rep_is_known_case_and_blanks_aside(
    conn: db.Connection, two_reps: tuple[int, int], name: str
) -> None:
    db.narrow(conn, name)
    assert seen(conn) == [two_reps[0]]
    assert seen(conn, "select count(*) from account") == [1]
    assert seen(conn, "select count(*) from audio") == [1]


@pytest.mark.parametrize("name", ["", " ", "Tamsin", "%", "Tamsin Rourke' or '1'='1"])
def test_who_is_no_rep_sees_nothing(
    conn: db.Connection, two_reps: tuple[int, int], name: str
) -> None:
    db.narrow(conn, name)
    for table in sorted(tables(conn, "VIEW", "earshot_own")):
        assert seen(conn, f"select count(*) from {table}") == [0], table


def test_who_is_not_said_sees_nothing(conn: db.Connection, two_reps: tuple[int, int]) -> None:
    conn.execute("set local search_path = earshot_own, public")
    assert seen(conn) == []


def test_nothing_is_written_of_anothers_call(
    conn: db.Connection, two_reps: tuple[int, int]
) -> None:
    ours, theirs = two_reps
    db.narrow(conn, "Tamsin Rourke")
    assert not conn.execute("update call set title = 'x' where id = %s", [theirs]).rowcount
    assert not conn.execute("delete from call where id = %s", [theirs]).rowcount
    conn.execute("insert into outbox (task, call_id) values ('hear', %s)", [ours])
    with pytest.raises(psycopg.errors.WithCheckOptionViolation):
        conn.execute("insert into outbox (task, call_id) values ('hear', %s)", [theirs])


# -- connections lent -----------------------------------------------------------------------


@pytest.fixture
def one(database_url: str) -> Iterator[db.Pool]:
    """A pool of a single connection: each borrower gets the one that the last gave back."""
    with db.pool(database_url, max_size=1) as pool:
        yield pool


def of(pool: db.Pool, rep: str | None) -> Viewed:
    """The pool of a request whose viewer is bound to that rep."""
    state = SimpleNamespace() if rep is None else SimpleNamespace(rep=rep)
    return Viewed(pool, cast(Request, SimpleNamespace(state=state)))


def test_no_scope_reaches_the_next_borrower(one: db.Pool, two_reps: tuple[int, int]) -> None:
    ours, theirs = two_reps
    for rep, expected in [
        *[("Lee", [theirs]), (None, [ours, theirs]), ("Tamsin Rourke", [ours])],
        *[("nobody", []), ("Lee", [theirs]), (None, [ours, theirs])],
    ]:
        with of(one, rep).connection() as conn:
            assert seen(conn) == expected
        with one.connection() as conn:
            assert seen(conn) == [ours, theirs]
            assert conn.execute("show search_path").fetchone() == ('"$user", public',)
            left = conn.execute("select coalesce(current_setting('earshot.rep', true), '')")
            assert left.fetchone() == ("",)


@pytest.mark.parametrize("sql", ["select 1/0", "select nonsense", "select pg_sleep(9)"])
def test_nor_after_an_error(one: db.Pool, two_reps: tuple[int, int], sql: str) -> None:
    with suppress(psycopg.Error), of(one, "Lee").connection() as conn:
        conn.execute("set local statement_timeout = 50")
        conn.execute(sql.encode())
    with one.connection() as conn:
        assert seen(conn) == list(two_reps)


def test_nor_when_the_borrower_fails(one: db.Pool, two_reps: tuple[int, int]) -> None:
    with suppress(ZeroDivisionError), of(one, "Lee").connection() as conn:
        conn.execute("insert into company (name) values ('dropped')")
        raise ZeroDivisionError
    with one.connection() as conn:
        assert seen(conn) == list(two_reps)
        assert seen(conn, "select count(*) from company where name = 'dropped'") == [0]


def test_a_scope_is_not_lost_half_way(one: db.Pool, two_reps: tuple[int, int]) -> None:
    ours, _ = two_reps
    with of(one, "Tamsin Rourke").connection() as conn:
        with suppress(psycopg.Error), conn.transaction():
            conn.execute("select 1/0")
        assert seen(conn) == [ours]
        with pytest.raises(psycopg.ProgrammingError, match="commit"):
            conn.commit()
        assert seen(conn) == [ours]
        conn.execute("insert into company (name) values ('kept')")
    with one.connection() as conn:
        assert seen(conn, "select count(*) from company where name = 'kept'") == [1]
