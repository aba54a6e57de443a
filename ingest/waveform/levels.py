"""From sound to some hundred small numbers that can be drawn: pure.

A level is one byte a stretch: the square root of its loudness (the root of the mean square), so
that a soft voice is still seen beside a loud one. Equal stretches make up the recording.
"""

from collections.abc import Iterable, Sequence
from math import floor

import numpy as np
from numpy.typing import NDArray

from ingest.timeline import Block, Samples

STRETCHES = 800
"""More than the player's track has pixels on most screens."""

LOUDEST = 255
FULL_SCALE = 32768  # of a 16-bit sample

ALIKE = 8
"""Two channels whose levels nowhere differ by more are one microphone written twice."""

Levels = tuple[bytes, ...]
"""One for each channel, all of one length."""


def measure(sound: Iterable[Block], seconds: float, rate: int) -> Levels:
    """The levels of a recording of `seconds` that comes in blocks at `rate` samples a second. None
    where there is no block; what goes on beyond `seconds` counts in the last stretch."""
    total = max(round(seconds * rate), 1)
    stretches = min(STRETCHES, total)
    power: NDArray[np.float64] | None = None
    heard = np.zeros(stretches)
    at = 0
    for block in sound:
        length = block.samples.shape[1]
        of = np.minimum(np.arange(at, at + length) * stretches // total, stretches - 1)
        more = np.array([_summed(channel, of, stretches) for channel in block.samples])
        power = more if power is None else power + more
        heard += np.bincount(of, minlength=stretches)
        at += length
    if power is None:
        return ()
    loudness = np.sqrt(power / np.maximum(heard, 1)) / FULL_SCALE
    levels = np.rint(np.sqrt(loudness) * LOUDEST).astype(np.uint8)
    return tuple(channel.tobytes() for channel in levels)


def hushed(
    levels: Levels, seconds: float, spans: Iterable[tuple[float, float]], margin: float
) -> Levels:
    """The levels with nothing in the stretches that touch a span (seconds), or lie within `margin`
    seconds of one."""
    hushed = [bytearray(channel) for channel in levels]
    for start, end in spans:
        for channel in hushed:
            step = seconds / len(channel)
            first = min(max(0, floor((start - margin) / step)), len(channel))
            last = min(max(first, floor((end + margin) / step) + 1), len(channel))
            channel[first:last] = bytes(last - first)
    return tuple(bytes(channel) for channel in hushed)


def apart(levels: Levels) -> bool:
    """Whether these are two channels with a voice of its own on each."""
    if len(levels) != 2:
        return False
    one, other = (np.frombuffer(channel, np.uint8).astype(int) for channel in levels)
    return bool((np.abs(one - other) > ALIKE).any())


def together(levels: Sequence[bytes]) -> bytes:
    """All channels as one: at each place the loudest."""
    return bytes(map(max, zip(*levels, strict=True)))


def _summed(channel: Samples, of: NDArray[np.int64], stretches: int) -> NDArray[np.float64]:
    """The squares of a channel's samples, added up by the stretch they are `of`."""
    squares = np.square(channel.astype(np.float64))
    return np.bincount(of, weights=squares, minlength=stretches).astype(np.float64, copy=False)
