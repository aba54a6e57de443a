"""Lead quality: objections by lead source and campaign, and how long leads wait."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response

from api.context import Here
from api.lead_schemas import LeadsOut, leads_out, to_csv
from api.rest.lists import Paged
from api.rest.parameters import Reader
from api.rest.tabular import ANSWERS, Format, respond
from api.rest.trends import Day, among, span
from ingest.base.db import Connection
from insights.insight import Kind
from insights.leads import queries, rules
from insights.leads.lead import Leads
from insights.trends.queries import count_all
from insights.trends.trend import Dimension, Filter, Question, Unit

router = APIRouter(tags=["Leads"])

By = Literal[Dimension.LEAD_SOURCE, Dimension.CAMPAIGN]


@router.get("/leads", response_model=LeadsOut, responses=ANSWERS)
def get_leads(
    request: Request,
    here: Here,
    _: Reader,
    among: Annotated[Filter, Depends(among)],
    paged: Paged,
    by: By = Dimension.LEAD_SOURCE,
    since: Day = None,
    until: Day = None,
    format: Format = None,
) -> Response:
    """Which lead sources, or campaigns, bring which objections: the share of the calls of each in
    which a buyer objects so, with Wilson's 95 % interval, and whether that differs from all other
    calls by more than chance; and the time from when a lead came in to its first call.

    `since` ≤ day < `until` (UTC), widened to whole ISO weeks; by default the twelve up to today. A
    lead is an account and its `lead_created_at`; a call without an account is a lead of its own. A
    lead that was never called is not known here. As CSV by `Accept: text/csv` or `format=csv`.
    """
    today = datetime.now(UTC).date()
    question = Question(Kind.OBJECTION, span(Unit.WEEK, since, until, today), among, by=by)
    with here.pool.connection() as conn:
        leads = answered(conn, question)
    answer = leads_out(leads, *paged.of(leads.origins))
    return respond(request, answer, to_csv, f"leads-by-{by.value}", format, paged.response.headers)


def answered(conn: Connection, question: Question) -> Leads:
    """The answer to a question about objections that splits by lead source or campaign."""
    waited = queries.waited(conn, question)
    return rules.build(
        question,
        count_all(conn, question),
        queries.reach(conn, question),
        waited.origins,
        waited.of_all,
        waited.slowest,
    )
