"""What of some calls is hidden from those who need not read it: pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from transcribe.pii.mask import (
    Mask,
    Masks,
    hidden,
    hidden_span,
    hidden_transcript,
    plain_span,
    silences,
    within,
)
from transcribe.transcript import Transcript


@dataclass(frozen=True, slots=True)
class VeiledTurn:
    """A turn with something in it to hide."""

    text: str
    masks: tuple[Mask, ...]


@dataclass(frozen=True, slots=True)
class Veil:
    """The turns of some calls that have something to hide, by call and position. One over nothing
    hides nothing: it is what somebody looks through who may see it all."""

    calls: Mapping[int, Mapping[int, VeiledTurn]] = field(default_factory=dict)

    def transcript(self, call_id: int, transcript: Transcript) -> Transcript:
        """A call's transcript as it is shown."""
        return hidden_transcript(transcript, self._masks(call_id))

    def quote(self, call_id: int, quote: str) -> str:
        """Words of a call as they are shown: where they touch what is hidden, with its label."""
        for turn in self.calls.get(call_id, {}).values():
            for at in _places(turn.text, quote):
                if touched := within(turn.masks, at, at + len(quote)):
                    return hidden(quote, touched)
        return quote

    def span(self, call_id: int, turn: int, start: int, end: int) -> tuple[int, int]:
        """Where the characters [start, end) of a turn are in the turn as it is shown."""
        return hidden_span(start, end, self._masks(call_id).get(turn, ()))

    def plain_span(self, call_id: int, turn: int, start: int, end: int) -> tuple[int, int]:
        """Which characters of a turn those of the turn as it is shown stand for."""
        return plain_span(start, end, self._masks(call_id).get(turn, ()))

    def silences(self, call_id: int, transcript: Transcript) -> list[tuple[float, float]]:
        """When what is hidden was said, in seconds."""
        return silences(transcript, self._masks(call_id))

    def _masks(self, call_id: int) -> Mapping[int, Masks]:
        return {at: turn.masks for at, turn in self.calls.get(call_id, {}).items()}


def _places(text: str, quote: str) -> Iterator[int]:
    at = text.find(quote)
    while at >= 0:
        yield at
        at = text.find(quote, at + 1)
