"""SQL for lead quality: whom the calls of a source are held with, and how long its leads waited.

Objections are counted as trends count them (insights/trends/rows). A lead is an account and the
time it came in; a call without an account is a lead of its own. Its first call is the first held
since, whether or not it could be heard: how long a lead waited hangs on no detector. Where a call
is known by its day alone, so is the wait.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from psycopg.rows import class_row

from ingest.base.db import Connection
from insights.leads.lead import Lead, Reach, Wait
from insights.trends.rows import FACTS, GROUPS, HELD, PARTIES, conditions, values_of
from insights.trends.trend import Question

SLOWEST = 5
"""Leads named of each origin: those that waited longest."""

_SINCE = "date_trunc('day', d.lead_created_at, 'UTC')"


def reach(conn: Connection, question: Question) -> list[Reach]:
    """The accounts that the calls of each origin were held with."""
    with conn.cursor(row_factory=class_row(Reach)) as cursor:
        return cursor.execute(
            f"""select held.group, count(held.account_id)::int as accounts
                from (select lower({GROUPS[question.by]}) as group, d.account_id
                      from mined_call {FACTS} {conditions(question, "d.call_id")}
                      group by 1, 2) held
                group by 1""",  # noqa: S608 - constants
            values_of(question),
            prepare=False,  # as trends are: planned for these days and names
        ).fetchall()


class Waited(NamedTuple):
    """How long leads waited."""

    origins: list[Wait]
    of_all: Wait | None  # None where there was none
    slowest: list[Lead]  # of each origin, these first


def waited(conn: Connection, question: Question) -> Waited:
    """How long the leads waited whose first call was held in the time asked for."""
    found = conn.execute(waited_query(question), values_of(question), prepare=False).fetchall()
    rows = [_Row(*row) for row in found]
    of_all = [row for row in rows if row.nth == 0]
    return Waited(
        [Wait(row.group, row.leads, _three(row.quartiles)) for row in rows if row.nth == 1],
        Wait(None, of_all[0].leads, _three(of_all[0].quartiles)) if of_all else None,
        [row.lead for row in rows if row.nth],
    )


def waited_query(question: Question) -> str:
    """The slowest leads of each origin, from the first, each with what is known of the origin's;
    under number 0 what is known of all. What else is shown of a lead is fetched of these alone."""
    known = """count(*)::int as leads,
        percentile_cont(array[.25, .5, .75]) within group (order by wait) as quartiles"""
    return f"""with lead as materialized ({leads_query(question)}),
               slow as (
                   select *, row_number() over (partition by lead.group
                                                order by wait desc, call_id) as nth from lead),
               origin as (select lead.group, {known} from lead group by 1),
               whole as (select {known} from lead)
               select nth, slow.group, leads, quartiles, shown.name, call_id, shown.title,
                      created_at, held_at, wait
               from slow join origin on origin.group is not distinct from slow.group,
                    lateral (select d.title, a.name
                             from call d left join account a on a.id = d.account_id
                             where d.id = slow.call_id offset 0) shown
               where nth <= {SLOWEST}
               union all
               select 0, null, leads, quartiles, null, null, null, null, null, null
               from whole where leads > 0
               order by wait desc, call_id"""  # noqa: S608 - constants


def leads_query(question: Question) -> str:
    """The leads whose first call was held in the time asked for. Of a lead's calls in this time
    only the first can be, so earlier ones are looked for lead by lead, not call by call. A buyer is
    an account, else a call, whose number below zero no account has."""
    return f"""select lower(d.origin) as group, d.id as call_id, d.lead_created_at as created_at,
                      d.held_at, greatest(d.held_at - d.lead_created_at, interval '0') as wait
               from (select distinct on (buyer, d.company_id, d.lead_created_at)
                            coalesce(d.account_id, -d.id) as buyer, d.company_id,
                            d.lead_created_at, d.held_at, d.id, {GROUPS[question.by]} as origin
                     from call d {PARTIES} left join rep r on r.id = d.rep_id
                     where {HELD} and d.held_at >= {_SINCE} {conditions(question)}
                     order by buyer, d.company_id, d.lead_created_at, d.held_at, d.id) d
               where not exists (
                     select from call e
                     where e.account_id = d.buyer and e.company_id = d.company_id
                       and coalesce(e.lead_created_at, d.lead_created_at) = d.lead_created_at
                       and e.held_at >= {_SINCE} and e.held_at <= d.held_at
                       and (e.held_at, e.id) < (d.held_at, d.id)
                     -- "offset 0": looked up one by one in call_by_account, not of all calls
                     offset 0)"""  # noqa: S608 - constants


class _Row(NamedTuple):
    nth: int
    group: str | None
    leads: int
    quartiles: list[timedelta]
    account: str | None
    call_id: int
    title: str
    created_at: datetime
    held_at: datetime
    wait: timedelta

    @property
    def lead(self) -> Lead:
        return Lead(self.group, *self[4:])


def _three(quartiles: list[timedelta]) -> tuple[timedelta, timedelta, timedelta]:
    first, median, third = quartiles
    return first, median, third
