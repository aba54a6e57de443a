"""How loud a call is along its length, to be drawn."""

from collections import Counter
from collections.abc import Mapping

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.context import Here
from api.rest.audio import silences, sound_of
from api.rest.calls import transcript_of
from api.rest.parameters import Id, Reader
from ingest.queries import get_call
from ingest.silence import MARGIN_SECONDS
from ingest.waveform.levels import Levels, apart, hushed, together
from ingest.waveform.measuring import levels_of
from transcribe.transcript import Speaker, Transcript

router = APIRouter(prefix="/calls", tags=["Calls"])


class ChannelOut(BaseModel):
    """How loud one side is."""

    speaker: Speaker = Field(description="Unknown where one channel holds both sides.")
    levels: list[int] = Field(
        description="0 (silence) to 255, for equal stretches of the call, 800 unless it is very "
        "short: the square root of the loudness."
    )


class WaveformOut(BaseModel):
    """How loud a call is along its length."""

    seconds: float
    channels: list[ChannelOut] = Field(
        description="Seller and buyer where each has a channel of their own; else one."
    )


@router.get("/{call_id}/waveform")
def waveform(here: Here, user: Reader, call_id: Id) -> WaveformOut:
    """How loud a call is along its length: silent, for roles that may not hear what is private,
    wherever they hear nothing. Measured when it is first asked for, which takes seconds."""
    with here.pool.connection() as conn:
        call = get_call(conn, call_id)
        audio = sound_of(conn, call)
        spans = silences(here, user, conn, call_id)
        transcript = transcript_of(conn, call_id)
    levels = hushed(levels_of(here.pool, here.store, audio), audio.seconds, spans, MARGIN_SECONDS)
    sides = speakers(transcript, call.seller_channel)
    return WaveformOut(seconds=audio.seconds, channels=shown(levels, sides))


def shown(levels: Levels, sides: Mapping[int, Speaker]) -> list[ChannelOut]:
    """The channels as drawn: the seller's first where each side has its own, or all as one."""
    if not apart(levels):
        return [ChannelOut(speaker=Speaker.UNKNOWN, levels=list(together(levels)))]
    both = [ChannelOut(speaker=sides[at], levels=list(said)) for at, said in enumerate(levels)]
    return sorted(both, key=lambda channel: channel.speaker is not Speaker.SELLER)


def speakers(transcript: Transcript | None, seller_channel: int) -> dict[int, Speaker]:
    """Who speaks on either of two channels: as the transcript has it, where there are words on
    both."""
    turns = transcript.turns if transcript else ()
    said = Counter((turn.channel, turn.speaker) for turn in turns)
    sellers = [said[channel, Speaker.SELLER] - said[channel, Speaker.BUYER] for channel in (0, 1)]
    if {turn.channel for turn in turns} >= {0, 1} and sellers[0] != sellers[1]:
        seller_channel = 0 if sellers[0] > sellers[1] else 1
    return {
        channel: Speaker.SELLER if channel == seller_channel else Speaker.BUYER
        for channel in (0, 1)
    }
