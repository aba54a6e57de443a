"""The shapes of a search's answers. Times are ISO 8601, in UTC; places in a call in seconds."""

from collections.abc import Iterator
from datetime import datetime

from pydantic import Field

from api.schemas import Answer, Page
from api.tables import table
from insights.insight import Kind
from insights.search.search import Order
from transcribe.transcript import Speaker


class RangeOut(Answer):
    """Characters [start, end) of a passage's text, counted in code points from 0."""

    start: int = Field(examples=[17])
    end: int = Field(examples=[22])


class QuotedOut(Answer):
    """An insight found in the same turn."""

    id: int
    kind: Kind
    label: str = Field(examples=["price"])


class PassageOut(Answer):
    """A turn in which the words are, or that means what is looked for; of a long one the best
    stretch."""

    turn: int = Field(description="Position in the transcript, from 0.", examples=[12])
    speaker: Speaker
    speaker_name: str | None
    start: float | None = Field(
        description="Seconds into the call at which the first of the marked words is said; null "
        "where times are not known.",
        examples=[312.4],
    )
    text: str = Field(
        description="Plain text, no markup; “…” stands for what was left out.",
        examples=["that's twice the price we pay today"],
    )
    marks: list[RangeOut] = Field(
        description="The words found, in `text`; by meaning the sentence that comes nearest."
    )
    insights: list[QuotedOut]
    similarity: float | None = Field(
        description="By meaning: the cosine of the turn and what was looked for.", examples=[0.52]
    )


class FoundCallOut(Answer):
    """A call in which it was found, with its best passages."""

    call_id: int = Field(examples=[42])
    title: str
    held_at: datetime
    company: str
    account: str | None
    segment: str | None
    stage: str | None
    rep: str | None
    sound: bool = Field(description="There is a recording to hear it in.")
    matches: int = Field(description="Turns in which it was found.", examples=[5])
    passages: list[PassageOut] = Field(description="At most three, in the order they were said.")
    similarity: float | None = Field(description="By meaning: that of its nearest turn.")


class SearchOut(Page[FoundCallOut]):
    """The calls in which it was found."""

    order: Order = Field(
        description="`relevance`: those first in which it is said most; `newest`: of words that "
        "are in more than a thousand turns, the latest calls first; `nearest`: by meaning."
    )
    in_calls: int | None = Field(
        description="How many in all, by meaning among the 50 nearest turns; null in order "
        "`newest`."
    )
    in_turns: int | None


# As a table -------------------------------------------------------------------------------

OF_CALL = ("call_id", "title", "held_at", "company", "account", "segment", "stage", "rep")
OF_PASSAGE = ("turn", "speaker", "speaker_name", "start", "text", "similarity")


def to_csv(answer: SearchOut) -> str:
    """A row a passage, with its call."""
    return table((*OF_CALL, *OF_PASSAGE), _rows(answer))


def _rows(answer: SearchOut) -> Iterator[dict[str, object]]:
    for call in answer.items:
        of_call = call.model_dump(mode="json", include={*OF_CALL})
        for passage in call.passages:
            yield of_call | passage.model_dump(mode="json", include={*OF_PASSAGE})
