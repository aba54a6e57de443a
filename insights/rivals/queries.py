"""SQL for rivals: what comes with them, and how the deals end in which they are named.

What counts is what trends count (insights/trends/rows): the same calls, the same insights.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from ingest.base.db import Connection
from insights.counting import OBJECTIONS
from insights.insight import Kind, Stance
from insights.rivals.rival import Counts, Deal, Named, Stood, Together
from insights.trends.rows import COUNTED, FACTS, conditions, mentions, said, values_of
from insights.trends.trend import Question

_BUYER = "coalesce(d.account_id, -{call})"
"""A buyer is known by its account, else by its call: the two numbers never meet, as one is below
zero."""


def count(conn: Connection, question: Question) -> Counts:
    """What is counted beside the trends of the question."""
    values = values_of(question)
    # Not prepared, as trends are not: planned for these days and names.
    objected = conn.execute(
        objected_query(question), values | {"kind": Kind.OBJECTION}, prepare=False
    ).fetchall()
    rows = [
        _Said(*row) for row in conn.execute(said_query(question), values, prepare=False).fetchall()
    ]
    ends = [_Ended(*row) for row in conn.execute(ended_query(question), values, prepare=False)]
    return Counts(
        named=tuple(_named(rows)),
        stood=_stood(rows),
        together=tuple(_together(rows)),
        objected=dict(objected),
        deals=tuple(_deals(ends, rows)),
    )


class _Said(NamedTuple):
    """A count of who is named: of a rival, of the buyers who name it, or of those of its calls in
    which it is stood to so."""

    label: str
    mentions: int
    calls: int
    beside: list[int] | None  # calls by objection, in the order of OBJECTIONS
    buyers: list[int] | None
    stances: list[str] | None


class _Ended(NamedTuple):
    """A deal's end."""

    buyer: int
    account: str | None
    call_id: int
    title: str
    ended_at: datetime
    value_usd: Decimal | None
    won: bool


def _named(rows: Iterable[_Said]) -> Iterator[Named]:
    accounts = {row.label: sum(buyer > 0 for buyer in row.buyers) for row in rows if row.buyers}
    for row in rows:
        if row.beside is not None:
            yield Named(row.label, row.mentions, row.calls, accounts[row.label])


def _stood(rows: Iterable[_Said]) -> tuple[Stood, ...]:
    mentions: Counter[tuple[str, str]] = Counter()
    for row in rows:
        for stance in row.stances or ():
            mentions[row.label, stance] += row.calls
    return tuple(Stood(label, Stance(stance), n) for (label, stance), n in mentions.items())


def _together(rows: Iterable[_Said]) -> Iterator[Together]:
    for row in rows:
        if row.beside is not None:
            for objection, calls in zip(OBJECTIONS, row.beside, strict=True):
                if calls:
                    yield Together(row.label, objection, calls)


def _deals(ends: Iterable[_Ended], rows: Iterable[_Said]) -> Iterator[Deal]:
    rivals: defaultdict[int, list[str]] = defaultdict(list)
    for row in rows:
        for buyer in row.buyers or ():
            rivals[buyer].append(row.label)
    for end in ends:
        yield Deal(*end[1:], rivals=tuple(sorted(rivals[end.buyer])))


def objected_query(question: Question) -> str:
    """In how many calls each objection comes up."""
    rows, calls = mentions(question)
    return f"select d.label, {calls}::int from {rows} group by 1"  # noqa: S608 - constants


def said_query(question: Question) -> str:
    """All that is counted of who is named; each call is read once."""
    beside = ", ".join(
        f"count(*) filter (where objections & {1 << bit} > 0)" for bit in range(len(OBJECTIONS))
    )
    return f"""with named as materialized (
                   select d.label, {_BUYER.format(call="d.call_id")} as buyer, d.mentions,
                          d.stances, d.objections
                   from {said(question)} {FACTS} {conditions(question, "d.call_id")}
                     and d.kind = 'competitor')
               select label, sum(mentions)::int as mentions, count(*)::int as calls,
                      array[{beside}]::int[] as beside, null::bigint[] as buyers,
                      null::text[] as stances
               from named group by 1
               union all
               select label, 0, 0, null, array_agg(buyer), null
               from (select distinct label, buyer from named) each group by 1
               union all
               select label, 0, count(*)::int, null, null, stances
               from named where stances is not null group by 1, stances"""  # noqa: S608 - constants


def ended_query(question: Question) -> str:
    """The deals whose end is told in the calls asked for, the latest first, each by its last call
    that tells it. What is shown of a deal is fetched in the end."""
    buyer = _BUYER.format(call="d.id")
    return f"""with ended as materialized (
                   select distinct on ({buyer}) d.id, {buyer} as buyer
                   {COUNTED} {conditions(question)} and d.won is not null
                   order by {buyer}, d.held_at desc, d.id desc)
               select e.buyer, a.name as account, d.id as call_id, d.title, d.held_at as ended_at,
                      d.deal_value_usd as value_usd, d.won
               from ended e join call d using (id) left join account a on a.id = d.account_id
               order by d.held_at desc, d.id desc"""  # noqa: S608 - constants
