"""SQL that gives the benchmark's turns their vectors, without encoding each."""

from ingest.base import db
from ingest.base.db import Connection
from insights.search.meaning.encoder import encoder
from insights.search.meaning.queries import BASIS

CALLS = 10_000
"""At most so many calls get vectors, some 300,000 turns: an index of more takes long to make."""

POOL = 2000
"""Turns that are encoded; the vector of any other is half one's of these and half another's."""

INDEX_MEMORY = "1GB"
"""An index that does not fit in there is made several times as slowly."""


def fill(conn: Connection) -> int:
    """Give turns vectors; how many. None where PostgreSQL lacks pgvector. The caller commits."""
    if db.without_vectors(conn):
        return 0
    conn.execute("create temp table pool (n integer primary key, vector halfvec(384))")
    texts = conn.execute(
        "select text from turn where cardinality(words) > 3 order by call_id, position limit %s",
        [POOL],
    ).fetchall()
    vectors = encoder().of(text for (text,) in texts)
    with conn.cursor() as cursor:
        cursor.executemany(
            "insert into pool (n, vector) values (%s, %s::halfvec)",
            [[n, str(vector.tolist())] for n, vector in enumerate(vectors)],
        )
    index = conn.execute("select pg_get_indexdef('turn_meaning_near'::regclass)").fetchall()[0][0]
    conn.execute("drop index turn_meaning_near")
    filled = conn.execute(
        """insert into turn_meaning (call_id, position, vector)
           select call_id, position, l2_normalize(one.vector + other.vector)
             from turn
             join pool one on one.n = mod(call_id * 7919 + position * 104729, %(pool)s)
             join pool other on other.n = mod(call_id * 15485863 + position * 31, %(pool)s)
            where call_id <= (select min(call_id) + %(calls)s - 1 from turn)""",
        {"pool": len(texts), "calls": CALLS},
    ).rowcount
    conn.execute(
        """insert into meant_call (call_id, version, since)
           select id, %s, state_since from call
            where id in (select call_id from turn_meaning)""",
        [BASIS],
    )
    conn.execute(f"set local maintenance_work_mem = '{INDEX_MEMORY}'")
    conn.execute("set local max_parallel_maintenance_workers = 0")  # shared memory may be scarce
    conn.execute(index)
    return filled
