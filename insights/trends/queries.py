"""SQL for trends: what was counted, and the quotes behind a number.

What counts is what the roll-ups count (insights/rollups): calls that were mined, on the day in UTC
on which they were held, and their insights that no person has rejected. A call still on its way to
be mined is not among them; one that is mined again counts as it was until that is done.

The roll-ups `daily_company_calls`, `daily_company_mentions` and `daily_versions` know a call's day
and company: years of them are some thousand rows. `daily_calls` and `daily_mentions` know its
account as well, and so have nearly a row a call. What asks for a stage, rep, lead source or
campaign goes to the calls that count (`mined_call`, index mined_call_by_day) and what each counts
for (`call_mentions`, index call_mentions_by_kind): both know all that is asked for. What asks for a
confidence or a review state counts the insights themselves. All ways give the same numbers; the
tests hold them side by side.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date
from typing import Any

from psycopg.rows import class_row, kwargs_row

from ingest.base.db import Connection
from insights.counting import counting, objections
from insights.digest import Mention
from insights.insight import PERSON, Kind, Stance
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

_CONDITIONS = {
    "company": "lower(co.name) = lower(%(company)s)",
    "account": "lower(a.name) = lower(%(account)s)",
    "segment": "lower(a.segment) = lower(%(segment)s)",
    "stage": "lower(d.stage) = lower(%(stage)s)",
    "rep": "lower(r.name) = lower(%(rep)s)",
    "lead_source": "lower(d.lead_source) = lower(%(lead_source)s)",
    "campaign": "lower(d.campaign) = lower(%(campaign)s)",
    "rival": """exists (select from insight n where n.call_id = {call} and n.kind = 'competitor'
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

FACTS = f"""d {PARTIES} left join rep r on r.id = d.rep_id where {_DAYS}"""
"""Behind `mined_call` or `said`: what counts in the time asked for. Its call is `d.call_id`."""

MINED = f"""from call d join mined_call m on m.call_id = d.id {PARTIES}
left join rep r on r.id = d.rep_id"""

HELD = """d.held_at >= %(since)s::date at time zone 'UTC'
and d.held_at < %(until)s::date at time zone 'UTC'"""

COUNTED = f"""{MINED}
where {HELD} and m.day >= %(since)s and m.day < %(until)s"""
"""The calls of the time asked for that count."""

INSIGHTS = f"""{MINED} join insight i on i.call_id = d.id
where {HELD} and i.kind = %(kind)s"""

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


def rolled_up(question: Question) -> bool:
    """Whether the roll-ups know enough to answer."""
    return _asked(question) <= _BY_ACCOUNT


def by_company(question: Question) -> bool:
    """Whether the roll-ups of all accounts together do."""
    return _asked(question) <= _BY_COMPANY


def _asked(question: Question) -> set[str]:
    """What of a call it asks for."""
    among = asdict(question.among)
    given = {name for name in _CONDITIONS if among[name] is not None}
    return given | ({question.by.value} if question.by else set())


def calls_query(question: Question, start: str = "") -> str:
    """The calls mined, by period and group; `start` says in SQL what stands for their periods."""
    rows, calls = f"mined_call {FACTS}", "count(*)"
    if by_company(question):
        rows, calls = f"daily_company_calls {_ALL_ROLLED_UP} and d.calls > 0", "sum(d.calls)"
    elif rolled_up(question):
        rows, calls = f"daily_calls {_ROLLED_UP}", "sum(d.calls)"
    start = start or _start(question)
    return f"""select {start}, {GROUPS[question.by]} as group, {calls}::int as calls
               from {rows} {conditions(question, "d.call_id")} group by 1, 2"""  # noqa: S608


def labels_query(question: Question, which: str = "", start: str = "") -> str:
    """The mentions and the calls with any, by period, group and label; `which` are meant is said in
    SQL. A call is held on one day, so the calls of a period's days are distinct, and summing them
    counts none twice."""
    rows, calls = mentions(question)
    start = start or _start(question)
    return f"""select {start}, {GROUPS[question.by]} as group, d.label,
                      sum(d.mentions)::int as mentions, {calls}::int as calls
               from {rows} {which} group by 1, 2, 3"""  # noqa: S608


def mentions(question: Question) -> tuple[str, str]:
    """Where the mentions asked for are, and the calls of these rows."""
    rows, calls = f"{said(question)} {FACTS}", "count(*)"
    if question.among.whole and by_company(question):
        rows = f"daily_company_mentions {_ALL_ROLLED_UP} and d.calls > 0"
        calls = "sum(d.calls)"
    elif question.among.whole and rolled_up(question):
        rows, calls = f"daily_mentions {_ROLLED_UP}", "sum(d.calls)"
    among = conditions(question, "d.call_id")
    if question.label is not None:
        among += " and lower(d.label) = lower(%(label)s)"
    return f"{rows} and d.kind = %(kind)s {among}", calls


def said(question: Question) -> str:
    """What each call counts for: as it is kept; where not all that stands counts, counted anew."""
    if question.among.whole:
        return "call_mentions"
    return f"""(
        select m.*, i.kind, i.label, i.mentions, i.stances, i.objections
        from mined_call m join (
            select m.call_id, i.kind, i.label, count(*)::int as mentions,
                   array_agg(i.stance order by i.stance)
                       filter (where i.stance is not null) as stances,
                   {objections("m.call_id", _counting(question))} as objections
            from insight i join mined_call m on m.call_id = i.call_id
            where m.day >= %(since)s and m.day < %(until)s and {_counting(question)}
            group by 1, 2, 3) i on i.call_id = m.call_id)"""  # noqa: S608 - constants


def _counting(question: Question) -> str:
    return counting(question.among.min_confidence, question.among.review)


def versions_query(question: Question) -> str:
    """The versions of detectors at work, by period. What a person added was found by none, and
    what one reviewed keeps the version it was found by however often its call is mined again."""
    if by_company(replace(question, by=None)):
        return f"""select distinct {_start(question)}, d.version
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
               from (select distinct {_start(question)}, d.version from daily_versions d
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
    query = f"""select {_DAY}::date {MINED} where true {_given(values, "d.id")}
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
    which = f"i.kind = %(kind)s and {_counting(question)}"
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


def values_of(question: Question) -> dict[str, Any]:
    return asdict(question.among) | {
        "kind": question.kind,
        "label": question.label,
        "since": question.since,
        "until": question.until,
    }


def conditions(question: Question, call: str = "d.id") -> str:
    """What is asked of calls, or of what knows what they are counted by; `call` is their id."""
    return _given(asdict(question.among), call)


def _given(among: dict[str, Any], call: str) -> str:
    return "".join(
        f" and {condition.format(call=call)}"
        for name, condition in _CONDITIONS.items()
        if among[name] is not None
    )


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
