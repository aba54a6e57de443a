"""The rivals that are listened for, company by company."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Response
from fastapi.responses import RedirectResponse

from api.auth import needs
from api.context import Context, Here
from api.pages import words
from api.pages.rivals import Weeks, chosen_company, overview, shared
from api.pages.site import page
from api.pages.trends import WEEKS
from api.rest.parameters import Reader, Words
from api.schemas import BIGINT
from api.users import Right, User
from api.veil import shown_proposals
from ingest.base.db import Connection
from ingest.base.errors import NotFound, Refused
from ingest.library.queries import segments
from ingest.parties import company_named
from insights.catalogue import queries
from insights.digest import count_words
from insights.insight import Competitor
from insights.proposals.proposal import Evidence, Proposal, State
from insights.proposals.queries import find_proposals, proposal
from insights.stored import CatalogueEntry, Company

router = APIRouter()
Editor = Annotated[User, Depends(needs(Right.CATALOGUE))]
Name = Annotated[str, Form()]
Aliases = Annotated[str, Form()]
Decided = Annotated[int | None, Query(ge=1, le=BIGINT)]

MOST_PROPOSED = 10
"""Names shown to be decided, the likeliest; the others come up as these are."""


@dataclass(frozen=True, slots=True)
class Removed:
    """What was just taken out, for putting back."""

    company: str
    name: str
    aliases: str  # one a line


@dataclass(frozen=True, slots=True)
class Shown:
    """Whose rivals are shown, and of which calls."""

    company: str = ""  # empty: the one with most calls
    segment: str | None = None
    weeks: int = WEEKS[0]


@dataclass(frozen=True, slots=True)
class Listed:
    """A company with its catalogue, and the names that may belong there."""

    company: Company
    rivals: list[CatalogueEntry]
    proposed: list[Proposal]
    refused: list[Proposal]


@router.get("/competitors")
def competitors_page(
    here: Here,
    user: Reader,
    removed: str = "",
    aliases: str = "",
    company: Words = None,
    segment: Words = None,
    weeks: Weeks = WEEKS[0],
    decided: Decided = None,
) -> Response:
    """What is known of one company's rivals, every company's catalogue and the names proposed for
    it; just after a removal or a decision, with the way back."""
    gone = Removed(company or "", removed, aliases) if removed else None
    shown = Shown(company or "", segment or None, weeks)
    return catalogue_page(here, user, shown, removed=gone, decided=decided)


@router.post("/competitors")
def add(
    here: Here, user: Editor, name: Name, company: Name = "", aliases: Aliases = ""
) -> Response:
    """A new rival, or one put back; of a company not known yet, also that."""
    try:
        with here.pool.connection() as conn:
            company_id = company_named(conn, company.strip() or None)
            entry = queries.add_competitor(conn, company_id, _competitor(name, aliases))
    except Refused as error:
        return catalogue_page(here, user, wrong=error)
    return RedirectResponse(f"/competitors#rival-{entry.id}", 303)


@router.post("/competitors/{competitor_id}")
def save(
    here: Here, user: Editor, competitor_id: int, name: Name, aliases: Aliases = ""
) -> Response:
    """Another name, or other aliases."""
    try:
        with here.pool.connection() as conn:
            queries.set_competitor(conn, competitor_id, _competitor(name, aliases))
    except Refused as error:
        return catalogue_page(here, user, wrong=error)
    return RedirectResponse(f"/competitors#rival-{competitor_id}", 303)


@router.post("/competitors/{competitor_id}/remove")
def remove(here: Here, _: Editor, competitor_id: int) -> Response:
    """Take a rival out; the next page offers to put it back."""
    with here.pool.connection() as conn:
        entry = queries.competitor(conn, competitor_id)
        queries.delete_competitor(conn, competitor_id)
    back = {
        "removed": entry.name,
        "aliases": "\n".join(entry.aliases),
        "company": entry.company,
    }
    return RedirectResponse(f"/competitors?{urlencode(back)}", 303)


def _competitor(name: str, aliases: str) -> Competitor:
    lines = (line.strip() for line in aliases.splitlines())
    return Competitor(name, tuple(line for line in lines if line))


def spoken_path(evidence: Evidence) -> str:
    """The call's page, at the words that name a proposed rival."""
    heard = evidence.sound and evidence.start is not None
    second = f"?t={evidence.start:.1f}" if heard else ""
    return f"/calls/{evidence.call_id}{second}#turn-{evidence.turn}"


def catalogue_page(
    here: Context,
    user: User,
    asked: Shown = Shown(),
    removed: Removed | None = None,
    decided: int | None = None,
    wrong: Refused | None = None,
) -> Response:
    """The page, with what just happened on top."""
    with here.pool.connection() as conn:
        companies = _companies(here, user, conn)
        just_decided = _decided(conn, decided)
        company = chosen_company(conn, asked.company)
        shown = overview(here, user, conn, company, asked.segment, asked.weeks) if company else None
        offered = segments(conn)
    told = [
        f"{count_words(len(listed.rivals), 'rival')} of {listed.company.name}"
        for listed in companies
        if listed.rivals
    ]
    return page(
        "competitors.html",
        user,
        status=wrong.status if wrong else 200,
        answer=words.listed(told) if told else "No rivals are listened for yet",
        companies=companies,
        shown=shown,
        segments=offered,
        removed=removed,
        decided=just_decided,
        wrong=str(wrong) if wrong else "",
        may_edit=user.may(Right.CATALOGUE),
        State=State,
        MOST_PROPOSED=MOST_PROPOSED,
        spoken_path=spoken_path,
        **shared(),
    )


def _companies(here: Context, user: User, conn: Connection) -> list[Listed]:
    entries = queries.full_catalogue(conn)
    proposed = shown_proposals(here, user, conn, find_proposals(conn, None, State.OPEN))
    refused = shown_proposals(here, user, conn, find_proposals(conn, None, State.REFUSED))
    return [
        Listed(
            company,
            [entry for entry in entries if entry.company_id == company.id],
            [each for each in proposed if each.company_id == company.id],
            [each for each in refused if each.company_id == company.id],
        )
        for company in queries.list_companies(conn)
    ]


def _decided(conn: Connection, proposal_id: int | None) -> Proposal | None:
    """The proposal just decided; None for one taken back, or where the address is made up."""
    if proposal_id is None:
        return None
    try:
        found = proposal(conn, proposal_id)
    except NotFound:
        return None
    return None if found.state is State.OPEN else found
