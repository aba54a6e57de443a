"""SQL for retraining: the calls that may be learnt from. Nothing is written."""

from collections.abc import Sequence
from datetime import datetime

from ingest.base.db import Connection
from ingest.base.errors import NotFound
from insights.minable import MINABLE


def reviewed_calls(conn: Connection) -> Sequence[int]:
    """The ids of the calls of which somebody has reviewed something, and that have words of the
    detectors' language."""
    rows = conn.execute(
        f"""select distinct insight.call_id from insight
           join transcript on transcript.call_id = insight.call_id
           where insight.review <> 'unreviewed' and {MINABLE}
           order by insight.call_id"""  # noqa: S608 - a constant
    ).fetchall()
    return [row[0] for row in rows]


def mined_calls(conn: Connection, since: datetime | None, company: str | None) -> Sequence[int]:
    """The ids of the mined calls of a time and a company, the latest first. Raises NotFound for
    an unknown company."""
    known = conn.execute("select from company where lower(name) = lower(%s)", (company,)).fetchone()
    if company is not None and known is None:
        raise NotFound(f"There is no company {company}.")
    rows = conn.execute(
        f"""select call.id from call
           join transcript on transcript.call_id = call.id
           join company on company.id = call.company_id
           where call.state = 'done' and {MINABLE}
             and (%(since)s::timestamptz is null or call.held_at >= %(since)s)
             and (%(company)s::text is null or lower(company.name) = lower(%(company)s))
           order by call.held_at desc, call.id desc""",  # noqa: S608 - a constant
        {"since": since, "company": company},
    ).fetchall()
    return [row[0] for row in rows]
