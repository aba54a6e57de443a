"""SQL for the roll-ups: `daily_mentions` and `daily_calls`, by account; the same of all accounts
together, `daily_company_mentions` and `daily_company_calls`; and the detectors' `daily_versions`.
With them goes `call_mentions`, what each call counts for and what it is counted by: its day,
company and account, its rep, stage, lead source and campaign.

What counts: calls in `mined_call`, on their `held_at`'s day in UTC, and their insights that no
person has rejected. A call in a language that is not mined is not in it: that nothing was found
there means nothing. `mined_call` says where a call is counted now, so that one that was moved by
somebody else is taken from where it stood when it is mined again. A row may fall to nought and
stays then: deleting it would race with a transaction that is about to add to it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import NamedTuple

from ingest.base.db import Connection
from insights.counting import objections
from insights.insight import PERSON, Kind
from insights.stored import Difference


class _Row(NamedTuple):
    """A roll-up row's key, sortable; kind and label are empty for a row of calls. `account_id` is
    ALL in a row of all accounts; a row of `daily_versions` has a version, and no label."""

    day: date
    company_id: int
    account_id: int  # 0 for none
    kind: str
    label: str
    version: str = ""


ALL = -1
"""In place of an account's id: all accounts together."""

_Counts = Counter[tuple[_Row, str]]  # (row, "mentions" or "calls") → how many


@contextmanager
def moving_rollups(conn: Connection, call_id: int) -> Iterator[None]:
    """Keep the roll-ups right over a block that changes what one call counts for: its insights,
    their review, its day, account or company, or whether it is there at all.

    Holds the call and its company until the caller's transaction ends. Deadlocks are ruled out
    by order: call, company, then roll-up rows as sorted.
    """
    conn.execute("select 1 from call where id = %s for update", (call_id,))
    conn.execute(
        """select 1 from company where id = (select company_id from call where id = %s)
           for no key update""",  # requests are placed by what is there: one call after another
        (call_id,),
    )
    before = _counts(conn, call_id)
    yield
    conn.execute(f"{_PLACE} where m.call_id = %s and c.id = m.call_id", (call_id,))
    conn.execute("delete from call_mentions where call_id = %s", (call_id,))
    conn.execute(f"{_NOTE} and m.call_id = %s {_NOTED}", (call_id,))
    after = _counts(conn, call_id)
    after.subtract(before)
    _add(conn, after)


def count_call(conn: Connection, call_id: int) -> None:
    """Have a call count from now on, also without any insight, and forget how it was mined before;
    within `moving_rollups`."""
    conn.execute(
        """insert into mined_call
               (call_id, day, company_id, account_id, rep_id, stage, lead_source, campaign)
           select id, (held_at at time zone 'UTC')::date, company_id, account_id, rep_id, stage,
                  lead_source, campaign
           from call where id = %s
           on conflict (call_id) do update set mined_at = now(), note = null, dropped = '{}'""",
        (call_id,),
    )


def uncount_call(conn: Connection, call_id: int) -> None:
    """Have a call count no more: it is not mined, so that it found nothing means nothing; within
    `moving_rollups`."""
    conn.execute("delete from mined_call where call_id = %s", (call_id,))


def _counts(conn: Connection, call_id: int) -> _Counts:
    rows = conn.execute(
        """select m.day, m.company_id, coalesce(m.account_id, 0), i.kind, i.label, count(i.id)
           from mined_call m
           left join insight i on i.call_id = m.call_id and i.review <> 'rejected'
           where m.call_id = %s group by 1, 2, 3, 4, 5""",
        (call_id,),
    ).fetchall()
    counts: _Counts = Counter()
    for day, company_id, account_id, kind, label, mentions in rows:
        for account in (account_id, ALL):
            counts[_Row(day, company_id, account, "", ""), "calls"] = 1
            if mentions:
                counts[_Row(day, company_id, account, kind, label), "mentions"] = mentions
                counts[_Row(day, company_id, account, kind, label), "calls"] = 1
    found = conn.execute(
        f"""select m.day, m.company_id, i.kind, i.version, count(*)
            from mined_call m join insight i on i.call_id = m.call_id
            where m.call_id = %s and {_BY_A_DETECTOR} group by 1, 2, 3, 4""",  # noqa: S608 - constant
        (call_id,),
    ).fetchall()
    for day, company_id, kind, version, mentions in found:
        counts[_Row(day, company_id, ALL, kind, "", version), "mentions"] = mentions
    return counts


def _add(conn: Connection, change: _Counts) -> None:
    changed = sorted({row for (row, _), number in change.items() if number})
    rows = [
        {
            **row._asdict(),
            "account_id": row.account_id or None,
            "mentions": change[row, "mentions"],
            "calls": change[row, "calls"],
        }
        for row in changed
    ]
    of_each = [row for row in rows if row["account_id"] != ALL]
    of_all = [row for row in rows if row["account_id"] == ALL]
    with conn.cursor() as cursor:
        cursor.executemany(_ADD_CALLS, [row for row in of_each if not row["kind"]])
        cursor.executemany(_ADD_MENTIONS, [row for row in of_each if row["kind"]])
        cursor.executemany(_ADD_ALL_CALLS, [row for row in of_all if not row["kind"]])
        cursor.executemany(_ADD_ALL_MENTIONS, [row for row in of_all if row["label"]])
        cursor.executemany(_ADD_VERSIONS, [row for row in of_all if row["version"]])


# A check sees the row before the conflict is found, so what is taken away is inserted as nought.
_ADD_CALLS = """
insert into daily_calls as kept (day, company_id, account_id, calls)
values (%(day)s, %(company_id)s, %(account_id)s, greatest(%(calls)s, 0))
on conflict (day, company_id, account_id) do update set calls = kept.calls + %(calls)s
"""

_ADD_MENTIONS = """
insert into daily_mentions as kept (day, company_id, account_id, kind, label, mentions, calls)
values (%(day)s, %(company_id)s, %(account_id)s, %(kind)s, %(label)s,
        greatest(%(mentions)s, 0), greatest(%(calls)s, 0))
on conflict (day, company_id, account_id, kind, label)
do update set mentions = kept.mentions + %(mentions)s, calls = kept.calls + %(calls)s
"""

_ADD_ALL_CALLS = """
insert into daily_company_calls as kept (day, company_id, calls)
values (%(day)s, %(company_id)s, greatest(%(calls)s, 0))
on conflict (day, company_id) do update set calls = kept.calls + %(calls)s
"""

_ADD_ALL_MENTIONS = """
insert into daily_company_mentions as kept (kind, day, company_id, label, mentions, calls)
values (%(kind)s, %(day)s, %(company_id)s, %(label)s,
        greatest(%(mentions)s, 0), greatest(%(calls)s, 0))
on conflict (kind, day, company_id, label)
do update set mentions = kept.mentions + %(mentions)s, calls = kept.calls + %(calls)s
"""

_ADD_VERSIONS = """
insert into daily_versions as kept (kind, day, company_id, version, mentions)
values (%(kind)s, %(day)s, %(company_id)s, %(version)s, greatest(%(mentions)s, 0))
on conflict (kind, day, company_id, version) do update set mentions = kept.mentions + %(mentions)s
"""

_BY_A_DETECTOR = f"i.review = 'unreviewed' and i.detector <> '{PERSON}'"

_PLACE = """
update mined_call m
set day = (c.held_at at time zone 'UTC')::date, company_id = c.company_id,
    account_id = c.account_id, rep_id = c.rep_id, stage = c.stage, lead_source = c.lead_source,
    campaign = c.campaign
from call c
"""

_OBJECTIONS = f"case i.kind when 'competitor' then {objections('m.call_id')} end"

_CONFIRMED = "count(*) filter (where i.review = 'confirmed')"

_CONFIDENCES = "array_agg(i.confidence order by i.confidence desc)"

_NOTE = f"""
insert into call_mentions (call_id, kind, label, day, company_id, account_id, rep_id, stage,
                           lead_source, campaign, mentions, stances, objections, confirmed,
                           confidences)
select m.call_id, i.kind, i.label, m.day, m.company_id, m.account_id, m.rep_id, m.stage,
       m.lead_source, m.campaign, count(*),
       array_agg(i.stance order by i.stance) filter (where i.stance is not null),
       {_OBJECTIONS}, {_CONFIRMED}, {_CONFIDENCES}
from mined_call m join insight i on i.call_id = m.call_id where i.review <> 'rejected'
"""  # noqa: S608 - made of the constant above

_NOTED = "group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 order by m.day, m.call_id"
"""Side by side as they are read: those of some weeks."""

# A call moved by its bringer is on its way to be mined and counted again: till then its old place
# is right.
_PLACED = """
select m.call_id,
       case c.state when 'done' then (c.held_at at time zone 'UTC')::date else m.day end as day,
       case c.state when 'done' then c.company_id else m.company_id end as company_id,
       case c.state when 'done' then c.account_id else m.account_id end as account_id
from mined_call m join call c on c.id = m.call_id
"""

_COUNTED_CALLS = f"""
select day, company_id, account_id, count(*)::integer as calls from ({_PLACED}) m group by 1, 2, 3
"""  # noqa: S608 - made of the constant above

_COUNTED_MENTIONS = f"""
select m.day, m.company_id, m.account_id, i.kind, i.label,
       count(*)::integer as mentions, count(distinct i.call_id)::integer as calls
from ({_PLACED}) m join insight i on i.call_id = m.call_id
where i.review <> 'rejected' group by 1, 2, 3, 4, 5
"""  # noqa: S608 - made of the constant above

_COUNTED_VERSIONS = f"""
select i.kind, m.day, m.company_id, i.version, count(*)::integer as mentions
from ({_PLACED}) m join insight i on i.call_id = m.call_id
where {_BY_A_DETECTOR} group by 1, 2, 3, 4
"""  # noqa: S608 - made of the constants above

_COUNTED_IN_CALLS = f"""
select m.day, m.company_id, coalesce(m.account_id, 0) as account_id,
       i.kind || ' in call ' || m.call_id as kind,
       row(i.label, array_agg(i.stance order by i.stance) filter (where i.stance is not null),
           c.rep_id, c.stage, c.lead_source, c.campaign, {_OBJECTIONS}, {_CONFIRMED},
           {_CONFIDENCES})::text as label,
       count(*) as mentions
from ({_PLACED}) m join insight i on i.call_id = m.call_id join call c on c.id = m.call_id
where i.review <> 'rejected'
group by m.day, m.company_id, m.account_id, i.kind, m.call_id, i.label, c.id
"""  # noqa: S608 - made of the constant above

_KEPT_IN_CALLS = """
select day, company_id, coalesce(account_id, 0) as account_id,
       kind || ' in call ' || call_id as kind,
       row(label, stances, rep_id, stage, lead_source, campaign, objections, confirmed,
           confidences)::text as label,
       mentions
from call_mentions
"""

_DIFFERENCES = f"""
with by_account as (
         select day, company_id, coalesce(account_id, 0) as account_id, kind, label, mentions, calls
         from ({_COUNTED_MENTIONS}) m
         union all
         select day, company_id, coalesce(account_id, 0), '', '', 0, calls
         from ({_COUNTED_CALLS}) c),
     counted as (
         select * from by_account
         union all
         select day, company_id, {ALL}, kind, label, sum(mentions), sum(calls)
         from by_account group by 1, 2, 4, 5
         union all
         select day, company_id, {ALL}, kind || ' version', version, mentions, 0
         from ({_COUNTED_VERSIONS}) v
         union all
         select day, company_id, account_id, kind, label, mentions, 1
         from ({_COUNTED_IN_CALLS}) f),
     kept as (select day, company_id, coalesce(account_id, 0) as account_id, kind, label, mentions,
                     calls
              from daily_mentions
              union all
              select day, company_id, coalesce(account_id, 0), '', '', 0, calls from daily_calls
              union all
              select day, company_id, {ALL}, kind, label, mentions, calls
              from daily_company_mentions
              union all
              select day, company_id, {ALL}, '', '', 0, calls from daily_company_calls
              union all
              select day, company_id, {ALL}, kind || ' version', version, mentions, 0
              from daily_versions
              union all
              select day, company_id, account_id, kind, label, mentions, 1
              from ({_KEPT_IN_CALLS}) f)
select day, company_id, account_id, kind, label,
       sum(kept_mentions)::int, sum(kept_calls)::int, sum(mentions)::int, sum(calls)::int
from (select day, company_id, account_id, kind, label,
             mentions as kept_mentions, calls as kept_calls, 0 as mentions, 0 as calls from kept
      union all
      select day, company_id, account_id, kind, label, 0, 0, mentions, calls from counted) sides
group by 1, 2, 3, 4, 5
having sum(kept_mentions) <> sum(mentions) or sum(kept_calls) <> sum(calls)
order by 1, 2, 3, 4, 5
"""  # noqa: S608 - made of the constants above


def rollup_differences(conn: Connection) -> Sequence[Difference]:
    """Count everything afresh: the rows that do not agree with what is kept; none is right."""
    rows = conn.execute(_DIFFERENCES).fetchall()
    return [Difference(*row) for row in rows]


_ROLLUPS = (
    *("daily_calls", "daily_mentions"),
    *("daily_company_calls", "daily_company_mentions", "daily_versions", "call_mentions"),
)


def rebuild_rollups(conn: Connection) -> None:
    """Write the roll-ups anew from the insights; who moves them meanwhile waits."""
    conn.execute(f"lock table mined_call, insight, {', '.join(_ROLLUPS)} in exclusive mode")
    conn.execute(f"{_PLACE} where c.id = m.call_id")
    for table in _ROLLUPS:
        conn.execute(f"delete from {table}")  # noqa: S608 - constants
    conn.execute(f"insert into daily_calls (day, company_id, account_id, calls) {_COUNTED_CALLS}")
    conn.execute(
        f"""insert into daily_mentions
            (day, company_id, account_id, kind, label, mentions, calls) {_COUNTED_MENTIONS}"""
    )
    conn.execute(
        """insert into daily_company_calls (day, company_id, calls)
           select day, company_id, sum(calls) from daily_calls group by 1, 2"""
    )
    conn.execute(
        """insert into daily_company_mentions (kind, day, company_id, label, mentions, calls)
           select kind, day, company_id, label, sum(mentions), sum(calls) from daily_mentions
           group by 1, 2, 3, 4"""
    )
    conn.execute(
        f"""insert into daily_versions (kind, day, company_id, version, mentions)
            {_COUNTED_VERSIONS}"""
    )
    conn.execute(f"{_NOTE} {_NOTED}")


def hold_company(conn: Connection, company_id: int) -> None:
    """Keep others from saving this company's insights until the caller's transaction ends."""
    conn.execute("select 1 from company where id = %s for update", (company_id,))


def recount(conn: Connection, company_id: int, kind: Kind, labels: Iterable[str]) -> None:
    """Write the roll-ups of some labels anew, after mentions were relabelled across calls.
    Within `hold_company`, so that nobody else moves them."""
    values = {"company": company_id, "kind": kind, "labels": sorted(set(labels))}
    these = "company_id = %(company)s and kind = %(kind)s"
    labelled = f"{these} and label = any(%(labels)s)"
    conn.execute(f"delete from daily_mentions where {labelled}", values)  # noqa: S608
    conn.execute(
        f"""insert into daily_mentions
            (day, company_id, account_id, kind, label, mentions, calls)
            select * from ({_COUNTED_MENTIONS}) counted where {labelled}""",  # noqa: S608
        values,
    )
    conn.execute(f"delete from daily_company_mentions where {labelled}", values)  # noqa: S608
    conn.execute(
        f"""insert into daily_company_mentions (kind, day, company_id, label, mentions, calls)
            select kind, day, company_id, label, sum(mentions), sum(calls) from daily_mentions
            where {labelled} group by 1, 2, 3, 4""",  # noqa: S608
        values,
    )
    conn.execute(f"delete from daily_versions where {these}", values)  # noqa: S608
    conn.execute(
        f"""insert into daily_versions (kind, day, company_id, version, mentions)
            select * from ({_COUNTED_VERSIONS}) counted where {these}""",  # noqa: S608
        values,
    )
    theirs = f"select call_id from ({_PLACED}) m where company_id = %(company)s"  # noqa: S608
    conn.execute(
        f"""delete from call_mentions
            where kind = %(kind)s and label = any(%(labels)s) and call_id in ({theirs})""",  # noqa: S608
        values,
    )
    conn.execute(
        f"""{_NOTE} and i.kind = %(kind)s and i.label = any(%(labels)s)
            and i.call_id in ({theirs}) {_NOTED}""",
        values,
    )
