"""Names that may be rivals': listed with their evidence, and decided by a person."""

from typing import Annotated

from fastapi import APIRouter, Depends

from api.auth import needs
from api.catalogue_schemas import REMINE_NOTE
from api.context import Context, Here
from api.proposal_schemas import DecisionBody, ProposalDecided, ProposalOut
from api.rest.lists import Paged
from api.rest.parameters import Id, Reader, Words
from api.schemas import Page
from api.users import Right, User
from api.veil import shown_proposals
from ingest.base.db import Connection
from insights.proposals import queries
from insights.proposals.proposal import State

router = APIRouter(prefix="/proposals", tags=["Catalogue"])
Editor = Annotated[User, Depends(needs(Right.CATALOGUE))]


@router.get("")
def list_proposals(
    here: Here, paged: Paged, user: Reader, company: Words = None, state: State = State.OPEN
) -> Page[ProposalOut]:
    """Names outside the catalogue that are spoken of as rivals are, the likeliest first; or those
    accepted or refused before."""
    with here.pool.connection() as conn:
        found = shown_proposals(here, user, conn, queries.find_proposals(conn, company, state))
    return paged.page([ProposalOut.model_validate(proposal) for proposal in found])


@router.get("/{proposal_id}")
def get_proposal(here: Here, user: Reader, proposal_id: Id) -> ProposalOut:
    """One proposal."""
    with here.pool.connection() as conn:
        return _shown(here, user, conn, proposal_id)


@router.post("/{proposal_id}/decision")
def decide(here: Here, user: Editor, proposal_id: Id, said: DecisionBody) -> ProposalDecided:
    """Accept a name as a rival, or as another name of one; refuse it, and it is not proposed
    again; or take that back."""
    with here.pool.connection() as conn:
        queries.decide(conn, proposal_id, said.decision(), user.id)
        decided = _shown(here, user, conn, proposal_id)
    note = REMINE_NOTE if said.state is State.ACCEPTED else None
    return ProposalDecided(**decided.model_dump(), note=note)


def _shown(here: Context, user: User, conn: Connection, proposal_id: int) -> ProposalOut:
    found = queries.proposal(conn, proposal_id)
    return ProposalOut.model_validate(shown_proposals(here, user, conn, [found])[0])
