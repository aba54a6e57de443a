"""SQL for rivals: what comes with them, and how the deals end in which they are named.

What counts is what trends count (insights/trends/queries): the same calls, the same insights.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

from ingest.base.db import Connection
from insights.insight import Kind, Stance
from insights.rivals.rival import Counts, Deal, Named, Stood, Together
from insights.trends.queries import COUNTED, FACTS, conditions, mentions, said, values_of
from insights.trends.trend import Question

ENDED = r"lower(told) ~ '\m(won|lost)\M'"
"""A call tells how its deal ended by its outcome, else by its stage: "won", "Closed Lost"."""

WON = r"lower(told) !~ '\mlost\M'"

MOST_OBJECTIONS = 62
"""Beside rivals those are counted that come up most: so many bits has a number."""


def count(conn: Connection, question: Question) -> Counts:
    """What is counted beside the trends of the question."""
    values = values_of(question)
    # Not prepared, as trends are not: planned for these days and names.
    found = conn.execute(objected_query(question), _of_objections(values), prepare=False).fetchall()
    objected = dict(found[:MOST_OBJECTIONS])
    values["objections"] = list(objected)
    found = conn.execute(said_query(question, len(objected)), values, prepare=False).fetchall()
    rows = [_Said(*row) for row in found]
    return Counts(
        named=tuple(
            Named(row.label, row.mentions, row.calls, row.accounts)
            for row in rows
            if row.accounts is not None
        ),
        stood=_stood(rows),
        together=tuple(
            Together(row.label, objection, calls)
            for row in rows
            if row.beside
            for objection, calls in zip(objected, row.beside, strict=True)
            if calls
        ),
        objected=objected,
        deals=deals(conn, question),
    )


def _of_objections(values: dict[str, Any]) -> dict[str, Any]:
    return values | {"kind": Kind.OBJECTION}


class _Said(NamedTuple):
    """A count of who is named: of a rival, of those of its calls in which it is stood to so, or of
    the objections beside it."""

    label: str
    mentions: int
    calls: int
    accounts: int | None
    stances: list[str] | None
    beside: list[int] | None  # calls, in the order of the objections asked for


def _stood(rows: Iterable[_Said]) -> tuple[Stood, ...]:
    mentions: Counter[tuple[str, str]] = Counter()
    for row in rows:
        for stance in row.stances or ():
            mentions[row.label, stance] += row.calls
    return tuple(Stood(label, Stance(stance), n) for (label, stance), n in mentions.items())


def objected_query(question: Question) -> str:
    """In how many calls each objection comes up, those that come up most first."""
    rows, calls = mentions(question)
    return f"""select d.label, {calls}::int from {rows}
               group by 1 order by 2 desc, 1"""  # noqa: S608 - constants


def said_query(question: Question, objections: int) -> str:
    """All that is counted of who is named, beside so many objections: each call is read once. Its
    objections are the bits of a number, so that all that come with a rival are counted in one go.
    """
    rows = f"from {said(question)} {FACTS} {conditions(question, 'd.call_id')}"
    beside = ", ".join(
        f"count(*) filter (where objections & {1 << n} > 0)" for n in range(objections)
    )
    return f"""with objected as materialized (
                   select d.call_id, sum(
                       1::bigint << array_position(%(objections)s::text[], d.label) - 1
                   )::bigint as objections
                   {rows} and d.kind = 'objection' and d.label = any(%(objections)s)
                   group by 1),
               named as materialized (
                   select d.call_id, d.label, d.mentions, d.stances, d.account_id
                   {rows} and d.kind = 'competitor'),
               part as (  -- sorting to count distinct accounts would take longer
                   select label, account_id, stances, grouping(stances) = 1 as by_account,
                          sum(mentions) as mentions, count(*) as calls
                   from named group by grouping sets ((label, account_id), (label, stances)))
               select label, sum(mentions)::int as mentions, sum(calls)::int as calls,
                      count(account_id)::int as accounts, null::text[] as stances,
                      null::int[] as beside
               from part where by_account group by 1
               union all
               select label, 0, calls, null, stances, null from part
               where not by_account and stances is not null
               union all
               select label, 0, 0, null, null, array[{beside}]::int[]
               from named join objected using (call_id) group by 1"""  # noqa: S608 - constants


def deals(conn: Connection, question: Question) -> tuple[Deal, ...]:
    """The deals whose end is told in the calls asked for, the latest first."""
    found = conn.execute(deals_query(question), values_of(question), prepare=False)
    return tuple(
        Deal(account, call_id, title, ended_at, value_usd, won, tuple(rivals))
        for account, call_id, title, ended_at, value_usd, won, rivals in found
    )


def deals_query(question: Question) -> str:
    """A buyer is known by its account, else by its call: the two numbers never meet, as one is
    below zero. What calls tell of the end is few words, read once each; what is shown of a deal is
    fetched in the end."""
    return f"""with held as materialized (
                   select d.id, coalesce(d.account_id, -d.id) as buyer, d.held_at,
                          coalesce(d.outcome, d.stage) as told
                   {COUNTED} {conditions(question)}),
               words as materialized (select told from held group by told),
               ends as materialized (select told, {WON} as won from words where {ENDED}),
               ending as materialized (
                   select distinct on (buyer) buyer, id, won from held join ends using (told)
                   order by buyer, held_at desc, id desc),
               named as (
                   select coalesce(d.account_id, -d.call_id) as buyer, d.label
                   from {said(question)} {FACTS} {conditions(question, "d.call_id")}
                     and d.kind = 'competitor' group by 1, 2),
               rivals as (
                   select buyer, array_agg(label order by label) as rivals from named
                   where buyer in (select buyer from ending) group by buyer)
               select a.name as account, d.id as call_id, d.title, d.held_at as ended_at,
                      d.deal_value_usd as value_usd, e.won, coalesce(r.rivals, '{{}}') as rivals
               from ending e join call d on d.id = e.id left join account a on a.id = d.account_id
               left join rivals r using (buyer)
               order by d.held_at desc, d.id desc"""  # noqa: S608 - constants
