"""Proposals as kept: values only."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from transcribe.transcript import Speaker


class State(StrEnum):
    """What a person has decided of a proposed name."""

    OPEN = "open"  # nothing yet
    ACCEPTED = "accepted"  # it is in the catalogue, as a rival or as another name of one
    REFUSED = "refused"  # it is no rival's, and is not proposed again


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person says of a proposed name; `OPEN` takes back what was said."""

    state: State
    competitor_id: int | None = None  # accepted as another name of this rival


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a proposed name was spoken of as a rival's."""

    proposal_id: int
    call_id: int
    call_title: str
    held_at: datetime
    account: str | None
    turn: int
    speaker: Speaker  # unknown where the turn is gone
    speaker_name: str | None
    quote: str
    start: float | None  # seconds into the call
    sound: bool  # there is a recording to hear it in
    score: float  # how likely a rival is meant here


@dataclass(frozen=True, slots=True)
class Proposal:
    """A name that may be a rival's, with how often and how surely it was spoken of as one."""

    id: int
    company_id: int
    company: str
    name: str  # as first heard
    state: State
    competitor_id: int | None  # what it was accepted as; None also where that is gone
    competitor: str | None
    alias: bool  # accepted as another name of that rival
    decided_by: str | None
    decided_at: datetime | None
    mentions: int
    calls: int
    accounts: int
    strength: float  # how likely at least one of the calls means a rival by it
    evidence: tuple[Evidence, ...] = ()  # the surest first
