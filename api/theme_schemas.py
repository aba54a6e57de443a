"""The shapes of themes, as in `api.schemas`."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from api.schemas import BIGINT, Answer, Body, InsightOut, Money, Name, Page, Text
from api.tables import table
from insights.themes.theme import Act, Status

MOST_MENTIONS = 1000
LONGEST_ADDRESS = 2000

Number = Annotated[int, Field(ge=1, le=BIGINT)]
Address = Annotated[str, Field(max_length=LONGEST_ADDRESS)]


class ThemeOut(Answer):
    """One wish, however it is worded. What a person rejected does not count."""

    id: int = Field(examples=[12])
    company_id: int
    company: str = Field(examples=["Plumbline"])
    name: str = Field(examples=["scheduled exports"])
    aliases: list[str] = Field(
        description="Other names that mean it, also those of themes merged into it."
    )
    created_at: datetime
    status: Status
    status_since: datetime | None = Field(description="Null while nobody has said anything.")
    issue_url: str | None = Field(
        description="The issue that it is linked to.",
        examples=["https://issues.example/EXPORT-12"],
    )
    mentions: int
    calls: int
    accounts: int = Field(description="Distinct buyers' companies.", examples=[4])
    value_usd: Money = Field(
        description="Of each account the largest deal in whose calls it was said, or, where no"
        " deal's value is known there, what the account itself is worth.",
        examples=[120000],
    )
    account_value_usd: Money = Field(
        description="The part of `value_usd` that accounts are worth, not deals.", examples=[20000]
    )
    last_heard: datetime | None = Field(description="Null where nothing stands behind it any more.")
    calls_since_shipped: int = Field(
        description="Calls held after it was said to be shipped in which it was wished again."
    )


class ThemeWhole(ThemeOut):
    """A theme with its quotes."""

    insights: list[InsightOut] = Field(
        description="Every mention, those of the latest calls first."
    )


class ThemeName(Body):
    """What a theme is to be called."""

    name: Name = Field(description="In two to six words.", examples=["scheduled exports"])


class ThemeStatus(Body):
    """What becomes of a wish."""

    status: Status = Field(examples=["planned"])
    note: Text = Field("", description="Why.", examples=["in the autumn release"])


class ThemeLink(Body):
    """The issue that a theme is linked to."""

    url: Address | None = Field(
        description="http or https; null takes the link away.",
        examples=["https://issues.example/EXPORT-12"],
    )


class ThemeInto(Body):
    """The theme that another is merged into."""

    into: Number = Field(examples=[7])


class ThemeSplit(ThemeName):
    """Mentions that are another wish, and its name."""

    insights: list[Number] = Field(min_length=1, max_length=MOST_MENTIONS, examples=[[31, 40]])


class SuggestionOut(Answer):
    """Two themes that may be the same wish."""

    id: int
    company_id: int
    company: str
    theme_id: int
    theme: str
    other_id: int
    other: str
    likeness: float = Field(description="Cosine of the meanings.", examples=[0.71])
    created_at: datetime


class SuggestionBody(Body):
    """What a person says of the pair."""

    verdict: Literal["same", "different"]


class ChangeOut(Answer):
    """Something that a person did to themes."""

    id: int = Field(description="For undoing it.")
    company_id: int
    company: str
    act: Act
    told: str = Field(examples=["“CSV download” is part of “scheduled exports”"])
    note: str | None = Field(description="Why.", examples=["in the autumn release"])
    by: str
    at: datetime
    undoes: int | None = Field(description="The change that this one took back.")
    undone: bool


# As a table -------------------------------------------------------------------------------

COLUMNS = (
    *("id", "company", "name", "status", "status_since", "accounts", "value_usd"),
    *("account_value_usd", "mentions", "calls", "last_heard", "calls_since_shipped"),
    *("issue_url", "aliases", "created_at"),
)


def to_csv(page: Page[ThemeOut]) -> str:
    """A row a theme; its other names in one cell."""
    return table(COLUMNS, (_row(theme) for theme in page.items))


def _row(theme: ThemeOut) -> dict[str, object]:
    return theme.model_dump(mode="json", include={*COLUMNS}) | {"aliases": "; ".join(theme.aliases)}
