"""A call and its life: values only."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class CallState(StrEnum):
    """Where a call stands on its way from recording to insights."""

    WAITING = "waiting"  # kept and queued, not yet heard
    HEARING = "hearing"  # a worker holds it and transcribes
    HEARD = "heard"  # transcribed, not yet mined
    MINING = "mining"  # a worker holds it and looks for insights
    DONE = "done"
    FAILED = "failed"  # given up after MAX_ATTEMPTS, or at once where trying again cannot help


MAX_ATTEMPTS = 3

MOVES: dict[CallState, frozenset[CallState]] = {
    CallState.WAITING: frozenset({CallState.HEARING}),
    CallState.HEARING: frozenset({CallState.HEARD, CallState.WAITING, CallState.FAILED}),
    CallState.HEARD: frozenset({CallState.MINING}),
    CallState.MINING: frozenset({CallState.DONE, CallState.HEARD, CallState.FAILED}),
    CallState.DONE: frozenset({CallState.HEARD, CallState.WAITING}),  # mined or heard afresh
    CallState.FAILED: frozenset({CallState.WAITING, CallState.HEARD}),  # a person asks again
}


def may_move(old: CallState, new: CallState) -> bool:
    """Whether a call in state `old` may go to `new`."""
    return new in MOVES[old]


@dataclass(frozen=True, slots=True)
class CallDetails:
    """What the bringer of a recording knows of the call; all of it may be missing."""

    title: str | None = None
    account: str | None = None  # the buyer's company
    account_value_usd: Decimal | None = None
    segment: str | None = None  # of the account: "mid-market"
    rep: str | None = None  # the seller
    company: str | None = None  # the seller's own company: chooses the competitor catalogue
    held_at: datetime | None = None  # aware
    deal_value_usd: Decimal | None = None
    stage: str | None = None  # "discovery", "negotiation"
    outcome: str | None = None  # "won", "lost", None while open
    lead_source: str | None = None
    campaign: str | None = None
    lead_created_at: datetime | None = None  # aware
    consent: str | None = None  # how the recording was agreed to
    language: str | None = None  # ISO 639-1
    seller_channel: int = 0  # which channel of a two-channel recording is the seller


@dataclass(frozen=True, slots=True)
class Call:
    """One recorded sales call, as stored."""

    id: int
    state: CallState
    title: str
    filename: str
    uploaded_at: datetime
    held_at: datetime  # the upload's time where none was given
    seconds: float  # length of the sound
    heard_seconds: float  # how far hearing has come
    missing_seconds: float  # sound that could not be decoded
    channels: int
    audio_sha256: str | None  # hex; None without sound: brought as a transcript, or gone
    company_id: int
    company: str
    account_id: int | None = None
    account: str | None = None
    account_value_usd: Decimal | None = None
    segment: str | None = None
    rep_id: int | None = None
    rep: str | None = None
    deal_value_usd: Decimal | None = None
    stage: str | None = None
    outcome: str | None = None
    lead_source: str | None = None
    campaign: str | None = None
    lead_created_at: datetime | None = None
    consent: str | None = None
    language: str | None = None
    seller_channel: int = 0
    attempts: int = 0  # of the present step, since it last came further
    failure: str | None = None  # why it failed, in one plain sentence
    waiting_reason: str | None = None  # why it was put back to wait, until it is taken again
    recording_gone_at: datetime | None = None  # when the retention rule let its sound go
    hold_since: datetime | None = None  # retention leaves it alone
    hold_by: str | None = None  # who said so

    @property
    def brought_as_words(self) -> bool:
        """Whether there never was sound."""
        return self.audio_sha256 is None and self.recording_gone_at is None


@dataclass(frozen=True, slots=True)
class Audio:
    """What probing found in a recording, kept once by its SHA-256."""

    sha256: str  # hex
    size_bytes: int
    seconds: float
    channels: int
    sample_rate: int  # Hz
    container: str  # FFmpeg's demuxer name: "ogg", "wav", "mov"
    codec: str  # FFmpeg's decoder name: "opus", "pcm_s16le"


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer to an upload: the call, and whether its audio was here before."""

    call: Call
    duplicate: bool = field(default=False)
