"""The selling companies, and the rivals that each of them knows of."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from api.auth import needs
from api.catalogue_schemas import (
    CompanyBody,
    CompanyOut,
    CompetitorBody,
    CompetitorOut,
    CompetitorWritten,
    NewCompetitor,
)
from api.context import Here
from api.rest.lists import Paged
from api.rest.parameters import Id, Reader, Words
from api.schemas import Page
from api.users import Right, User
from ingest import parties
from ingest.queries import company_named
from insights.catalogue import queries
from insights.catalogue.rules import check_competitor
from insights.insight import Competitor
from insights.queries import catalogue

router = APIRouter(tags=["Catalogue"])
Editor = Annotated[User, Depends(needs(Right.CATALOGUE))]


@router.get("/companies")
def list_companies(here: Here, paged: Paged, _: Reader) -> Page[CompanyOut]:
    """Every selling company by name."""
    with here.pool.connection() as conn:
        companies = queries.list_companies(conn)
    return paged.page([CompanyOut.model_validate(company) for company in companies])


@router.post("/companies")
def describe_company(here: Here, _: Editor, wanted: CompanyBody) -> CompanyOut:
    """Say what a selling company sells; one of a name not known yet is made. Its own names are
    never taken for a rival's."""
    with here.pool.connection() as conn:
        company_id = company_named(conn, wanted.name)
        parties.describe_company(conn, company_id, wanted.product, wanted.pitch)
        company = queries.company(conn, company_id)
        for rival in catalogue(conn, company_id):
            check_competitor(rival.competitor, company, ())
    return CompanyOut.model_validate(company)


@router.get("/competitors")
def list_competitors(
    here: Here, paged: Paged, _: Reader, company: Words = None
) -> Page[CompetitorOut]:
    """The rivals of one company, or of all, by name."""
    with here.pool.connection() as conn:
        entries = queries.full_catalogue(conn)
    wanted = [
        CompetitorOut.model_validate(entry)
        for entry in entries
        if company is None or entry.company.casefold() == company.casefold()
    ]
    return paged.page(wanted)


@router.get("/competitors/{competitor_id}")
def get_competitor(here: Here, _: Reader, competitor_id: Id) -> CompetitorOut:
    """One rival."""
    with here.pool.connection() as conn:
        return CompetitorOut.model_validate(queries.competitor(conn, competitor_id))


@router.post("/competitors", status_code=201)
def add_competitor(
    here: Here, response: Response, _: Editor, wanted: NewCompetitor
) -> CompetitorWritten:
    """Add a rival; where it was mentioned as one not listed, the mentions become its own. Other
    mentions in calls mined before are found by a remine."""
    with here.pool.connection() as conn:
        company_id = company_named(conn, wanted.company)
        entry = queries.add_competitor(conn, company_id, _competitor(wanted))
    response.headers["Location"] = f"/v1/competitors/{entry.id}"
    return CompetitorWritten.model_validate(entry)


@router.put("/competitors/{competitor_id}")
def set_competitor(
    here: Here, _: Editor, competitor_id: Id, wanted: CompetitorBody
) -> CompetitorWritten:
    """Name a rival anew; its mentions follow. Mentions of a new alias in calls mined before are
    found by a remine."""
    with here.pool.connection() as conn:
        entry = queries.set_competitor(conn, competitor_id, _competitor(wanted))
    return CompetitorWritten.model_validate(entry)


@router.delete("/competitors/{competitor_id}", status_code=204)
def delete_competitor(here: Here, _: Editor, competitor_id: Id) -> None:
    """Take a rival out; its mentions stay, as of one not listed."""
    with here.pool.connection() as conn:
        queries.delete_competitor(conn, competitor_id)


def _competitor(wanted: CompetitorBody) -> Competitor:
    return Competitor(wanted.name, tuple(wanted.aliases))
