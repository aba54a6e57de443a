"""Insights: found by what they say, where and when; reviewed, and added, by a person."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.context import Context, Here
from api.rest.lists import Cursor, Limit, Paged, decode, next_cursor
from api.rest.parameters import Id, Reader, Reviewer, Time, Words
from api.rest.tabular import ANSWERS, Format, respond
from api.review_schemas import DetectorOut, MissedBody, ReviewBody
from api.schemas import BIGINT, InsightOut, Page
from api.tables import flat
from api.users import User
from api.veil import meant, shown_insights
from ingest.base.db import Connection
from insights import queries
from insights.insight import Kind, Review, Stance
from insights.reviews import queries as reviews
from insights.reviews.rules import Judgement
from insights.stored import InsightFilter, Position

router = APIRouter(tags=["Insights"])


@router.get("/insights", response_model=Page[InsightOut], responses=ANSWERS)
def list_insights(
    request: Request,
    response: Response,
    here: Here,
    user: Reader,
    kind: Kind | None = None,
    label: Words = None,
    stance: Stance | None = None,
    account: Words = None,
    segment: Words = None,
    rep: Words = None,
    company: Words = None,
    stage: Words = None,
    lead_source: Words = None,
    campaign: Words = None,
    rival: Annotated[Words, Query(description="In calls in which this rival is named.")] = None,
    call: Annotated[int | None, Query(ge=1, le=BIGINT)] = None,
    since: Time = None,
    until: Time = None,
    review: Review | None = None,
    rejected: Annotated[
        bool | None, Query(description="What a person rejected counts nowhere; false: what counts.")
    ] = None,
    min_confidence: Annotated[float | None, Query(ge=0, le=1)] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """Insights of the latest calls first. Names match case aside; `since` ≤ held < `until`. As CSV
    by `Accept: text/csv` or `format=csv`."""
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
        stage=stage,
        lead_source=lead_source,
        campaign=campaign,
        rival=rival,
        rejected=rejected,
    )
    after = decode(cursor, Position)
    with here.pool.connection() as conn:
        found = queries.find_insights(conn, wanted, after, limit + 1)
        shown = shown_insights(here, user, conn, found[:limit])
    more = Position(shown[-1].held_at, shown[-1].id) if len(found) > limit else None
    page = Page[InsightOut](
        items=[InsightOut.model_validate(insight) for insight in shown],
        next=next_cursor(request, response, more),
    )
    return respond(request, page, flat(InsightOut), "insights", format, response.headers)


@router.post("/insights/{insight_id}/review")
def review_insight(here: Here, user: Reviewer, insight_id: Id, said: ReviewBody) -> InsightOut:
    """Confirm an insight, as it is or under another label or stance; reject it, and it is counted
    nowhere; or take the review back. Mining again leaves a reviewed insight as it is."""
    with here.whole.connection() as conn:
        judgement = Judgement(said.verdict, said.label, said.stance)
        reviews.review(conn, insight_id, judgement, user.id)
        return _shown(here, user, conn, insight_id)


@router.post("/calls/{call_id}/insights", status_code=201)
def add_missed(here: Here, user: Reviewer, call_id: Id, said: MissedBody) -> InsightOut:
    """Add an insight that no detector found: by its exact `quote`, or by its `turn` with
    `char_start` and `char_end`. It is confirmed, and counts."""
    with here.whole.connection() as conn:
        missed = meant(here, user, conn, call_id, said.missed())
        insight_id = reviews.add_missed(conn, call_id, missed, user.id)
        return _shown(here, user, conn, insight_id)


@router.get("/detectors")
def list_detectors(here: Here, paged: Paged, _: Reader) -> Page[DetectorOut]:
    """How often each detector is right, by version, as far as people's reviews tell.

    Precision: of the insights reviewed, the share confirmed as found; people choose what they
    review, so it speaks of these only. Recall: of the confirmed ones and those that people added,
    the share found, in calls whose insights of that kind are all reviewed; what nobody noticed is
    not known, so it is at best an upper bound. `low` to `high` is Wilson's 95 % interval. A share
    of fewer than 20 reviews is not told.
    """
    with here.pool.connection() as conn:
        figures = reviews.detector_figures(conn)
    return paged.page([DetectorOut.model_validate(found) for found in figures])


def _shown(here: Context, user: User, conn: Connection, insight_id: int) -> InsightOut:
    found = queries.insight(conn, insight_id)
    return InsightOut.model_validate(shown_insights(here, user, conn, [found])[0])
