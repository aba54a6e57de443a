"""A link to a stretch of a call, and what of the call it shows: pure."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from transcribe.transcript import Turn

MUCH = 2.0
"""Seconds: so much of a turn is shown for sure. Who speaks next often begins a little before."""

JITTER = 0.02
"""Seconds: what rounding adds to a stretch."""

NOT_HERE = "The link asks for a stretch that this call does not have: here is the whole call."


@dataclass(frozen=True, slots=True)
class Clip:
    """A stretch of a call that somebody was sent, in seconds."""

    start: float
    end: float | None  # None: from `start` on

    def shows(self, turn: Turn) -> bool:
        """Whether much of the turn is said in it, or most of it in the turn; without an end,
        whether the turn is said at its start."""
        if turn.start is None:
            return False
        end = turn.start if turn.end is None else turn.end
        if self.end is None:
            begun = turn.start <= self.start < end - JITTER
            return begun or abs(turn.start - self.start) <= JITTER
        shorter = min(end - turn.start, self.end - self.start)
        return min(end, self.end) - max(turn.start, self.start) >= min(MUCH, shorter / 2)


class NoSuchStretch(ValueError):
    """What a link asks for is not in the call."""


def clip_of(start: str | None, end: str | None, seconds: float) -> Clip | None:
    """The stretch of a call of `seconds` that a link's `from` and `to` name; None where they name
    none. An end after the call's end is the call's end. Raises NoSuchStretch."""
    if start is None and end is None:
        return None
    first, last = _second(start), None if end is None else _second(end)
    if first is None or (end is not None and last is None) or first >= seconds:
        raise NoSuchStretch(NOT_HERE)
    if last is not None and last <= first:
        raise NoSuchStretch(NOT_HERE)
    return Clip(first, None if last is None else min(last, seconds))


def stretch(start: float | None, end: float | None) -> str:
    """A turn's stretch as "12.18 15.01", or "12.18" where it has no end: seconds to the hundredth,
    rounded so that nothing is lost. Its link is made of that in the browser: an hour's page stays
    small."""
    if start is None:
        return ""
    first = f"{math.floor(start * 100 + ROUNDED) / 100:.2f}"
    if end is None or end <= start:
        return first
    return f"{first} {math.ceil(end * 100 - ROUNDED) / 100:.2f}"


def link(start: float | None, end: float | None, anchor: str) -> str:
    """Where a stretch of the call is shown, from the call's own address."""
    asked = dict(zip(("from", "to"), stretch(start, end).split(), strict=False))
    return (f"?{urlencode(asked)}" if asked else "") + f"#{anchor}"


ROUNDED = 1e-6
"""Of a hundredth: what binary floats add to it by themselves."""


def shown_in(clip: Clip | None, turns: Sequence[Turn]) -> Iterator[int]:
    """The positions of the turns that a clip shows."""
    return (at for at, turn in enumerate(turns) if clip and clip.shows(turn))


def _second(text: str | None) -> float | None:
    """A second that somebody may have typed; None where it is none."""
    try:
        second = float(text or "")
    except ValueError:
        return None
    return second if math.isfinite(second) and second >= 0 else None
