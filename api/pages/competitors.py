"""The rivals that are listened for, company by company."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Response
from fastapi.responses import RedirectResponse

from api.auth import needs
from api.context import Context, Here
from api.pages import words
from api.pages.site import page
from api.users import Right, User
from ingest.base.errors import Refused
from ingest.parties import company_named
from insights.catalogue import queries
from insights.digest import count_words
from insights.insight import Competitor

router = APIRouter()
Reader = Annotated[User, Depends(needs(Right.READ))]
Editor = Annotated[User, Depends(needs(Right.CATALOGUE))]
Name = Annotated[str, Form()]
Aliases = Annotated[str, Form()]


@dataclass(frozen=True, slots=True)
class Removed:
    """What was just taken out, for putting back."""

    company: str
    name: str
    aliases: str  # one a line


@router.get("/competitors")
def competitors_page(
    here: Here, user: Reader, removed: str = "", aliases: str = "", company: str = ""
) -> Response:
    """Every company's catalogue; just after a removal, with the way back."""
    gone = Removed(company, removed, aliases) if removed else None
    return _page(here, user, removed=gone)


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
        return _page(here, user, wrong=error)
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
        return _page(here, user, wrong=error)
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


def _page(
    here: Context, user: User, removed: Removed | None = None, wrong: Refused | None = None
) -> Response:
    with here.pool.connection() as conn:
        entries = queries.full_catalogue(conn)
        companies = [
            (company, [entry for entry in entries if entry.company_id == company.id])
            for company in queries.list_companies(conn)
        ]
    told = [f"{count_words(len(rivals), 'rival')} of {c.name}" for c, rivals in companies if rivals]
    return page(
        "competitors.html",
        user,
        status=wrong.status if wrong else 200,
        answer=words.listed(told) if told else "No rivals are listened for yet",
        companies=companies,
        removed=removed,
        wrong=str(wrong) if wrong else "",
        may_edit=user.may(Right.CATALOGUE),
    )
