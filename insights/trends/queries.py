"""SQL for trends: what was counted, and the quotes behind a number.

What counts is what the roll-ups count (insights/rollups): calls that were mined, on the day in UTC
on which they were held, and their insights that no person has rejected. A call still on its way to
be mined is not among them; one that is mined again counts as it was until that is done.

The roll-ups `daily_company_calls`, `daily_company_mentions` and `daily_versions` know a call's day
and company: years of them are some thousand rows. `daily_calls` and `daily_mentions` know its
account as well, and by the account its segment, and so have nearly a row a call. Stage, rep, lead
source and campaign are a call's own: what asks for these goes to the calls of the time asked for
(index call_by_time) and what these count for (`call_mentions`, index call_mentions_by_kind). All
ways give the same numbers; the tests hold them side by side.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date
from typing import Any

from psycopg.rows import class_row, kwargs_row

from ingest.base.db import Connection
from insights.digest import Mention
from insights.insight import PERSON, Kind, Stance
from insights.trends.rules import MOST_SERIES, Worth, worth_testing
from insights.trends.trend import CallCount, Counts, Dimension, Filter, LabelCount, Question, Unit

_CONDITIONS = {
    "company": "lower(co.name) = lower(%(company)s)",
    "account": "lower(a.name) = lower(%(account)s)",
    "segment": "lower(a.segment) = lower(%(segment)s)",
    "stage": "lower(d.stage) = lower(%(stage)s)",
    "rep": "lower(r.name) = lower(%(rep)s)",
    "lead_source": "lower(d.lead_source) = lower(%(lead_source)s)",
    "campaign": "lower(d.campaign) = lower(%(campaign)s)",
    "rival": """exists (select from insight n where n.call_id = d.id and n.kind = 'competitor'
                        and lower(n.label) = lower(%(rival)s) and n.review <> 'rejected')""",
}

GROUPS = {
    None: "null::text",
    Dimension.SEGMENT: "a.segment",
    Dimension.STAGE: "d.stage",
    Dimension.REP: "r.name",
    Dimension.LEAD_SOURCE: "d.lead_source",
    Dimension.CAMPAIGN: "d.campaign",
    Dimension.COMPANY: "co.name",
}

_BY_COMPANY = {"company"}
_BY_ACCOUNT = {"company", "account", "segment"}
"""What the roll-ups know: those of all accounts together, and the others."""

# Outer joins, also of what each call has: PostgreSQL leaves out those that nothing is asked of.
PARTIES = """left join company co on co.id = d.company_id
left join account a on a.id = d.account_id"""

_DAYS = "d.day >= %(since)s and d.day < %(until)s"

_ROLLED_UP = f"d {PARTIES} where {_DAYS} and d.calls > 0"

_ALL_ROLLED_UP = f"d left join company co on co.id = d.company_id where {_DAYS}"

MINED = f"""from call d join mined_call m on m.call_id = d.id {PARTIES}
left join rep r on r.id = d.rep_id"""

HELD = """d.held_at >= %(since)s::date at time zone 'UTC'
and d.held_at < %(until)s::date at time zone 'UTC'"""

COUNTED = f"""{MINED}
where {HELD} and m.day >= %(since)s and m.day < %(until)s"""
"""The calls of the time asked for that count."""

MENTIONED = f"""from call_mentions s join call d on d.id = s.call_id {PARTIES}
left join rep r on r.id = d.rep_id
where {HELD} and s.day >= %(since)s and s.day < %(until)s"""
"""What they count for: one row a call, kind and label."""

INSIGHTS = f"""{MINED} join insight i on i.call_id = d.id
where {HELD} and i.kind = %(kind)s"""

_DAY = "(d.held_at at time zone 'UTC')"


def count(conn: Connection, question: Question, today: date | None = None) -> Counts:
    """Everything that an answer is made of. With the day that is `today` the series are left out
    that can be neither told nor among the MOST_SERIES heaviest: of thousands of wishes, most."""
    values = values_of(question)
    # Each planned for its very days and names: one plan for any would take them for few calls.
    with conn.cursor(row_factory=class_row(CallCount)) as cursor:
        calls = tuple(cursor.execute(calls_query(question), values, prepare=False))
    labels, series = _labels(conn, question, values, worth_testing(question, calls, today))
    versions = tuple(conn.execute(versions_query(question), values, prepare=False).fetchall())
    return Counts(calls, labels, versions, series)


def count_all(conn: Connection, question: Question) -> Counts:
    """All calls and labels, and no versions: for what compares no periods."""
    values = values_of(question)
    with conn.cursor(row_factory=class_row(CallCount)) as cursor:
        calls = tuple(cursor.execute(calls_query(question), values, prepare=False))
    return Counts(calls, _labels(conn, question, values, None)[0], ())


def _labels(
    conn: Connection, question: Question, values: dict[str, Any], worth: Worth | None
) -> tuple[tuple[LabelCount, ...], int | None]:
    """The labels' counts, and how many series there are where not all are among them."""
    query = labels_query(question)
    if worth is None:
        rows = conn.execute(query, values, prepare=False).fetchall()
        return tuple(map(LabelCount._make, rows)), None
    values |= asdict(worth) | {"most": MOST_SERIES}
    found = conn.execute(_SIFTED.format(said=query), values, prepare=False).fetchall()
    return tuple(LabelCount._make(row[:-1]) for row in found), found[0][-1] if found else 0


_SIFTED = """
with said as materialized ({said}),
each as (
    select lower("group") as name, label, sum(calls) as calls,
           sum(calls) filter (where start >= %(first)s and start < %(stop)s) as lately
    from said group by 1, 2),
ranked as (
    select *, rank() over (order by calls desc) as place, count(*) over () as series from each)
select start, "group", said.label, mentions, said.calls, series
from said join ranked on ranked.label = said.label
     and ranked.name is not distinct from lower(said."group")
where place <= %(most)s or lately >= %(fewest)s
"""


def rolled_up(question: Question) -> bool:
    """Whether the roll-ups know enough to answer."""
    return _asked(question) <= _BY_ACCOUNT


def by_company(question: Question) -> bool:
    """Whether the roll-ups of all accounts together do."""
    return _asked(question) <= _BY_COMPANY


def _asked(question: Question) -> set[str]:
    """What of a call it asks for."""
    among = {name for name, value in asdict(question.among).items() if value is not None}
    return among | ({question.by.value} if question.by else set())


def calls_query(question: Question) -> str:
    """The calls mined, by period and group."""
    among = conditions(question)
    if rolled_up(question):
        rows = f"daily_calls {_ROLLED_UP}"
        if by_company(question):
            rows = f"daily_company_calls {_ALL_ROLLED_UP} and d.calls > 0"
        return f"""select {_start(question, "d.day")}, {GROUPS[question.by]} as group,
                          sum(d.calls)::int as calls
                   from {rows} {among} group by 1, 2"""  # noqa: S608 - constants
    return f"""select {_start(question, "m.day")}, {GROUPS[question.by]} as group,
                      count(*)::int as calls
               {COUNTED} {among} group by 1, 2"""


def labels_query(question: Question) -> str:
    """The mentions and the calls with any, by period, group and label. A call is held on one day,
    so the calls of a period's days are distinct, and summing them counts none twice."""
    among = conditions(question)
    if rolled_up(question):
        rows = f"from daily_mentions {_ROLLED_UP}"
        if by_company(question):
            rows = f"from daily_company_mentions {_ALL_ROLLED_UP} and d.calls > 0"
        said, calls = "d", "sum(d.calls)"
    else:
        rows, said, calls = MENTIONED, "s", "count(*)"
    if question.label is not None:
        among += f" and lower({said}.label) = lower(%(label)s)"
    return f"""select {_start(question, f"{said}.day")}, {GROUPS[question.by]} as group,
                      {said}.label, sum({said}.mentions)::int as mentions, {calls}::int as calls
               {rows} and {said}.kind = %(kind)s {among}
               group by 1, 2, 3"""


def versions_query(question: Question) -> str:
    """The versions of detectors at work, by period. What a person added was found by none, and
    what one reviewed keeps the version it was found by however often its call is mined again."""
    if by_company(replace(question, by=None)):
        return f"""select distinct {_start(question, "d.day")}, d.version
                   from daily_versions {_ALL_ROLLED_UP} and d.kind = %(kind)s and d.mentions > 0
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
               from (select distinct {_start(question, "d.day")}, d.version from daily_versions d
                     where {_DAYS} and d.kind = %(kind)s and d.mentions > 0) known
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
    query = f"""select {_DAY}::date {MINED} where true {_given(values)}
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
    among = conditions(question)
    if question.label is not None:
        among += " and i.label = %(label)s"
    if stance is not None:
        among += " and i.stance = %(stance)s"
    if unknown is not None:
        among += f" and {GROUPS[unknown]} is null"
    # What is shown of a mention is fetched of those that are shown.
    query = f"""with said as (
                    select d.held_at, d.id as call_id, i.turn, i.id
                    {INSIGHTS} and i.review <> 'rejected' {among}),
                latest as (select * from said order by held_at desc, call_id desc, turn, id
                           limit %(limit)s)
                select i.id as insight_id, i.call_id, d.title, d.held_at, i.kind, i.label, i.quote,
                       i.confidence, i.stance, i.start_s as start, a.name as account,
                       coalesce(t.name, initcap(nullif(t.speaker, 'unknown'))) as speaker,
                       (select count(*) from said) as total
                from latest join insight i on i.id = latest.id join call d on d.id = i.call_id
                left join account a on a.id = d.account_id
                left join turn t on t.call_id = i.call_id and t.position = i.turn
                order by d.held_at desc, i.call_id desc, i.turn, i.id"""  # noqa: S608
    with conn.cursor(row_factory=kwargs_row(_counted_mention)) as cursor:
        found = cursor.execute(
            query, values_of(question) | {"limit": limit, "stance": stance}, prepare=False
        ).fetchall()
    return [mention for mention, _ in found], found[0][1] if found else 0


def segments(conn: Connection, limit: int = 200) -> list[str]:
    """The segments that accounts are noted in, by name."""
    rows = conn.execute(
        """select min(segment) from account where segment is not null
           group by lower(segment) order by lower(segment) limit %s""",
        (limit,),
    )
    return [name for (name,) in rows]


def values_of(question: Question) -> dict[str, Any]:
    return asdict(question.among) | {
        "kind": question.kind,
        "label": question.label,
        "since": question.since,
        "until": question.until,
    }


def conditions(question: Question) -> str:
    return _given(asdict(question.among))


def _given(among: dict[str, Any]) -> str:
    return "".join(
        f" and {_CONDITIONS[name]}" for name, value in among.items() if value is not None
    )


def _start(question: Question, day: str) -> str:
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
