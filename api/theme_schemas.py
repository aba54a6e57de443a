"""The shapes of themes, as in `api.schemas`."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from api.schemas import BIGINT, Answer, Body, InsightOut, Money, Name
from insights.themes.theme import Act

MOST_MENTIONS = 1000

Number = Annotated[int, Field(ge=1, le=BIGINT)]


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
    mentions: int
    calls: int
    accounts: int = Field(description="Distinct buyers' companies.", examples=[4])
    value_usd: Money = Field(
        description="Of the deals behind it: the largest of each account.", examples=[120000]
    )


class ThemeWhole(ThemeOut):
    """A theme with its quotes."""

    insights: list[InsightOut] = Field(
        description="Every mention, those of the latest calls first."
    )


class ThemeName(Body):
    """What a theme is to be called."""

    name: Name = Field(description="In two to six words.", examples=["scheduled exports"])


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
    by: str
    at: datetime
    undoes: int | None = Field(description="The change that this one took back.")
    undone: bool
