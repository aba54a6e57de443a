"""What a reader says on a call's page: of what was found, and of what was missed."""

from typing import Annotated

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse

from api.context import Here
from api.pages.call import Draft, whole
from api.rest.parameters import Id, Reviewer
from api.review_schemas import LONGEST_QUOTE
from api.schemas import INTEGER, Text
from api.veil import meant
from insights.insight import Kind, Review, Stance
from insights.queries import insight
from insights.reviews import queries
from insights.reviews.rules import BadReview, Judgement, Missed

router = APIRouter()
Words = Annotated[Text, Form()]
Quote = Annotated[str, Form(max_length=LONGEST_QUOTE)]
Number = Annotated[int | None, Form(ge=0, le=INTEGER)]


@router.post("/insights/{insight_id}/review")
def review(
    here: Here,
    user: Reviewer,
    insight_id: Id,
    verdict: Annotated[Review, Form()],
    label: Annotated[Text | None, Form()] = None,
    stance: Annotated[Stance | None, Form()] = None,
) -> Response:
    """Confirm, relabel, reject, or take that back; then the call again, at this insight."""
    with here.whole.connection() as conn:
        call_id = insight(conn, insight_id).call_id
    try:
        with here.whole.connection() as conn:
            queries.review(conn, insight_id, Judgement(verdict, label, stance), user.id)
    except BadReview as error:
        return whole(here, user, call_id, Draft(str(error)))
    return RedirectResponse(f"/calls/{call_id}#insight-{insight_id}", 303)


@router.post("/calls/{call_id}/insights")
def add_missed(
    here: Here,
    user: Reviewer,
    call_id: Id,
    kind: Annotated[Kind, Form()],
    quote: Quote = "",
    category: Words = "",
    rival: Words = "",
    theme: Words = "",
    stance: Annotated[Stance | None, Form()] = None,
    turn: Number = None,
    char_start: Number = None,
    char_end: Number = None,
) -> Response:
    """Add what no detector found; then the call again, at it. A browser sends the fields of every
    kind, also of those it does not show."""
    label = {Kind.OBJECTION: category, Kind.COMPETITOR: rival, Kind.FEATURE_REQUEST: theme}[kind]
    missed = Missed(
        kind,
        label,
        stance if kind is Kind.COMPETITOR else None,
        turn,
        quote.replace("\r\n", "\n"),
        None if char_start is None or char_end is None else (char_start, char_end),
    )
    try:
        with here.whole.connection() as conn:
            found = meant(here, user, conn, call_id, missed)
            insight_id = queries.add_missed(conn, call_id, found, user.id)
    except BadReview as error:
        fields = {
            **{"kind": kind, "quote": quote, "stance": stance},
            **{"category": category, "rival": rival, "theme": theme},
            **{"turn": turn, "char_start": char_start, "char_end": char_end},
        }
        written = {name: value for name, value in fields.items() if value is not None}
        return whole(here, user, call_id, Draft(str(error), written))
    return RedirectResponse(f"/calls/{call_id}#insight-{insight_id}", 303)
