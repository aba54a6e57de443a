"""Insights: found by what they say, where and when; reviewed by a person."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.context import Here
from api.rest.lists import Cursor, Limit, decode, next_cursor
from api.rest.parameters import Id, Reader, Time, Words
from api.schemas import BIGINT, InsightOut, Page, ReviewChange
from insights import queries
from insights.insight import Kind, Review, Stance
from insights.stored import InsightFilter, Position

router = APIRouter(prefix="/insights", tags=["Insights"])


@router.get("")
def list_insights(
    request: Request,
    response: Response,
    here: Here,
    _: Reader,
    kind: Kind | None = None,
    label: Words = None,
    stance: Stance | None = None,
    account: Words = None,
    segment: Words = None,
    rep: Words = None,
    company: Words = None,
    call: Annotated[int | None, Query(ge=1, le=BIGINT)] = None,
    since: Time = None,
    until: Time = None,
    review: Review | None = None,
    min_confidence: Annotated[float | None, Query(ge=0, le=1)] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[InsightOut]:
    """Insights of the latest calls first. Names match case aside; `since` ≤ held < `until`."""
    wanted = InsightFilter(
        call_id=call,
        company=company,
        kind=kind,
        label=label,
        stance=stance,
        account=account,
        segment=segment,
        rep=rep,
        since=since,
        until=until,
        review=review,
        min_confidence=min_confidence,
    )
    after = decode(cursor, Position)
    with here.pool.connection() as conn:
        found = queries.find_insights(conn, wanted, after, limit + 1)
    shown = found[:limit]
    more = Position(shown[-1].held_at, shown[-1].id) if len(found) > limit else None
    return Page(
        items=[InsightOut.model_validate(insight) for insight in shown],
        next=next_cursor(request, response, more),
    )


@router.patch("/{insight_id}")
def review_insight(here: Here, _: Reader, insight_id: Id, change: ReviewChange) -> InsightOut:
    """Confirm or reject an insight; a rejected one is counted nowhere."""
    with here.pool.connection() as conn:
        queries.set_review(conn, insight_id, change.review)
        return InsightOut.model_validate(queries.insight(conn, insight_id))
