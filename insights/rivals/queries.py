"""SQL for rivals: what comes with them, and how the deals end in which they are named.

What counts is what trends count (insights/trends/queries): the same calls, the same insights.
"""

from typing import Any, NamedTuple

from psycopg.rows import kwargs_row

from ingest.base.db import Connection
from insights.insight import Stance
from insights.rivals.rival import Counts, Deal, Named, Stood, Together
from insights.trends.queries import COUNTED, MENTIONED, conditions, values_of
from insights.trends.trend import Question

ENDED = r"lower(coalesce(d.outcome, d.stage)) ~ '\m(won|lost)\M'"
"""A call says how its deal ended by its outcome, else by its stage: "won", "Closed Lost"."""

WON = r"lower(coalesce(d.outcome, d.stage)) !~ '\mlost\M'"


def count(conn: Connection, question: Question) -> Counts:
    """What is counted beside the trends of the question."""
    # Not prepared, as trends are not: planned for these days and names.
    found = conn.execute(said_query(question), values_of(question), prepare=False).fetchall()
    rows = [_Said(*row) for row in found]
    return Counts(
        named=tuple(
            Named(row.label, row.mentions, row.calls, row.accounts)
            for row in rows
            if row.label and not (row.stance or row.objection)
        ),
        stood=tuple(
            Stood(row.label, Stance(row.stance), row.mentions) for row in rows if row.stance
        ),
        together=tuple(
            Together(row.label, row.objection, row.calls)
            for row in rows
            if row.label and row.objection
        ),
        objected={row.objection: row.calls for row in rows if row.objection and not row.label},
        deals=deals(conn, question),
    )


class _Said(NamedTuple):
    """A count of what is named: a rival, one in a stance, an objection, or a rival and it."""

    label: str  # the rival's; empty for an objection in any call
    stance: str
    objection: str
    mentions: int
    calls: int
    accounts: int


def said_query(question: Question) -> str:
    """All that is counted of who is named and what is objected: each is read once."""
    said = f"{MENTIONED} {conditions(question)}"
    return f"""with named as materialized (
                   select s.call_id, s.label, s.mentions, s.stances, d.account_id
                   {said} and s.kind = 'competitor'),
               objected as materialized (
                   select s.call_id, s.label {said} and s.kind = 'objection'),
               by_account as (  -- sorting to count distinct ones would take longer
                   select label, account_id, sum(mentions) as mentions, count(*) as calls
                   from named group by 1, 2)
               select label, '' as stance, '' as objection, sum(mentions)::int as mentions,
                      sum(calls)::int as calls, count(account_id)::int as accounts
               from by_account group by 1
               union all
               select label, stance, '', count(*)::int, 0, 0
               from named, unnest(stances) stance group by 1, 2
               union all
               select '', '', label, 0, count(*)::int, 0 from objected group by label
               union all
               select n.label, '', o.label, 0, count(*)::int, 0
               from named n join objected o using (call_id)
               group by n.label, o.label"""  # noqa: S608 - constants


def deals(conn: Connection, question: Question) -> tuple[Deal, ...]:
    """The deals whose end is told in the calls asked for, the latest first."""
    with conn.cursor(row_factory=kwargs_row(_deal)) as cursor:
        found = cursor.execute(deals_query(question), values_of(question), prepare=False)
        return tuple(found.fetchall())


def deals_query(question: Question) -> str:
    """A buyer is known by its account, else by its call: the two numbers never meet, as one is
    below zero."""
    return f"""with held as (
                   select d.id, coalesce(d.account_id, -d.id) as buyer, a.name as account, d.title,
                          d.held_at, d.deal_value_usd as value_usd, {ENDED} as ended, {WON} as won
                   {COUNTED} {conditions(question)}),
               ending as (
                   select distinct on (buyer) * from held where ended
                   order by buyer, held_at desc, id desc),
               named as (
                   select distinct held.buyer, s.label from held
                   join call_mentions s on s.call_id = held.id
                   where s.kind = 'competitor' and s.day >= %(since)s and s.day < %(until)s)
               select e.account, e.id as call_id, e.title, e.held_at as ended_at, e.value_usd,
                      e.won, array_remove(array_agg(n.label order by n.label), null) as rivals
               from ending e left join named n using (buyer)
               group by 1, 2, 3, 4, 5, 6 order by e.held_at desc, e.id desc"""  # noqa: S608


def _deal(*, rivals: list[str], **row: Any) -> Deal:
    return Deal(rivals=tuple(rivals), **row)
