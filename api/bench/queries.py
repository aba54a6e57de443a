"""SQL of the benchmark: a database of its own, filled by COPY and dropped again.

Here alone a room writes the tables of the others, and only in that database: to have each call
come in as calls do would take days. What the rooms derive, they derive: the roll-ups are counted by
`insights.rollups`, the words' index is PostgreSQL's. A test has the rooms write the same calls, and
compares.
"""

import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from api.bench.invented import Call, Found, Theme, Turn, World
from ingest.base import db
from ingest.base.db import Connection
from ingest.base.errors import BadSetup
from insights.insight import Review
from insights.rollups.queries import rebuild_rollups
from insights.themes.tallies.queries import retally
from transcribe.pii.queries import VERSION

# A database of its own --------------------------------------------------------------------

PREFIX = "earshot_bench_"

SORT_MEMORY = "256MB"
"""For indexes: with PostgreSQL's 64 MB they are sorted on disk."""


@contextmanager
def own_database(url: str) -> Iterator[str]:
    """The address of a new, migrated database on the server of `url`, dropped at the end. Those of
    a benchmark that was killed are dropped first. Raises BadSetup where none may be made."""
    name = f"{PREFIX}{secrets.token_hex(4)}"
    own = urlsplit(url)._replace(path=f"/{name}").geturl()
    with db.connect(url) as conn:
        conn.autocommit = True
        _may_create(conn)
        _drop_left_over(conn)
        conn.execute(f"create database {name}")
        try:
            with db.connect(own) as kept:  # a database that somebody is in is in use
                if kept.execute("select current_database()").fetchone() != (name,):
                    raise BadSetup(
                        "EARSHOT_DATABASE_URL names its database as a parameter: write it as the"
                        " path, postgresql://user:password@host/earshot."
                    )
                kept.commit()
                db.migrate(kept)
                kept.commit()
                yield own
        finally:
            conn.execute(f"drop database {name} with (force)")


def _may_create(conn: Connection) -> None:
    row = conn.execute(
        "select rolcreatedb or rolsuper from pg_roles where rolname = current_user"
    ).fetchone()
    if row != (True,):
        raise BadSetup(
            "This PostgreSQL user may make no database, and the benchmark needs one of its own:"
            " `alter role … createdb`, or leave EARSHOT_DATABASE_URL out."
        )


def _drop_left_over(conn: Connection) -> None:
    """Drop what a killed benchmark left: nobody is in it."""
    rows = conn.execute(
        """select datname from pg_database d
            where starts_with(datname, %s) and pg_has_role(datdba, 'member')
              and not exists (select from pg_stat_activity a where a.datname = d.datname)""",
        [PREFIX],
    ).fetchall()
    for (name,) in rows:
        conn.execute(f'drop database if exists "{name}"')


def size(conn: Connection) -> int:
    """The database's bytes."""
    row = conn.execute("select pg_database_size(current_database())").fetchone()
    assert row is not None, "a function has a row"
    return int(row[0])


def counts(conn: Connection) -> tuple[int, int]:
    """Its turns and its insights."""
    row = conn.execute(
        "select (select count(*) from turn), (select count(*) from insight)"
    ).fetchone()
    assert row is not None, "a count has a row"
    return int(row[0]), int(row[1])


@dataclass(frozen=True, slots=True)
class Sampled:
    """Some of what is there, to be asked for."""

    calls: tuple[tuple[datetime, int], ...]  # anywhere in the list, mined
    insights: tuple[tuple[datetime, int], ...]
    said: tuple[str, ...]


SAMPLES = 1000


def sample(conn: Connection) -> Sampled:
    """The same ones each time."""
    calls = conn.execute(
        """select held_at, id from call where state = 'done'
            order by hashint8(id) limit %s""",
        [SAMPLES],
    ).fetchall()
    insights = conn.execute(
        """select c.held_at, i.id from insight i join call c on c.id = i.call_id
            order by hashint8(i.id) limit %s""",
        [SAMPLES],
    ).fetchall()
    said = conn.execute(
        """select text from turn where call_id = any(%s) and position = 1
             and cardinality(words) > 6""",
        [[call for _, call in calls]],
    ).fetchall()
    return Sampled(tuple(calls), tuple(insights), tuple(text for (text,) in said))


# Filling it -------------------------------------------------------------------------------

_TABLES = {
    "company": "id, name",
    "account": "id, name, value_usd, segment",
    "rep": "id, name",
    "competitor": "id, company_id, name",
    "theme": "id, company_id, name",
    "app_user": "id, name, role",
    "audio": "sha256, size_bytes, seconds, channels, sample_rate, container, codec",
    "call": """id, audio_sha256, company_id, account_id, rep_id, title, filename, uploaded_at,
               held_at, deal_value_usd, stage, outcome, lead_source, campaign, lead_created_at,
               seconds, heard_seconds, channels, state, failure, attempts""",
    "transcript": "call_id, engine, model, language, seconds, masked_by",
    "turn": """call_id, position, speaker, name, channel, voice, start_s, end_s, text, words,
               word_starts, word_ends, word_probabilities""",
    "insight": """id, call_id, turn, kind, label, stance, competitor_id, theme_id, mined_label,
                  meaning, quote, char_start, char_end, start_s, end_s, confidence, detector,
                  version, review""",
    "reviews": "insight_id, call_id, user_id, before_review, before_label, before_stance, review,"
    " label, stance",
}
"""What is copied, in an order in which every row finds what it refers to."""

_LARGE = ("call", "turn", "insight")
"""Their indexes and references are made when the rows are there: that is much quicker."""

_BATCH = 500  # calls copied at a time

REVIEWER = "Bench"


def fill(conn: Connection, known: World, calls: Iterable[Call]) -> None:
    """Put a world and its calls into an empty database; the caller commits."""
    conn.execute(f"set local maintenance_work_mem = '{SORT_MEMORY}'")
    # What is copied into a table that was truncated in the same transaction needs no log.
    conn.execute(f"truncate {', '.join(_TABLES)}, theme_stale cascade")
    with _put_off(conn):
        _copy(conn, "company", enumerate(known.companies, 1))
        _copy(conn, "account", ((a.id, a.name, a.value_usd, a.segment) for a in known.accounts))
        _copy(conn, "rep", enumerate(known.reps, 1))
        _copy(conn, "competitor", ((n, *rival) for n, rival in enumerate(known.rivals, 1)))
        _copy(conn, "theme", ((t.id, t.company, t.name) for t in known.themes))
        _copy(conn, "app_user", [(1, REVIEWER, "product")])
        numbered = 0
        for batch in _batches(calls):
            found = list(enumerate((f for call in batch for f in _in(call)), numbered + 1))
            numbered += len(found)
            _copy_calls(conn, batch, found)
    _count_on(conn)
    _derive(conn)


def _batches(calls: Iterable[Call]) -> Iterator[list[Call]]:
    batch: list[Call] = []
    for call in calls:
        batch.append(call)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    yield batch


def _in(call: Call) -> Iterator[tuple[int, Found]]:
    return ((call.id, found) for found in call.found)


def _copy_calls(
    conn: Connection, calls: Sequence[Call], found: Sequence[tuple[int, tuple[int, Found]]]
) -> None:
    done = [call for call in calls if call.turns]
    _copy(conn, "audio", (_audio(call) for call in calls if call.sound))
    _copy(conn, "call", map(_call, calls))
    _copy(conn, "transcript", map(_transcript, done))
    _copy(conn, "turn", (_turn(call.id, turn) for call in done for turn in call.turns))
    _copy(conn, "insight", (_insight(number, *each) for number, each in found))
    _copy(
        conn,
        "reviews",
        (
            (n, call, 1, Review.UNREVIEWED, f.label, f.stance, f.review, f.label, f.stance)
            for n, (call, f) in found
            if f.review is not Review.UNREVIEWED
        ),
    )


def _copy(conn: Connection, table: str, rows: Iterable[Sequence[Any]]) -> None:
    """Rows of plain values in COPY's text form: nothing that was invented needs an escape, and a
    tenth of the time goes by."""
    lines = ["\t".join([r"\N" if v is None else str(v) for v in row]) for row in rows]
    into = f"copy {table} ({_TABLES[table]}) from stdin"
    with conn.cursor() as cursor, cursor.copy(into.encode()) as copy:
        copy.write("".join(f"{line}\n" for line in lines))


def _sha256(call: Call) -> str:
    return rf"\\x{call.id:064x}"


def _audio(call: Call) -> tuple[Any, ...]:
    return _sha256(call), 16000 * int(call.seconds), call.seconds, 2, 8000, "wav", "pcm_s16le"


def _call(call: Call) -> tuple[Any, ...]:
    account, done = call.account, bool(call.turns)
    return (
        *(call.id, _sha256(call) if call.sound else None, call.company, account.id, call.rep),
        *(call.title, f"{call.id}.{'wav' if call.sound else 'json'}", call.held_at, call.held_at),
        *(call.deal_value_usd, call.stage, call.outcome, account.source, account.campaign),
        *(call.lead_created_at, call.seconds if call.sound else 0),
        *(call.seconds if call.sound and done else 0, 2 if call.sound else 0, call.state),
        *(("The recording is damaged.", 1) if call.state == "failed" else (None, 0)),
    )


def _transcript(call: Call) -> tuple[Any, ...]:
    return call.id, "bench", "bench", "en", call.seconds, VERSION


def _turn(call: int, turn: Turn) -> tuple[Any, ...]:
    side = turn.position % 2
    text = turn.text
    starts, ends = turn.times
    return (
        *(call, turn.position, turn.speaker, None, side, side, starts[0], ends[-1], text),
        "{" + text.replace(" ", ",") + "}",
        *(_numbers(starts), _numbers(ends), _sure(len(starts))),
    )


@cache
def _numbers(numbers: tuple[float, ...]) -> str:
    return "{" + ",".join(map(str, numbers)) + "}"


@cache
def _sure(count: int) -> str:
    return "{" + ",".join(["0.9"] * count) + "}"


@cache
def _meaning(theme: Theme) -> str:
    return _numbers(theme.meaning)


def _insight(number: int, call: int, found: Found) -> tuple[Any, ...]:
    theme = found.theme
    return (
        *(number, call, found.turn, found.kind.value, found.label, found.stance, found.rival),
        *((theme.id, theme.name, _meaning(theme)) if theme else (None, None, None)),
        *(found.quote, found.char_start, found.char_start + len(found.quote)),
        *(found.start, found.end, found.confidence, found.kind.value, found.version, found.review),
    )


@contextmanager
def _put_off(conn: Connection) -> Iterator[None]:
    """Take the large tables' indexes and references away, and make them again at the end."""
    names = list(_LARGE)
    references = conn.execute(
        """select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint
            where contype = 'f' and conrelid = any(%s::regclass[])""",
        [names],
    ).fetchall()
    indexes = conn.execute(
        """select indexrelid::regclass::text, pg_get_indexdef(indexrelid) from pg_index i
            where indrelid = any(%s::regclass[])
              and not exists (select from pg_constraint where conindid = indexrelid)""",
        [names],
    ).fetchall()
    for table, name, _ in references:
        conn.execute(f"alter table {table} drop constraint {name}")
    for name, _ in indexes:
        conn.execute(f"drop index {name}")
    yield
    for _, definition in indexes:
        conn.execute(definition)
    for table, name, definition in references:
        conn.execute(f"alter table {table} add constraint {name} {definition}")


def _count_on(conn: Connection) -> None:
    """Have new rows numbered from behind those that brought their numbers."""
    for table, columns in _TABLES.items():
        if columns.startswith("id,"):
            counter = f"pg_get_serial_sequence('{table}', 'id')"
            conn.execute(f"select setval({counter}, max(id)) from {table}")  # noqa: S608


def _derive(conn: Connection) -> None:
    """What the application makes of these rows."""
    conn.execute(
        """insert into voice (call_id, number, speaker)
           select call_id, side, (array['seller', 'buyer'])[side + 1]
           from transcript cross join generate_series(0, 1) side"""
    )
    conn.execute("analyze")
    conn.execute(
        """insert into mined_call (call_id, day, company_id, account_id, mined_at, rep_id, stage,
                                   lead_source, campaign)
           select id, (held_at at time zone 'UTC')::date, company_id, account_id, held_at, rep_id,
                  stage, lead_source, campaign
           from call where state = 'done' order by id"""
    )
    rebuild_rollups(conn)
    retally(conn)


def settle(conn: Connection) -> None:
    """What PostgreSQL does by itself in time: know how common what is, and which pages all see."""
    conn.autocommit = True
    conn.execute("vacuum analyze")
    conn.execute("checkpoint")
    conn.autocommit = False
