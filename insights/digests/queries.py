"""The rows of a week's digest."""

from typing import Any

from psycopg.rows import kwargs_row

from ingest.base.db import Connection
from insights.digest import Mention, Rows, Week
from insights.insight import Kind


def digest_rows(conn: Connection, week: Week, company_id: int | None = None) -> Rows:
    """A week's insights and the week before's, with how many calls were mined in each.

    Insights that a person has rejected are left out.
    """
    among = {
        "from": week.before.monday,
        "start": week.monday,
        "to": week.after.monday,
        "company": company_id,
    }
    with conn.cursor() as cursor:
        cursor.execute(_CALLS, among)
        row = cursor.fetchone()
    calls, calls_before = row or (0, 0)
    with conn.cursor(row_factory=kwargs_row(_mention)) as cursor:
        cursor.execute(_MENTIONS, among)
        mentions = tuple(cursor)
    return Rows(calls=calls, calls_before=calls_before, mentions=mentions)


def _mention(*, kind: str, **row: Any) -> Mention:
    return Mention(kind=Kind(kind), **row)


_CALLS = """
select coalesce(sum(calls) filter (where day >= %(start)s), 0)::int,
       coalesce(sum(calls) filter (where day < %(start)s), 0)::int
  from daily_calls
 where day >= %(from)s and day < %(to)s
   and (%(company)s::bigint is null or company_id = %(company)s)
"""

_MENTIONS = """
select insight.id as insight_id, insight.call_id, call.title, call.held_at,
       insight.kind, insight.label, insight.quote, insight.confidence, insight.stance,
       case when call.audio_sha256 is not null then insight.start_s end as start,
       account.name as account,
       coalesce(turn.name, initcap(nullif(turn.speaker, 'unknown'))) as speaker
  from insight
  join call on call.id = insight.call_id
  left join account on account.id = call.account_id
  left join turn on turn.call_id = insight.call_id and turn.position = insight.turn
 where call.held_at >= %(from)s::date at time zone 'UTC'
   and call.held_at < %(to)s::date at time zone 'UTC'
   and insight.review <> 'rejected'
   and (%(company)s::bigint is null or call.company_id = %(company)s)
 order by insight.id
"""


def last_week_heard(conn: Connection) -> Week | None:
    """The latest week in which a mined call was held; None before the first."""
    row = conn.execute("select max(day) from daily_calls where calls > 0").fetchone()
    return Week.of(row[0]) if row and row[0] else None
