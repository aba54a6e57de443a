"""The shapes of reviews, as in `api.schemas`."""

from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, Field, model_validator

from api.schemas import INTEGER, Answer, Body, Name
from insights.evaluate import Share
from insights.insight import Kind, Review, Stance
from insights.reviews.figures import ENOUGH_REVIEWS, enough
from insights.reviews.rules import Missed

LONGEST_QUOTE = 5000


class ReviewBody(Body):
    """What a person says of an insight."""

    verdict: Review = Field(examples=["confirmed"])
    label: Name | None = Field(
        None, description="Confirmed under another label: relabelled.", examples=["timing"]
    )
    stance: Stance | None = None


class MissedBody(Body):
    """An insight that no detector found, and where it is."""

    kind: Kind
    label: Name = Field(
        description="An objection's category, a rival's name, or a request's theme.",
        examples=["price"],
    )
    stance: Stance | None = Field(None, description="Of rivals, and needed there.")
    turn: int | None = Field(
        None, ge=0, le=INTEGER, description="Position in the transcript, from 0."
    )
    quote: Annotated[str, Field(max_length=LONGEST_QUOTE)] | None = Field(
        None, description="The exact words.", examples=["that's twice what we pay today"]
    )
    char_start: int | None = Field(None, ge=0, le=INTEGER)
    char_end: int | None = Field(None, ge=0, le=INTEGER)

    @model_validator(mode="after")
    def _says_where(self) -> Self:
        span = (self.turn, self.char_start, self.char_end)
        if self.quote is None and None in span:
            raise ValueError("say where: the quote, or turn, char_start and char_end")
        if self.quote is not None and span[1:] != (None, None):
            raise ValueError("say where by the quote or by its characters, not by both")
        return self

    def missed(self) -> Missed:
        """The value that this is."""
        place = self.char_start, self.char_end
        span = None if place[0] is None or place[1] is None else (place[0], place[1])
        return Missed(self.kind, self.label, self.stance, self.turn, self.quote, span)


class ShareOut(BaseModel):
    """A share with Wilson's 95 % interval, where it rests on reviews enough."""

    hits: int = Field(examples=[41])
    total: int = Field(examples=[47])
    value: float | None = Field(examples=[0.872])
    low: float | None = Field(examples=[0.748])
    high: float | None = Field(examples=[0.94])
    note: str | None = Field(examples=["not enough reviews: 3 of 20"])

    @classmethod
    def of(cls, share: Share) -> Self:
        """As it is told."""
        if not enough(share):
            note = f"not enough reviews: {share.total} of {ENOUGH_REVIEWS}"
            return cls(
                hits=share.hits, total=share.total, value=None, low=None, high=None, note=note
            )
        low, high = (round(edge, 4) for edge in share.interval)
        value = round(share.value, 4)
        return cls(hits=share.hits, total=share.total, value=value, low=low, high=high, note=None)


Told = Annotated[ShareOut, BeforeValidator(ShareOut.of)]


class DetectorOut(Answer):
    """What reviews say of one version of one detector."""

    kind: Kind
    version: str
    confirmed: int = Field(description="As found.")
    relabelled: int = Field(description="Confirmed under another label or stance.")
    rejected: int
    missed: int = Field(description="Added by a person.")
    calls: int = Field(description="With every insight of the kind reviewed.")
    precision: Told
    recall: Told
