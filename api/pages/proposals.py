"""What a person decides of the names proposed on the rivals' page."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Response
from fastapi.responses import RedirectResponse

from api.auth import needs
from api.context import Here
from api.pages.competitors import catalogue_page
from api.rest.parameters import Id
from api.schemas import BIGINT
from api.users import Right, User
from ingest.base.errors import Refused
from insights.proposals import queries
from insights.proposals.proposal import Decision, State

router = APIRouter()
Editor = Annotated[User, Depends(needs(Right.CATALOGUE))]


@router.post("/proposals/{proposal_id}")
def decide(
    here: Here,
    user: Editor,
    proposal_id: Id,
    state: Annotated[State, Form()],
    competitor_id: Annotated[int | None, Form(ge=1, le=BIGINT)] = None,
) -> Response:
    """A rival, another name of one, not one, or taken back; then the page, which offers to undo."""
    try:
        with here.pool.connection() as conn:
            queries.decide(conn, proposal_id, Decision(state, competitor_id), user.id)
    except Refused as error:
        return catalogue_page(here, user, wrong=error)
    return RedirectResponse(f"/competitors?decided={proposal_id}", 303)
