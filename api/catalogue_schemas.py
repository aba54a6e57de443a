"""Companies and their rivals as the API tells and takes them."""

from pydantic import Field

from api.schemas import Answer, Body, Name

MOST_ALIASES = 50
REMINE_NOTE = "Mentions of these names in calls mined before are found by `earshot remine`."


class CompanyOut(Answer):
    """A selling company."""

    id: int
    name: str = Field(examples=["Plumbline"])
    product: str | None = Field(examples=["Plumbline Compass"])
    calls: int
    rivals: int


class CompanyBody(Body):
    """A selling company, by its name, with what it sells."""

    name: Name = Field(examples=["Plumbline"])
    product: Name | None = Field(None, examples=["Plumbline Compass"])
    pitch: Name | None = Field(None, examples=["Marketing analytics that ties campaigns to sales"])


class CompetitorOut(Answer):
    """A rival in a company's catalogue."""

    id: int
    company_id: int
    company: str = Field(examples=["Plumbline"])
    name: str = Field(examples=["Attrivo"])
    aliases: list[str] = Field(examples=[["Attrivo One", "Trivo"]])


class CompetitorBody(Body):
    """A rival's names."""

    name: Name = Field(examples=["Attrivo"])
    aliases: list[Name] = Field([], max_length=MOST_ALIASES, examples=[["Attrivo One", "Trivo"]])


class NewCompetitor(CompetitorBody):
    """A rival and whose it is."""

    company: Name = Field(
        description="The seller's company; one not known yet is made.", examples=["Plumbline"]
    )


class CompetitorWritten(CompetitorOut):
    """A rival as it was written, and what that does not do by itself."""

    note: str = Field(
        REMINE_NOTE,
        description="For the person who edits.",
    )
