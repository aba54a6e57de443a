"""SQL for lead quality: whom the calls of a source are held with, and how long its leads waited.

Objections are counted as trends count them (insights/trends/queries). A lead is an account and the
time it came in; a call without an account is a lead of its own. Its first call is the first held
since, whether or not it could be heard: how long a lead waited hangs on no detector. Where a call
is known by its day alone, so is the wait.
"""

from datetime import timedelta
from typing import Any

from psycopg.rows import class_row, kwargs_row

from ingest.base.db import Connection
from insights.leads.lead import Lead, Reach, Wait
from insights.trends.queries import GROUPS, HELD, MINED, PARTIES, conditions, values_of
from insights.trends.trend import Question

SLOWEST = 5
"""Leads named of each origin: those that waited longest."""

_SINCE = "date_trunc('day', d.lead_created_at, 'UTC')"


def reach(conn: Connection, question: Question) -> list[Reach]:
    """The accounts that the calls of each origin were held with."""
    with conn.cursor(row_factory=class_row(Reach)) as cursor:
        return cursor.execute(
            f"""select lower({GROUPS[question.by]}) as group,
                       count(distinct d.account_id)::int as accounts
                {MINED} where {HELD} {conditions(question)} group by 1""",
            values_of(question),
            prepare=False,  # as trends are: planned for these days and names
        ).fetchall()


def waits(conn: Connection, question: Question) -> list[Wait]:
    """How long the leads waited whose first call was held in the time asked for, by origin."""
    query = f"""select lead.group, count(*)::int as leads,
                       percentile_cont(array[.25, .5, .75]) within group (order by wait)
                           as quartiles
                from ({leads_query(question)}) lead group by 1"""  # noqa: S608 - constants
    with conn.cursor(row_factory=kwargs_row(_wait)) as cursor:
        return cursor.execute(query, values_of(question), prepare=False).fetchall()


def slowest(conn: Connection, question: Question) -> list[Lead]:
    """The leads of each origin that waited longest, these first."""
    query = f"""select lead.group, account, call_id, title, created_at, held_at, wait
                from (select *, row_number() over (partition by f.group
                                                   order by wait desc, call_id) as nth
                      from ({leads_query(question)}) f) lead
                where nth <= {SLOWEST} order by wait desc, call_id"""  # noqa: S608 - constants
    with conn.cursor(row_factory=class_row(Lead)) as cursor:
        return cursor.execute(query, values_of(question), prepare=False).fetchall()


def leads_query(question: Question) -> str:
    """The leads whose first call was held in the time asked for."""
    return f"""select lower({GROUPS[question.by]}) as group, a.name as account, d.id as call_id,
                      d.title, d.lead_created_at as created_at, d.held_at,
                      greatest(d.held_at - d.lead_created_at, interval '0') as wait
               from call d {PARTIES} left join rep r on r.id = d.rep_id
               where {HELD} and d.held_at >= {_SINCE} {conditions(question)}
                 and not exists (
                     select from call e
                     where e.account_id = d.account_id and e.company_id = d.company_id
                       and coalesce(e.lead_created_at, d.lead_created_at) = d.lead_created_at
                       and e.held_at >= {_SINCE} and e.held_at <= d.held_at
                       and (e.held_at, e.id) < (d.held_at, d.id)
                     -- "offset 0": looked up lead by lead, in call_by_account, not of all calls
                     offset 0)"""  # noqa: S608 - constants


def _wait(*, quartiles: list[timedelta], **row: Any) -> Wait:
    first, median, third = quartiles
    return Wait(quartiles=(first, median, third), **row)
