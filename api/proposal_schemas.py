"""The shapes of proposed rivals, as in `api.schemas`."""

from datetime import datetime

from pydantic import Field

from api.schemas import BIGINT, Answer, Body
from insights.proposals.proposal import Decision, State
from transcribe.transcript import Speaker


class EvidenceOut(Answer):
    """Where a proposed name was spoken of as a rival's."""

    call_id: int = Field(examples=[42])
    call_title: str
    held_at: datetime
    account: str | None
    turn: int = Field(description="Position in the transcript, from 0.", examples=[12])
    speaker: Speaker
    speaker_name: str | None
    quote: str = Field(examples=["we had Tidewall in for a demo last week"])
    start: float | None = Field(
        description="Seconds into the call; null where they are not known.", examples=[312.4]
    )
    score: float = Field(description="How likely a rival is meant here.", examples=[0.91])


class ProposalOut(Answer):
    """A name outside the catalogue that is spoken of as a rival's may be."""

    id: int = Field(examples=[3])
    company_id: int
    company: str = Field(examples=["Brackenwatch"])
    name: str = Field(description="As first heard.", examples=["Tidewall"])
    state: State
    competitor_id: int | None = Field(description="The rival that it was accepted as.")
    competitor: str | None
    alias: bool = Field(description="Accepted as another name of that rival.")
    decided_by: str | None
    decided_at: datetime | None
    mentions: int
    calls: int
    accounts: int
    strength: float = Field(
        description="How likely at least one of its calls means a rival.", examples=[0.97]
    )
    evidence: list[EvidenceOut] = Field(description="At most five quotes, the surest first.")


class DecisionBody(Body):
    """What a person says of a proposed name."""

    state: State = Field(
        description="`open` takes back what was decided before.", examples=["accepted"]
    )
    competitor_id: int | None = Field(
        None, ge=1, le=BIGINT, description="Accepted as another name of this rival."
    )

    def decision(self) -> Decision:
        """The value that this is."""
        return Decision(self.state, self.competitor_id)


class ProposalDecided(ProposalOut):
    """A proposal as it was decided, and what that does not do by itself."""

    note: str | None = Field(description="For the person who decides.")
