"""SQL for search: words and phrases in what was said.

The index `turn_search` knows in which turns a word is, and neither their order in time nor their
rank. Up to RANKED turns are therefore fetched by it, ranked and counted; of words that are in more
of them, the calls are listed newest first. Up to GATHERED turns are fetched by it for that as
well. Words that are in more of them are soon met by walking the calls from the newest; others are
not: a word in one call of a hundred is met in two thousand calls of thirty turns each.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import dict_row

from ingest.base.db import Connection
from insights.counting import counting
from insights.insight import Kind
from insights.search.passages import START, STOP, shown
from insights.search.search import (
    Among,
    Found,
    FoundCall,
    NothingSought,
    Order,
    Passage,
    Place,
    Quoted,
    TooBroad,
)
from transcribe.pii.queries import VERSION
from transcribe.transcript import Speaker, Turn, Word

RANKED = 1000
"""Matching turns that are ranked: fetching and ranking them takes some 20 ms. Where there are
more, every second page would show the word, and the newest calls tell most."""

GATHERED = 6000
"""Matching turns whose calls are sorted by time. With 100,000 calls fetching so many takes as long
as walking from the newest call till a page is full of a word that is in so many: some 60 ms."""

PASSAGES = 3
"""Of a call: enough to see what it is about, and the page stays one of calls."""

MOST_SECONDS = 5
"""What one statement may take: beyond it nobody waits, and others do."""

_HEADLINE = (
    f"StartSel={START}, StopSel={STOP}, MaxFragments=1, MinWords=15, MaxWords=45, ShortWord=0"
)

_CONDITIONS = {
    "company": "lower(co.name) = lower(%(company)s)",
    "account": "lower(a.name) = lower(%(account)s)",
    "segment": "lower(a.segment) = lower(%(segment)s)",
    "stage": "lower(c.stage) = lower(%(stage)s)",
    "rep": "lower(r.name) = lower(%(rep)s)",
    "lead_source": "lower(c.lead_source) = lower(%(lead_source)s)",
    "campaign": "lower(c.campaign) = lower(%(campaign)s)",
    "since": "c.held_at >= %(since)s",
    "until": "c.held_at < %(until)s",
}

_IN_QUOTE = {"kind": "i.kind = %(kind)s", "label": "lower(i.label) = lower(%(label)s)"}

PARTIES = """join company co on co.id = c.company_id
left join account a on a.id = c.account_id
left join rep r on r.id = c.rep_id"""

_SAID = "t.search @@ %(query)s::tsquery"


class _Turn(NamedTuple):
    """A turn, by its key."""

    call_id: int
    position: int


class _Page(NamedTuple):
    """The calls of a page and one more, if there is one; how many there are in all, if known."""

    places: list[Place]
    in_calls: int | None = None
    in_turns: int | None = None


def find(
    conn: Connection,
    words: str,
    among: Among,
    after: Place | None,
    limit: int,
    *,
    veiled: bool = False,
) -> Found:
    """At most `limit` calls in which the words are, going on `after` a place. Where the search is
    `veiled`, turns with something private in them are not looked through: a hit would tell it.

    `words` as in web searches: all of them, a "phrase", this or that, -without. Raises
    NothingSought, or TooBroad where the answer would take too long.
    """
    query = parsed(conn, words)
    values = asdict(among) | {"query": query, "limit": limit + 1}
    values |= {"veiled": veiled, "rules": VERSION}
    with in_time(conn):
        hits = None if surely_many(conn, query) else _looked_up(conn, query)
        order = _order(hits, after)
        if hits is None:
            page = _newest(conn, values, after)
        elif order is Order.NEWEST:
            page = _newest_of(conn, values, hits, after)
        else:
            page = _ranked(conn, values, hits, after)
        calls = _calls(conn, values, [place.call_id for place in page.places[:limit]])
    return Found(
        order=order,
        calls=calls,
        more=page.places[limit - 1] if len(page.places) > limit else None,
        in_calls=page.in_calls,
        in_turns=page.in_turns,
    )


def parsed(conn: Connection, words: str) -> str:
    """What is looked for, as a tsquery. Without quotation marks words like "the" and "not" are
    left out; in them every word counts. Raises NothingSought."""
    exact = '"' in words
    row = conn.execute(
        """select query::text, querytree(query)
             from websearch_to_tsquery(%s::regconfig, %s) query""",
        ["spoken" if exact else "english", words],
    ).fetchone()
    assert row is not None, "a call of a function has a row"
    query, indexed = row
    if not query:
        hint = "" if exact else ": put them in quotation marks to find them word by word"
        said = f"“{words.strip()}” has only words that are in every call{hint}."
        raise NothingSought(said if words.strip(' "-') else "Say which words you look for.")
    if indexed == "T":
        raise NothingSought("Say also what is to be there, not only what is not.")
    return str(query)


def _order(hits: Sequence[_Turn] | None, after: Place | None) -> Order:
    """By relevance where there are few; a list that was begun keeps its order though turns may come
    in."""
    if after is not None:
        return Order.NEWEST if after.rank is None or hits is None else Order.RELEVANCE
    return Order.NEWEST if hits is None or len(hits) > RANKED else Order.RELEVANCE


def surely_many(conn: Connection, query: str) -> bool:
    """Whether one word is, by the table's statistics, in far more turns than are gathered, so that
    the index need not look them all up. Of phrases the statistics know too little."""
    row = conn.execute("select numnode(%s::tsquery)", [query]).fetchone()
    if row != (1,):
        return False
    explain = f"explain (format json) select 1 from turn t where {_SAID}"  # noqa: S608
    row = conn.execute(explain, {"query": query}, prepare=False).fetchone()
    assert row is not None, "a plan has a row"
    turns: int = row[0][0]["Plan"]["Plan Rows"]
    return turns > 2 * GATHERED


CANDIDATES = f"select t.call_id, t.position from turn t where {_SAID} limit %(most)s"  # noqa: S608


@contextmanager
def by_index(conn: Connection) -> Iterator[None]:
    """Have a statement use the index, also where its phrase is thought to be far more common than
    it is, so that reading the table until some are found would seem to be quicker."""
    conn.execute("set local enable_seqscan = off")
    yield
    conn.execute("set local enable_seqscan = on")


def _looked_up(conn: Connection, query: str) -> list[_Turn] | None:
    """Where the words are; None where that is in too many turns to be gathered. Of a phrase the
    index knows its words alone: each turn with all of them is read, so fewer are."""
    most = RANKED if "<" in query else GATHERED
    with by_index(conn):
        values = {"query": query, "most": most + 1}
        rows = conn.execute(CANDIDATES, values, prepare=False).fetchall()
    return None if len(rows) > most else list(map(_Turn._make, rows))


def newest_query(values: dict[str, Any], after: Place | None) -> str:
    """The calls in which the words are, the newest first."""
    going_on = "and (c.held_at, c.id) < (%(held_at)s, %(call_id)s)" if after else ""
    return f"""select c.held_at, c.id from call c {PARTIES}
               where {among_sql(values)} {going_on}
                 and exists (select 1 from turn t where t.call_id = c.id
                             and {_SAID} {_looked_through(values)})
               order by c.held_at desc, c.id desc limit %(limit)s"""  # noqa: S608 - constants


def _newest(conn: Connection, values: dict[str, Any], after: Place | None) -> _Page:
    given = values | (asdict(after) if after else {})
    # Side by side, each worker would walk on while another one has the page full.
    conn.execute("set local max_parallel_workers_per_gather = 0")
    # Planned anew for these words: a plan for any words would not know how common they are.
    rows = conn.execute(newest_query(values, after), given, prepare=False)
    return _Page([Place(*row) for row in rows])


def _newest_of(
    conn: Connection, values: dict[str, Any], hits: Sequence[_Turn], after: Place | None
) -> _Page:
    """Of some turns the calls, the newest first."""
    given = values | _numbers(hits) | (asdict(after) if after else {})
    going_on = "and (c.held_at, c.id) < (%(held_at)s, %(call_id)s)" if after else ""
    rows = conn.execute(
        f"""select distinct c.held_at, c.id from {_HITS}
            -- "offset 0": these calls alone are looked up, where reading all seems to be quicker
            cross join lateral (select * from call where id = t.call_id offset 0) c {PARTIES}
            where {among_sql(values)} {going_on} {_looked_through(values)}
            order by c.held_at desc, c.id desc limit %(limit)s""",  # noqa: S608 - constants
        given,
        prepare=False,
    )
    return _Page([Place(*row) for row in rows])


_HITS = "unnest(%(calls)s::bigint[], %(positions)s::integer[]) t (call_id, position)"


def _numbers(hits: Sequence[_Turn]) -> dict[str, list[int]]:
    return {
        "calls": [turn.call_id for turn in hits],
        "positions": [turn.position for turn in hits],
    }


def _ranked(
    conn: Connection, values: dict[str, Any], hits: Sequence[_Turn], after: Place | None
) -> _Page:
    """Of some turns the calls, those first in which the words are said most."""
    given = values | _numbers(hits)
    going_on = ""
    if after:
        going_on = "where (rank, held_at, id) < (%(rank)s, %(held_at)s, %(call_id)s)"
        given |= asdict(after)
    # Ranks are decimals, whose sum does not depend on the order in which they are added.
    rows = conn.execute(
        f"""with found as (
                select c.id, c.held_at, count(*) as turns,
                       sum(round(ts_rank_cd(t.search, %(query)s::tsquery)::numeric, 4)) as rank
                from unnest(%(calls)s::bigint[], %(positions)s::integer[]) hit (call_id, position)
                join turn t on t.call_id = hit.call_id and t.position = hit.position
                join call c on c.id = hit.call_id {PARTIES}
                where {among_sql(values)} {_looked_through(values)} group by c.id, c.held_at),
            everything as (select count(*) as calls, coalesce(sum(turns), 0)::int from found)
            select held_at, id, rank, everything.*
            from everything left join (select * from found {going_on}
                                       order by rank desc, held_at desc, id desc
                                       limit %(limit)s) listed on true
            order by rank desc, held_at desc, id desc""",  # noqa: S608 - constants
        given,
    ).fetchall()
    *_, in_calls, in_turns = rows[0]
    return _Page([Place(*row[:3]) for row in rows if row[1] is not None], in_calls, in_turns)


# What is shown of the calls ---------------------------------------------------------------


def _calls(conn: Connection, values: dict[str, Any], call_ids: list[int]) -> tuple[FoundCall, ...]:
    """These calls in this order, with their best passages."""
    calls = heads(conn, call_ids)
    with conn.cursor(row_factory=dict_row) as cursor:
        turns = cursor.execute(_passages_query(values), values | {"calls": call_ids}).fetchall()
    said: dict[int, list[dict[str, Any]]] = {}
    for turn in turns:
        said.setdefault(turn["call_id"], []).append(turn)
    return tuple(
        FoundCall(
            **call,
            matches=said[call["call_id"]][0]["matches"],
            passages=tuple(_passage(turn) for turn in said[call["call_id"]]),
        )
        for call in calls
    )


def heads(conn: Connection, call_ids: Sequence[int]) -> list[dict[str, Any]]:
    """What is told of these calls, in this order."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            f"""select c.id as call_id, c.title, c.held_at, co.name as company, a.name as account,
                       a.segment, c.stage, r.name as rep, c.audio_sha256 is not null as sound
                from unnest(%(calls)s::bigint[]) with ordinality wanted (id, number)
                join call c on c.id = wanted.id {PARTIES} order by wanted.number""",  # noqa: S608
            {"calls": list(call_ids)},
        ).fetchall()


def _passages_query(values: dict[str, Any]) -> str:
    return f"""
        with best as (
            select t.call_id, t.position, count(*) over (partition by t.call_id) as matches,
                   row_number() over (
                       partition by t.call_id
                       order by ts_rank_cd(t.search, %(query)s::tsquery) desc,
                                t.speaker = 'buyer' desc, t.position) as nth
            from unnest(%(calls)s::bigint[]) wanted (id)
            -- "offset 0": the calls' turns are few, the index would gather all that have the words
            cross join lateral (select * from turn where call_id = wanted.id offset 0) t
            where {_SAID} {_looked_through(values)}),
        quoted as (
            select i.call_id, i.turn, json_agg(json_build_array(i.id, i.kind, i.label)
                                               order by i.char_start, i.id) as insights
            from best join insight i on i.call_id = best.call_id and i.turn = best.position
            where nth <= {PASSAGES} and i.review <> 'rejected' group by 1, 2)
        select t.call_id, t.position, t.speaker, t.name, t.start_s, plain.text, t.words,
               t.word_starts, t.word_ends, best.matches, quoted.insights,
               ts_headline('spoken', plain.text, %(query)s::tsquery, '{_HEADLINE}') as headline
        from best join turn t on t.call_id = best.call_id and t.position = best.position
        cross join lateral (select translate(t.text, '{START}{STOP}', '  ') as text) plain
        left join quoted on quoted.call_id = t.call_id and quoted.turn = t.position
        where nth <= {PASSAGES} order by t.call_id, t.position"""  # noqa: S608 - constants


def _passage(row: dict[str, Any]) -> Passage:
    part = shown(row["headline"], row["text"])
    turn, first = turn_of(row), part.first
    return Passage(
        turn=row["position"],
        speaker=turn.speaker,
        speaker_name=row["name"],
        start=turn.start if first is None else turn.seconds_of(first, first + 1)[0],
        text=part.text,
        marks=part.marks,
        insights=quoted_in(row),
    )


def turn_of(row: dict[str, Any]) -> Turn:
    """A row's turn, with the times of its words."""
    words = zip(row["words"], row["word_starts"], row["word_ends"], strict=True)
    said = tuple(Word(*word) for word in words)
    return Turn(Speaker(row["speaker"]), row["text"], row["start_s"], None, said)


def quoted_in(row: dict[str, Any]) -> tuple[Quoted, ...]:
    """The insights of a row's turn."""
    return tuple(Quoted(id, Kind(kind), label) for id, kind, label in row["insights"] or ())


# What every statement has -----------------------------------------------------------------


def among_sql(values: dict[str, Any]) -> str:
    """The condition on a call and its parties."""
    given = [sql for name, sql in _CONDITIONS.items() if values[name] is not None]
    return " and ".join(given) or "true"


def _looked_through(values: dict[str, Any]) -> str:
    """Which turns are looked through: not those that would tell what is private."""
    if not values.get("veiled"):
        return _in_quote(values)
    return f"""and not exists (
        select 1 from mask where mask.call_id = t.call_id and mask.turn = t.position)
        and exists (select 1 from transcript
                    where transcript.call_id = t.call_id and masked_by = %(rules)s)
        {_in_quote(values)}"""  # noqa: S608 - constants


def _in_quote(values: dict[str, Any]) -> str:
    """Where a quote is asked for, the words are in such a one of the turn."""
    return quote_sql(values, "and to_tsvector('spoken', i.quote) @@ %(query)s::tsquery")


def quote_sql(values: dict[str, Any], also: str = "") -> str:
    """The condition that the turn `t` has such a quote, where one is asked for. What was rejected
    is none, unless that is asked for."""
    asked = [sql for name, sql in _IN_QUOTE.items() if values[name] is not None]
    sureness, review = values["min_confidence"], values["review"]
    if not asked and sureness is None and review is None:
        return ""
    asked.append(counting(sureness, review))
    return f"""and exists (
        select 1 from insight i where i.call_id = t.call_id and i.turn = t.position
        {also} and {" and ".join(asked)})"""  # noqa: S608 - constants


@contextmanager
def in_time(conn: Connection) -> Iterator[None]:
    """No statement takes more than MOST_SECONDS, until the transaction ends. Raises TooBroad."""
    conn.execute(f"set local statement_timeout = {1000 * MOST_SECONDS:.0f}".encode())
    try:
        yield
    except psycopg.errors.QueryCanceled as error:
        raise TooBroad(
            "This search takes too long here: add a rarer word, or ask for fewer calls."
        ) from error
