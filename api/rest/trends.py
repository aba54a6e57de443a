"""What rises and falls: shares of calls by period, and the changes that are more than chance."""

from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from api.context import Here
from api.rest.lists import After, Cursor, decode, next_cursor
from api.rest.parameters import Reader, Reviewed, Sureness, Words
from api.rest.tabular import ANSWERS, Format, respond
from api.trend_schemas import TrendsOut, to_csv, trends_out
from ingest.base.db import Connection
from insights.insight import Kind
from insights.trends import queries, rules
from insights.trends.trend import (
    Dimension,
    Filter,
    Period,
    Question,
    Trends,
    Unit,
    last_periods,
    periods,
)

router = APIRouter(tags=["Trends"])

USUAL_PERIODS = 12
"""Where no time is named: a quarter of weeks, a year of months, and so on with days."""

USUAL_SERIES = 50
"""Labels, where no number is named."""

Limit = Annotated[int, Query(ge=1, le=rules.MOST_SERIES, description="Labels at most.")]

Day = Annotated[
    date | None, Query(ge=date(1970, 1, 1), le=date(2999, 12, 31), examples=["2026-10-12"])
]


def among(
    company: Words = None,
    account: Words = None,
    segment: Words = None,
    stage: Words = None,
    rep: Words = None,
    lead_source: Words = None,
    campaign: Words = None,
    rival: Words = None,
    min_confidence: Sureness = None,
    review: Reviewed = None,
) -> Filter:
    """Which calls are meant, and which of their mentions count; an empty name asks for nothing, as
    an empty field of a form. `rival`: calls in which it is named."""
    given = Filter(
        *(company, account, segment, stage, rep, lead_source, campaign, rival),
        *(min_confidence, review),
    )
    return Filter(**{name: value for name, value in asdict(given).items() if value})


@router.get("/trends", response_model=TrendsOut, responses=ANSWERS)
def get_trends(
    request: Request,
    response: Response,
    here: Here,
    _: Reader,
    kind: Kind,
    among: Annotated[Filter, Depends(among)],
    label: Words = None,
    period: Unit = Unit.WEEK,
    since: Day = None,
    until: Day = None,
    by: Dimension | None = None,
    limit: Limit = USUAL_SERIES,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """The labels of one kind: in how many of the calls mined each came up, day by day, ISO week by
    week or month by month (UTC), with Wilson's 95 % interval, and whether the latest whole periods
    differ from as many before by more than chance.

    Names match case aside. `since` ≤ day < `until`, widened to whole periods; by default the twelve
    up to today. At most 120 periods, and 2,600 points of all labels together on a page: `left_out`
    says how many labels are beyond, and `next` goes on with them. What a person rejected counts
    nowhere, and calls that are not mined yet are in no denominator. `min_confidence` and `review`
    choose mentions: the calls beside them stay all that were mined. As CSV by `Accept: text/csv` or
    `format=csv`.
    """
    today = datetime.now(UTC).date()
    asked = Question(kind, span(period, since, until, today), among, label, by)
    first = decode(cursor, After) or After(0)
    wanted = rules.page(asked, limit, first.items)
    with here.pool.connection() as conn:
        found = answered(conn, asked, today, wanted)
    more = After(wanted.stop) if found.left_out else None
    answer = trends_out(found, next_cursor(request, response, more))
    return respond(request, answer, to_csv, f"{kind.value}-trends", format, response.headers)


def span(unit: Unit, since: date | None, until: date | None, today: date) -> tuple[Period, ...]:
    """The periods asked for. Raises BadSpan."""
    stop = until or today + timedelta(1)
    return periods(unit, since, stop) if since else last_periods(unit, USUAL_PERIODS, stop)


def answered(
    conn: Connection, question: Question, today: date, wanted: slice = rules.HEAVIEST
) -> Trends:
    """The answer to a question, with the series wanted; `today` is the day in UTC."""
    return rules.build(question, queries.count(conn, question, today, wanted), today, wanted)
