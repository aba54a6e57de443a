"""SQL for rivals: what comes with them, and how the deals end in which they are named.

What counts is what trends count (insights/trends/queries): the same calls, the same insights.
"""

from typing import Any

from psycopg.rows import class_row, kwargs_row

from ingest.base.db import Connection
from insights.insight import Stance
from insights.rivals.rival import Counts, Deal, Named, Stood, Together
from insights.trends.queries import HELD, INSIGHTS, MINED, conditions, values_of
from insights.trends.trend import Question

ENDED = r"lower(coalesce(d.outcome, d.stage)) ~ '\m(won|lost)\M'"
"""A call says how its deal ended by its outcome, else by its stage: "won", "Closed Lost"."""

WON = r"lower(coalesce(d.outcome, d.stage)) !~ '\mlost\M'"


def count(conn: Connection, question: Question) -> Counts:
    """What is counted beside the trends of the question."""
    values, among = values_of(question), conditions(question)
    standing = f"{INSIGHTS} and i.review <> 'rejected' {among}"
    with conn.cursor(row_factory=class_row(Named)) as cursor:
        named = cursor.execute(
            f"""select i.label, count(*)::int as mentions, count(distinct d.id)::int as calls,
                       count(distinct d.account_id)::int as accounts
                {standing} group by 1""",
            values,
            prepare=False,  # as trends are: planned for these days and names
        ).fetchall()
    with conn.cursor(row_factory=kwargs_row(_stood)) as cursor:
        stood = cursor.execute(
            f"select i.label, i.stance, count(*)::int as mentions {standing} group by 1, 2",
            values,
            prepare=False,
        ).fetchall()
    with conn.cursor(row_factory=class_row(Together)) as cursor:
        together = cursor.execute(together_query(question), values, prepare=False).fetchall()
    objections = [each for each in together if not each.label]
    return Counts(
        named=tuple(named),
        stood=tuple(stood),
        together=tuple(each for each in together if each.label),
        objected={each.objection: each.calls for each in objections},
        deals=deals(conn, question),
    )


def together_query(question: Question) -> str:
    """The calls with each objection; under the empty label all of them, and under each rival's
    those in which it is named."""
    among = conditions(question)
    return f"""with said as (
                   select distinct d.id, i.kind, i.label {MINED} join insight i on i.call_id = d.id
                   where {HELD} and i.kind in ('competitor', 'objection')
                     and i.review <> 'rejected' {among})
               select '' as label, o.label as objection, count(*)::int as calls
               from said o where o.kind = 'objection' group by o.label
               union all
               select n.label, o.label, count(*)::int
               from said o join said n on n.id = o.id
               where o.kind = 'objection' and n.kind = 'competitor'
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
                   {MINED} where {HELD} {conditions(question)}),
               ending as (
                   select distinct on (buyer) * from held where ended
                   order by buyer, held_at desc, id desc),
               named as (
                   select distinct held.buyer, i.label from held
                   join insight i on i.call_id = held.id
                   where i.kind = 'competitor' and i.review <> 'rejected')
               select e.account, e.id as call_id, e.title, e.held_at as ended_at, e.value_usd,
                      e.won, array_remove(array_agg(n.label order by n.label), null) as rivals
               from ending e left join named n using (buyer)
               group by 1, 2, 3, 4, 5, 6 order by e.held_at desc, e.id desc"""  # noqa: S608


def _stood(*, stance: str, **row: Any) -> Stood:
    return Stood(stance=Stance(stance), **row)


def _deal(*, rivals: list[str], **row: Any) -> Deal:
    return Deal(rivals=tuple(rivals), **row)
