"""SQL for trends: what was counted, and the quotes behind a number."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date
from typing import Any

from psycopg.rows import class_row, kwargs_row

from ingest.base.db import Connection
from insights.digest import Mention
from insights.insight import PERSON, Kind, Stance
from insights.trends.rows import (
    ALL_ROLLED_UP,
    DAYS,
    FACTS,
    GROUPS,
    INSIGHTS,
    MINED,
    by_company,
    conditions,
    given,
    mentions,
    mined,
    said,
    values_of,
    which_count,
)
from insights.trends.rules import (
    HEAVIEST,
    compared,
    fewest_told,
    key,
    pick,
    spelled,
)
from insights.trends.trend import (
    CallCount,
    Compared,
    Counts,
    Dimension,
    Filter,
    LabelCount,
    Question,
    Unit,
    Weighed,
    Weight,
)

_DAY = "(d.held_at at time zone 'UTC')"


def count(
    conn: Connection, question: Question, today: date | None = None, wanted: slice = HEAVIEST
) -> Counts:
    """Everything that an answer is made of. With the day that is `today`, of wishes, which may be
    thousands, and of what is split those are left out that an answer of the series wanted does not
    have."""
    values = values_of(question)
    calls = _calls(conn, calls_query(question), values)
    versions = tuple(conn.execute(versions_query(question), values, prepare=False).fetchall())
    if today is None or _few(question):
        return Counts(calls, _labels(conn, labels_query(question), values), versions)
    spans = compared(question.periods, today, {})
    weighed = _weighed(conn, question, spans, fewest_told(calls, spans), wanted.stop)
    heaviest = pick(calls, weighed, spans, wanted)
    values["series"] = [
        label if question.by is None else f"{group or ''}{_AND}{label}"
        for label, group in spelled(heaviest, calls)
    ]
    labels = _labels(conn, labels_query(question, _these(question)), values)
    return Counts(calls, labels, versions, heaviest)


def _few(question: Question) -> bool:
    """Whether there are so few series that to count them all is quicker than to weigh them first:
    objections are of some kinds, rivals those of a catalogue."""
    return question.kind is Kind.OBJECTION or (
        question.kind is Kind.COMPETITOR and question.by is None
    )


_AND = "\x1f"
"""Between a group's name and a label. Where one of them has it, too many may be read, and are left
out when the answer is put together."""


def _these(question: Question) -> str:
    """The series asked for. As one text, which PostgreSQL looks up in a list; two in a list of
    pairs it would join with all rows."""
    if question.by is None:
        return "and d.label = any(%(series)s)"
    return f"and coalesce({GROUPS[question.by]}, '') || '{_AND}' || d.label = any(%(series)s)"


def count_all(conn: Connection, question: Question) -> Counts:
    """All calls and labels of the whole time, as one period, and no versions: for what compares no
    periods."""
    values, whole = values_of(question), "%(since)s::date as start"
    calls = _calls(conn, calls_query(question, whole), values)
    return Counts(calls, _labels(conn, labels_query(question, start=whole), values), ())


def _calls(conn: Connection, query: str, values: dict[str, Any]) -> tuple[CallCount, ...]:
    # Each planned for its very days and names: one plan for any would take them for few calls.
    with conn.cursor(row_factory=class_row(CallCount)) as cursor:
        return tuple(cursor.execute(query, values, prepare=False))


def _labels(conn: Connection, query: str, values: dict[str, Any]) -> tuple[LabelCount, ...]:
    return tuple(map(LabelCount._make, conn.execute(query, values, prepare=False)))


def _weighed(
    conn: Connection, question: Question, spans: Compared | None, fewest: int, most: int
) -> Weighed:
    """The series that came up most, and those that came up in so many calls of the two spans
    compared that they may be told."""
    now, before = (spans.now, spans.before) if spans else (question.periods, question.periods)
    values = values_of(question) | {
        "now": now[0].start,
        "stop": now[-1].stop,
        "before": before[0].start,
        "fewest": fewest,
        "most": most,
    }
    rows = conn.execute(weights_query(question), values, prepare=False).fetchall()
    weights = (Weight(label, key(group), *calls) for label, group, *calls, _ in rows)
    return Weighed(tuple(weights), rows[0][-1] if rows else 0)


def weights_query(question: Question) -> str:
    """The series by what they weigh, whatever the period. Names that differ in case alone are one:
    that is seen to when there are few of them left."""
    rows, calls = mentions(question)
    return f"""with said as (
                   select d.label, {GROUPS[question.by]} as name, {calls} as calls,
                          {calls} filter (where d.day >= %(now)s and d.day < %(stop)s) as now,
                          {calls} filter (where d.day >= %(before)s and d.day < %(now)s) as before
                   from {rows} group by 1, 2),
               each as (
                   select label, min(name) as name, sum(calls)::int as calls,
                          coalesce(sum(now), 0)::int as now, coalesce(sum(before), 0)::int as before
                   from said group by label, lower(name)),
               ranked as (
                   select *, rank() over (order by calls desc) as place,
                          count(*) over ()::int as series from each)
               select label, name, calls, now, before, series from ranked
               where place <= %(most)s or now + before >= %(fewest)s"""  # noqa: S608 - constants


def calls_query(question: Question, start: str = "") -> str:
    """The calls mined, by period and group; `start` says in SQL what stands for their periods."""
    rows, calls = mined(question)
    start = start or _start(question)
    return f"""select {start}, {GROUPS[question.by]} as group, {calls}::int as calls
               from {rows} group by 1, 2"""  # noqa: S608


def labels_query(question: Question, which: str = "", start: str = "") -> str:
    """The mentions and the calls with any, by period, group and label; `which` are meant is said in
    SQL. A call is held on one day, so the calls of a period's days are distinct, and summing them
    counts none twice."""
    rows, calls = mentions(question)
    start = start or _start(question)
    return f"""select {start}, {GROUPS[question.by]} as group, d.label,
                      sum(d.mentions)::int as mentions, {calls}::int as calls
               from {rows} {which} group by 1, 2, 3"""  # noqa: S608


def versions_query(question: Question) -> str:
    """The versions of detectors at work, by period. What a person added was found by none, and
    what one reviewed keeps the version it was found by however often its call is mined again."""
    if by_company(replace(question, by=None)):
        return f"""select distinct {_start(question)}, d.version
                   from daily_versions {ALL_ROLLED_UP} and d.kind = %(kind)s and d.mentions > 0
                   {conditions(question)} order by 1, 2"""  # noqa: S608 - constants
    if question.among.account is None:
        return _versions_met(question)
    return f"""select distinct {_start(question, "said.day")}, said.version
               from (select distinct {_DAY}::date as day, i.version
                     {INSIGHTS} and i.review = 'unreviewed' and i.detector <> '{PERSON}'
                     {conditions(question)}) said order by 1, 2"""  # noqa: S608 - constants


def _versions_met(question: Question) -> str:
    """Of the versions known to be at work in a period, those that some call asked for has: the
    first will do. Only of a single account it would take long to meet one."""
    stops = {
        Unit.DAY: "known.start + 1",
        Unit.WEEK: "known.start + 7",
        Unit.MONTH: "(known.start + interval '1 month')::date",
    }
    return f"""select start, version
               from (select distinct {_start(question)}, d.version from daily_versions d
                     where {DAYS} and d.kind = %(kind)s and d.mentions > 0) known
               where exists (
                   select {MINED} join insight i on i.call_id = d.id
                   where m.day >= known.start and m.day < {stops[question.unit]}
                     and i.kind = %(kind)s and i.version = known.version
                     and i.review = 'unreviewed' and i.detector <> '{PERSON}'
                     {conditions(question)}
                   offset 0)
               order by 1, 2"""  # noqa: S608 - constants


def last_day(conn: Connection, among: Filter) -> date | None:
    """The latest day on which a call was held that counts; None where there is none."""
    values = asdict(among)
    query = f"""select {_DAY}::date {MINED} where true {given(values, "d.id")}
                order by d.held_at desc limit 1"""
    row = conn.execute(query, values, prepare=False).fetchone()
    return row[0] if row else None


def quotes(
    conn: Connection,
    question: Question,
    unknown: Dimension | None = None,
    limit: int = 20,
    stance: Stance | None = None,
) -> tuple[Sequence[Mention], int]:
    """What was said under the very label asked for, the latest first, and how many mentions there
    are in all; `unknown` takes only calls of which this is not known."""
    among = conditions(question, "d.call_id")
    which = f"i.kind = %(kind)s and {which_count(question)}"
    mentions = "d.mentions"
    if question.label is not None:
        among += " and d.label = %(label)s"
        which += " and i.label = %(label)s"
    if stance is not None:
        mentions = "cardinality(array_positions(d.stances, %(stance)s))"
        among += " and %(stance)s = any(d.stances)"
        which += " and i.stance = %(stance)s"
    if unknown is not None:
        among += f" and {GROUPS[unknown]} is null"
    # What is shown of a mention is fetched of those that are shown: they are of the latest days.
    query = f"""with said as (
                    select d.call_id, {mentions} as mentions, rank() over (order by d.day desc)
                    from {said(question)} {FACTS} and d.kind = %(kind)s {among}),
                latest as (
                    select i.id from call d join insight i on i.call_id = d.id
                    where d.id in (select call_id from said where rank <= %(limit)s) and {which}
                    order by d.held_at desc, d.id desc, i.turn, i.id limit %(limit)s)
                select i.id as insight_id, i.call_id, d.title, d.held_at, i.kind, i.label, i.quote,
                       i.confidence, i.stance, i.start_s as start, a.name as account,
                       coalesce(t.name, initcap(nullif(t.speaker, 'unknown'))) as speaker,
                       (select sum(mentions)::int from said) as total
                from latest join insight i on i.id = latest.id join call d on d.id = i.call_id
                left join account a on a.id = d.account_id
                left join turn t on t.call_id = i.call_id and t.position = i.turn
                order by d.held_at desc, i.call_id desc, i.turn, i.id"""  # noqa: S608
    with conn.cursor(row_factory=kwargs_row(_counted_mention)) as cursor:
        found = cursor.execute(
            query, values_of(question) | {"limit": limit, "stance": stance}, prepare=False
        ).fetchall()
    return [mention for mention, _ in found], found[0][1] if found else 0


def _start(question: Question, day: str = "d.day") -> str:
    """The start of the period that a day lies in, as sums of days where they will do: of a hundred
    thousand rows `date_trunc` is the most that there is to do."""
    starts = {
        Unit.DAY: day,
        Unit.WEEK: f"{day} - ({day} - date '0001-01-01') %% 7",  # a Monday
        Unit.MONTH: f"date_trunc('month', {day}::timestamp)::date",
    }
    return f"{starts[question.unit]} as start"


def _counted_mention(*, kind: str, total: int, **row: Any) -> tuple[Mention, int]:
    return Mention(kind=Kind(kind), **row), total
