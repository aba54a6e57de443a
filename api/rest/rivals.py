"""Rivals over some weeks: their share of voice, what comes with them, and how deals end."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from api.context import Here
from api.rest.lists import Paging, paged
from api.rest.parameters import Reader
from api.rest.tabular import ANSWERS, Format, respond
from api.rest.trends import Day, among, answered, span
from api.rival_schemas import RivalsOut, rivals_out, to_csv
from api.schemas import Text
from ingest.base.db import Connection
from insights.catalogue.queries import company_called
from insights.insight import Kind
from insights.proposals.proposal import State
from insights.proposals.queries import find_proposals
from insights.queries import catalogue
from insights.rivals import queries, rules
from insights.rivals.rival import Rivals
from insights.stored import Seller
from insights.trends.trend import Filter, Period, Question, Unit

router = APIRouter(tags=["Competitors"])


@router.get("/competitors/overview", response_model=RivalsOut, responses=ANSWERS)
def get_overview(
    request: Request,
    here: Here,
    _: Reader,
    company: Annotated[Text, Query(description="Whose rivals; as GET /v1/companies has it.")],
    among: Annotated[Filter, Depends(among)],
    paged: Annotated[Paging, paged(50)],
    period: Unit = Unit.WEEK,
    since: Day = None,
    until: Day = None,
    format: Format = None,
) -> Response:
    """Every rival named in a company's calls: its share of all rivals' mentions, the share of calls
    that name it with Wilson's 95 % interval, the change as in `/v1/trends`, the stances of those
    who name it, the objections that come up in calls that name it more or less than in the others,
    and how the deals ended.

    `since` ≤ day < `until` (UTC), widened to whole periods; by default the twelve up to today. The
    latest whole periods are compared with as many before, as many as in `/v1/trends`; all else is
    of the whole time. A deal is an account, or a call without one; how it ended is what its last
    call with `outcome` (else `stage`) "won" or "lost" says. What a person rejected counts nowhere.
    As CSV by `Accept: text/csv` or `format=csv`.
    """
    today = datetime.now(UTC).date()
    with here.pool.connection() as conn:
        found = company_called(conn, company)
        overview = rivals(conn, found, span(period, since, until, today), among, today)
        names = find_proposals(conn, found.name, State.OPEN)
    shown, more = paged.of(overview.rivals)
    answer = rivals_out(replace(overview, rivals=shown), found.name, names, more)
    return respond(request, answer, to_csv, "competitors", format, paged.response.headers)


def rivals(
    conn: Connection, company: Seller, spans: tuple[Period, ...], among: Filter, today: date
) -> Rivals:
    """What is known of a company's rivals; `today` is the day in UTC."""
    question = Question(Kind.COMPETITOR, spans, replace(among, company=company.name))
    trends = answered(conn, question, today)
    listed = [entry.name for entry in catalogue(conn, company.id)]
    return rules.build(trends, queries.count(conn, question), listed)
