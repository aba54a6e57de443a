"""Sound laid on the recording's own clock, block by block. Pure.

Every piece keeps its time: what is missing becomes silence of its own length, so that a word
after a bad stretch is found where it was said.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

JITTER_SECONDS = 0.05
"""Containers round times to a millisecond or to a packet; what differs by less is no gap."""

RESET_SECONDS = 1.0
"""Times that fall back further are a clock that began anew (recordings joined end to end)."""

LONGEST_GAP_SECONDS = 600.0
"""Where no length is stated, a longer jump ahead is a damaged time and no gap."""

Samples = NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of sound."""

    start: float  # seconds from the recording's start
    samples: Samples  # shape (channels, n)
    missing: float  # seconds of silence in it that stand for sound that could not be decoded


class Clock:
    """Tells a piece's time on the recording's clock from the container's times.

    `stated` is the length that the container's header gives, None where it gives none.
    """

    def __init__(self, origin: float, stated: float | None) -> None:
        self.now = 0.0  # where the next piece begins if nothing is missing
        self._shift = -origin  # from the container's times to the recording's
        self._stated = stated

    def place(self, time: float | None) -> float:
        """Where a piece with the container's `time` begins; never far behind `now`."""
        if time is None:
            return self.now
        start = time + self._shift
        latest = self._stated if self._stated is not None else self.now + LONGEST_GAP_SECONDS
        if start < self.now - RESET_SECONDS or start > latest + RESET_SECONDS:
            self._shift += self.now - start
            return self.now
        return start

    def lose(self, seconds: float) -> None:
        """So much sound is gone, and the container's times do not know it."""
        self._shift += seconds


class Tape:
    """Samples written one after the other, cut into blocks of one length; `total` in all."""

    def __init__(self, channels: int, rate: int, block: int, total: int) -> None:
        self.written = 0
        self._rate = rate
        self._total = total
        self._block = np.zeros((channels, min(block, total)), np.int16)
        self._filled = 0
        self._missing = 0

    @property
    def left(self) -> int:
        """Samples still to come."""
        return self._total - self.written

    def write(self, samples: Samples) -> Iterator[Block]:
        """Add samples, shape (channels, n), and yield each block that is full."""
        at = 0
        for count in self._pieces(samples.shape[1]):
            self._block[:, self._filled : self._filled + count] = samples[:, at : at + count]
            at += count
            yield from self._add(count)

    def gap(self, count: int, missing: bool) -> Iterator[Block]:
        """Add `count` samples of silence, `missing` if it stands for sound that is lost."""
        for piece in self._pieces(count):
            self._missing += piece if missing else 0
            yield from self._add(piece)

    def _pieces(self, count: int) -> Iterator[int]:
        """Cut `count` samples as the blocks' ends, and the tape's, demand."""
        left = min(count, self.left)
        while left > 0:
            piece = min(left, self._block.shape[1] - self._filled)
            yield piece
            left -= piece

    def _add(self, count: int) -> Iterator[Block]:
        self._filled += count
        self.written += count
        if self._filled == self._block.shape[1]:
            yield self._cut()

    def _cut(self) -> Block:
        start = (self.written - self._filled) / self._rate
        block = Block(start, self._block, self._missing / self._rate)
        left = min(self._block.shape[1], self.left)
        self._block = np.zeros((self._block.shape[0], left), np.int16)
        self._filled = self._missing = 0
        return block
