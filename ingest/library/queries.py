"""SQL for the list of calls."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import RowMaker

from ingest.base.db import Connection
from ingest.calls import Call, CallState
from ingest.library.library import Condition, Place, Sort

CALL = sql.SQL(
    """select call.id, call.state, call.title, call.filename, call.uploaded_at, call.held_at,
              call.seconds, call.heard_seconds, call.missing_seconds, call.channels,
              encode(call.audio_sha256, 'hex') as audio_sha256,
              call.company_id, company.name as company,
              call.account_id, account.name as account, account.value_usd as account_value_usd,
              account.segment, call.rep_id, rep.name as rep,
              call.deal_value_usd, call.stage, call.outcome, call.lead_source, call.campaign,
              call.lead_created_at, call.consent, call.language, call.seller_channel,
              call.attempts, call.failure, call.waiting_reason, call.recording_gone_at,
              call.hold_since, call.hold_by
         from call join company on company.id = call.company_id
              left join account on account.id = call.account_id
              left join rep on rep.id = call.rep_id"""
)

_FILTERS: dict[str, LiteralString] = {
    "account": "lower(account.name) = lower(%(account)s)",
    "rep": "lower(rep.name) = lower(%(rep)s)",
    "company": "lower(company.name) = lower(%(company)s)",
    "segment": "lower(account.segment) = lower(%(segment)s)",
    "stage": "lower(call.stage) = lower(%(stage)s)",
    "outcome": "lower(call.outcome) = lower(%(outcome)s)",
    "lead_source": "lower(call.lead_source) = lower(%(lead_source)s)",
    "campaign": "lower(call.campaign) = lower(%(campaign)s)",
    "states": "call.state = any(%(states)s)",
    "text": "strpos(lower(call.title), lower(%(text)s)) > 0",
    "held_from": "call.held_at >= %(held_from)s",
    "held_to": "call.held_at < %(held_to)s",
}

_KEYS: dict[Sort, LiteralString] = {
    Sort.VALUE: "coalesce(call.deal_value_usd, 0)::float8",
    Sort.LENGTH: "call.seconds",
}
"""What an order goes by before the time: see the indexes call_by_value and call_by_length."""


def call_row(cursor: psycopg.Cursor[Any]) -> RowMaker[Call]:
    """Rows as calls, their state as a CallState."""
    names = [column.name for column in cursor.description or ()]

    def make(values: Sequence[Any]) -> Call:
        row = dict(zip(names, values, strict=True))
        return Call(**row | {"state": CallState(row["state"])})

    return make


def list_calls(
    conn: Connection,
    *,
    account: str | None = None,
    rep: str | None = None,
    company: str | None = None,
    segment: str | None = None,
    stage: str | None = None,
    outcome: str | None = None,
    lead_source: str | None = None,
    campaign: str | None = None,
    states: Collection[CallState] | None = None,
    text: str | None = None,
    held_from: datetime | None = None,
    held_to: datetime | None = None,
    also: Condition | None = None,
    sort: Sort = Sort.NEWEST,
    before: Place | None = None,
    limit: int = 50,
) -> list[Call]:
    """Calls in the order asked for; `before` is the place in it of the last one already seen.

    Names are compared without case, `text` is looked for in the title, `held_to` is exclusive.
    """
    given: dict[str, Any] = {"account": account, "rep": rep, "company": company, "text": text}
    given |= {"segment": segment, "stage": stage, "outcome": outcome, "lead_source": lead_source}
    given |= {"states": list(states) if states else None, "held_from": held_from}
    given |= {"held_to": held_to, "campaign": campaign}
    values = {k: v for k, v in given.items() if v is not None}
    where: list[sql.Composable] = [sql.SQL(_FILTERS[name]) for name in values]
    if also:
        where.append(sql.SQL(also.sql))
        values |= also.values
    columns = [sql.SQL(name) for name in (_KEYS.get(sort), "call.held_at", "call.id") if name]
    if before:
        last = {"before_key": before.key, "before_time": before.held_at, "before_id": before.id}
        given_last = [sql.Placeholder(name) for name in last][-len(columns) :]
        where.append(sql.SQL("({}) < ({})").format(_listed(columns), _listed(given_last)))
        values |= last
    query = sql.SQL("{} where {} order by {} limit %(limit)s").format(
        CALL,
        sql.SQL(" and ").join(where) if where else sql.SQL("true"),
        _listed([sql.SQL("{} desc").format(column) for column in columns]),
    )
    with conn.cursor(row_factory=call_row) as cursor:
        return cursor.execute(query, values | {"limit": limit}).fetchall()


def _listed(parts: Sequence[sql.Composable]) -> sql.Composed:
    return sql.SQL(", ").join(parts)


def segments(conn: Connection, limit: int = 200) -> list[str]:
    """The segments that accounts are noted in, by name."""
    rows = conn.execute(
        """select min(segment) from account where segment is not null
           group by lower(segment) order by lower(segment) limit %s""",
        (limit,),
    )
    return [name for (name,) in rows]
