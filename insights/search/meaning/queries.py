"""SQL for search by meaning: vectors of turns in the table `turn_meaning`, by pgvector.

A call's vectors count while `meant_call` says that they are of this encoder, of these rules for
what is private, and of the words as they were when the call was last mined.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
from psycopg.rows import dict_row

from ingest.base import db
from ingest.base.db import Connection
from insights.search.meaning.clauses import Stretch, sentences, stretch
from insights.search.meaning.encoder import VERSION, Vectors, encoder
from insights.search.queries import (
    PARTIES,
    PASSAGES,
    among_sql,
    heads,
    in_time,
    quote_sql,
    quoted_in,
    turn_of,
)
from insights.search.search import (
    Among,
    Found,
    FoundCall,
    NoMeanings,
    NothingSought,
    Order,
    Passage,
    Range,
)
from transcribe.pii import queries as pii
from transcribe.pii.mask import hidden
from transcribe.pii.veil import Veil

NEAREST = 50
"""Turns found at most: what comes after them is hardly what was meant."""

FLOOR = 0.33
"""Cosine below which a turn is not shown. Chosen so that of nonsense hardly a turn is found among
thousands, and of what is wanted among the first ten nine in ten stay: `tests/bench/meaning.py`."""

FEW = 30_000
"""Turns that are compared one by one, which misses none; among more the index finds them."""

BY_INDEX = {
    "hnsw.iterative_scan": "strict_order",  # going on until enough turns pass the filters
    "hnsw.max_scan_tuples": "100000",  # of which one in a hundred passes, or there were few
    "hnsw.scan_mem_multiplier": "8",
    "hnsw.ef_search": "200",  # neighbours in sight: with more it finds more, and takes longer
    "enable_sort": "off",  # the index has them in order, which the planner does not always see
}
"""How PostgreSQL is to find the nearest by the index."""

AT_ONCE = 200
"""Calls that are asked for in one go when they are given their vectors."""

BASIS = f"{VERSION}, masks {pii.VERSION}"

_COUNTS = """join meant_call meant on meant.call_id = t.call_id and meant.version = %(basis)s
join call c on c.id = t.call_id and c.state_since = meant.since"""


class Near(NamedTuple):
    """A turn and how near it comes: the cosine."""

    call_id: int
    position: int
    similarity: float


# Keeping vectors --------------------------------------------------------------------------

_DUE = """c.state = 'done' and not exists (
    select from meant_call meant where meant.call_id = c.id and meant.version = %(basis)s
       and meant.since = c.state_since)"""


def due(conn: Connection) -> list[int]:
    """Some mined calls whose vectors are to be made, those mined last first."""
    rows = conn.execute(
        f"""select c.id from call c join mined_call on mined_call.call_id = c.id
             where {_DUE} order by c.state_since desc limit {AT_ONCE}""",  # noqa: S608 - constants
        {"basis": BASIS},
    )
    return [number for (number,) in rows]


def hold(conn: Connection, call_id: int) -> datetime | None:
    """Let no other worker take the call until the transaction ends; return since when it is as it
    is. None where another has it, or it is not due any more."""
    held = conn.execute(
        "select from transcript where call_id = %s for update skip locked", [call_id]
    )
    if not held.rowcount:
        return None
    # Asked once it is held: a worker that had it till then may just have done it.
    row = conn.execute(
        f"select c.state_since from call c where c.id = %(call)s and {_DUE}",  # noqa: S608 - constants
        {"call": call_id, "basis": BASIS},
    ).fetchone()
    return row[0] if row else None


def said(conn: Connection, call_id: int) -> list[tuple[int, str]]:
    """The call's turns by position, as they read with what is private masked."""
    veil = pii.veil_over(conn, [call_id])
    rows = conn.execute("select position, text from turn where call_id = %s order by 1", [call_id])
    return [(at, _shown(veil, call_id, at, text)) for at, text in rows]


def save(
    conn: Connection, call_id: int, since: datetime, meanings: Iterable[tuple[int, Vectors]]
) -> None:
    """Keep these vectors of a call's turns in place of earlier ones; the caller commits."""
    conn.execute("delete from turn_meaning where call_id = %s", [call_id])
    with conn.cursor() as cursor:
        cursor.executemany(
            "insert into turn_meaning (call_id, position, vector) values (%s, %s, %s::halfvec)",
            [[call_id, at, _literal(vector)] for at, vector in meanings],
        )
    conn.execute(
        """insert into meant_call (call_id, version, since) values (%s, %s, %s)
           on conflict (call_id) do update
               set version = excluded.version, since = excluded.since""",
        [call_id, BASIS, since],
    )


def _literal(vector: Vectors) -> str:
    return f"[{','.join(f'{number:.5g}' for number in vector)}]"


def _shown(veil: Veil, call_id: int, position: int, text: str) -> str:
    turn = veil.calls.get(call_id, {}).get(position)
    return hidden(turn.text, turn.masks) if turn else text


# Finding by them --------------------------------------------------------------------------


def find(conn: Connection, words: str, among: Among, limit: int, *, veiled: bool = False) -> Found:
    """At most `limit` calls with the NEAREST turns to what the words mean, the nearest first. Where
    the search is `veiled`, what is private in them is masked.

    Raises NothingSought, NoMeanings, or TooBroad where the answer would take too long.
    """
    if not any(letter.isalnum() for letter in words):
        raise NothingSought("Say what you look for, in your own words.")
    if missing := db.without_vectors(conn):
        raise NoMeanings(missing)
    sought = encoder().of([words])[0]
    values = asdict(among) | {"basis": BASIS, "vector": _literal(sought)}
    with in_time(conn):
        near = _nearest(conn, values)
        calls = _calls(conn, near, sought, limit, veiled)
    in_calls = len({turn.call_id for turn in near})
    return Found(Order.NEAREST, calls, None, in_calls, len(near))


def _nearest(conn: Connection, values: dict[str, Any]) -> list[Near]:
    passing = conn.execute(few_query(values), values, prepare=False).fetchone()
    assert passing is not None, "a count has a row"
    if passing[0] <= FEW:
        return [Near(*row) for row in conn.execute(each_query(values), values, prepare=False)]
    for name, value in BY_INDEX.items():
        conn.execute(f"set local {name} = {value}".encode())
    near = [Near(*row) for row in conn.execute(index_query(values), values, prepare=False)]
    conn.execute("set local enable_sort = on")
    return [turn for turn in near if turn.similarity >= FLOOR]


def few_query(values: dict[str, Any]) -> str:
    """How many turns pass the filters, counted to where they are no longer few."""
    return f"""select count(*) from (select from turn_meaning t {_COUNTS} {PARTIES}
        where {_where(values)} limit {FEW + 1}) passing"""  # noqa: S608 - constants


def each_query(values: dict[str, Any]) -> str:
    """The nearest turns, each that passes compared."""
    return f"""with compared as materialized (
            select t.call_id, t.position, 1 - (t.vector <=> %(vector)s::halfvec) as similarity
              from turn_meaning t {_COUNTS} {PARTIES} where {_where(values)})
        select * from compared where similarity >= {FLOOR}
         order by similarity desc, call_id desc, position limit {NEAREST}"""  # noqa: S608


def index_query(values: dict[str, Any]) -> str:
    """The nearest turns by the index `turn_meaning_near`."""
    return f"""select t.call_id, t.position, 1 - (t.vector <=> %(vector)s::halfvec)
                 from turn_meaning t {_COUNTS} {PARTIES} where {_where(values)}
                order by t.vector <=> %(vector)s::halfvec limit {NEAREST}"""  # noqa: S608


def _where(values: dict[str, Any]) -> str:
    return f"{among_sql(values)} {quote_sql(values)}"


# What is shown of them --------------------------------------------------------------------


def _calls(
    conn: Connection, near: Sequence[Near], sought: Vectors, limit: int, veiled: bool
) -> tuple[FoundCall, ...]:
    """The calls of these turns, that of the nearest first."""
    of_call: dict[int, list[Near]] = {}
    for turn in near:
        of_call.setdefault(turn.call_id, []).append(turn)
    best = [turn for turns in list(of_call.values())[:limit] for turn in turns[:PASSAGES]]
    passages = _passages(conn, best, sought, veiled)
    told = heads(conn, list(of_call)[:limit])
    return tuple(
        FoundCall(
            **call,
            matches=len(of_call[call["call_id"]]),
            passages=tuple(passages[call["call_id"]]),
            similarity=round(of_call[call["call_id"]][0].similarity, 3),
        )
        for call in told
    )


def _passages(
    conn: Connection, near: Sequence[Near], sought: Vectors, veiled: bool
) -> dict[int, list[Passage]]:
    """The turns by call, as they follow there."""
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            """select t.call_id, t.position, t.speaker, t.name, t.start_s, t.text, t.words,
                      t.word_starts, t.word_ends, wanted.similarity,
                      (select json_agg(json_build_array(i.id, i.kind, i.label)
                                       order by i.char_start, i.id)
                         from insight i where i.call_id = t.call_id and i.turn = t.position
                          and i.review <> 'rejected') as insights
               from unnest(%s::bigint[], %s::integer[], %s::float8[])
                    wanted (call_id, position, similarity)
               join turn t on t.call_id = wanted.call_id and t.position = wanted.position
               order by 1, 2""",
            [list(column) for column in zip(*near, strict=True)] or [[], [], []],
        ).fetchall()
    veil = pii.veil_over(conn, {turn.call_id for turn in near}) if veiled else Veil()
    return {
        call_id: [_passage(row, sought, veil) for row in turns]
        for call_id, turns in groupby(rows, lambda row: row["call_id"])
    }


def _passage(row: dict[str, Any], sought: Vectors, veil: Veil) -> Passage:
    place = row["call_id"], row["position"]
    text = _shown(veil, *place, row["text"])
    found = _nearest_sentence(text, sought)
    first, _ = veil.plain_span(*place, found.start, found.end)
    part: Stretch = stretch(text, found)
    turn = turn_of(row)
    return Passage(
        turn=row["position"],
        speaker=turn.speaker,
        speaker_name=row["name"],
        start=turn.seconds_of(first, first + 1)[0],
        text=part.text,
        marks=(part.mark,),
        insights=quoted_in(row),
        similarity=round(row["similarity"], 3),
    )


def _nearest_sentence(text: str, sought: Vectors) -> Range:
    parts = sentences(text)
    if len(parts) < 2:
        return Range(0, len(text))
    near = encoder().of(text[part.start : part.end] for part in parts) @ sought
    return parts[int(np.argmax(near))]
