"""Where speech is, and how it is packed for the model: pure.

Whisper's encoder works on 30 seconds whatever they hold, so silence is cut out and speech of
one channel is packed into windows of nearly 30 seconds, each remembering where its pieces
were said. Times here are samples of the recording at `RATE`, unless a name says seconds.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

RATE = 16_000  # Hz: what Whisper and Silero hear
FRAME = 512  # samples: Silero's step at this rate, 32 ms
WINDOW = 30 * RATE

ONSET = 0.15  # speech begins at this probability (telephone speech reaches some 0.4) …
OFFSET = 0.08  # … and goes on down to this one
PAUSE_FRAMES = 13  # 0.42 s without speech ends a span; must hold the padding of both sides
UNHEARD = int(1.0 * RATE)  # a piece of this length, padding and all, holds a word …
UNHEARD_WITHIN = int(3.0 * RATE)  # … and no speaker holds back words for so long within speech
PAD = int(0.2 * RATE)  # sound kept on either side, so that no soft consonant is cut off
SHORTEST_FRAMES = 3  # 0.1 s: a click is shorter, the shortest "yes" is not
QUIETEST = -96.0  # dB full scale: the last bit of a sample
HUSH = int(0.16 * RATE)  # within a span: the shortest pause that it is cut in …
HUSHED = 0.02  # … 17 dB below the speech around it …
PART = int(2.0 * RATE)  # … leaving so much on either side
LONGEST_FRAMES = (28 * RATE) // FRAME  # a longer span is cut where it is quietest

Samples = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the recording, [start, end) in samples."""

    start: int
    end: int


class SpeechFinder:
    """Turns a stream of speech probabilities, one a frame, into padded spans of speech.

    The rule is Silero's (github.com/snakers4/silero-vad, MIT): begin at ONSET, go on above
    OFFSET, end after a pause; but it never looks ahead, so it works on a stream.
    """

    def __init__(self, origin: int = 0) -> None:
        """`origin`: where in the recording the first frame starts."""
        self._origin = origin
        self._frame = 0  # the next to come
        self._start: int | None = None  # of the open span, in frames
        self._voiced_to = 0  # the frame after the last voiced one
        self._probabilities: list[float] = []  # of the open span
        self._done_to = origin  # spans never overlap: nothing starts before this sample
        self._cut = False  # the open span goes on where the last was cut

    @property
    def needed_from(self) -> int:
        """Sound before this sample is not asked for any more."""
        open_from = self._frame if self._start is None else self._start
        return max(self._done_to, self._sample(open_from) - PAD)

    def feed(self, probabilities: Iterable[float]) -> list[Span]:
        """Take the next frames' probabilities; return the spans that are complete now."""
        return [span for p in probabilities if (span := self._step(float(p))) is not None]

    def end(self) -> list[Span]:
        """No more frames come: return the last span, if one is open."""
        span = self._close(self._voiced_to) if self._start is not None else None
        return [span] if span else []

    def _sample(self, frame: int) -> int:
        return self._origin + frame * FRAME

    def _step(self, p: float) -> Span | None:
        frame, self._frame = self._frame, self._frame + 1
        if self._start is None:
            if p >= ONSET:
                self._start, self._voiced_to, self._probabilities = frame, frame + 1, [p]
            return None
        self._probabilities.append(p)
        if p >= OFFSET:
            self._voiced_to = frame + 1
        elif self._frame - self._voiced_to >= PAUSE_FRAMES:
            return self._close(self._voiced_to)
        if self._frame - self._start >= LONGEST_FRAMES:
            return self._cut_quietest()
        return None

    def _close(self, end: int) -> Span | None:
        assert self._start is not None
        start, self._start = self._start, None
        cut, self._cut = self._cut, False
        if end - start < SHORTEST_FRAMES and not cut:
            return None
        first = max(self._done_to, self._sample(start) - (0 if cut else PAD))
        self._done_to = min(self._sample(end) + PAD, self._sample(self._frame))
        return Span(first, self._done_to)

    def _cut_quietest(self) -> Span:
        """End the open span at its least voiced frame in its second half and go on from there."""
        assert self._start is not None
        half = len(self._probabilities) // 2
        at = half + int(np.argmin(self._probabilities[half:]))
        start, cut = self._start, self._start + at
        first = max(self._done_to, self._sample(start) - (0 if self._cut else PAD))
        self._start, self._probabilities, self._cut = cut, self._probabilities[at:], True
        self._done_to = self._sample(cut)
        return Span(first, self._done_to)


@dataclass(frozen=True, slots=True, eq=False)
class Speech:
    """The sound of a span."""

    start: int
    samples: Samples  # (n,)

    @property
    def end(self) -> int:
        """Where it ends in the recording."""
        return self.start + len(self.samples)

    def level(self, start: float, end: float) -> float:
        """How loud it is between two seconds of the recording: dB full scale, silence -96."""
        first = round(start * RATE) - self.start
        sound = self.samples[max(first, 0) : max(round(end * RATE) - self.start, first + 1)]
        power = float(np.square(sound.astype(np.float32)).mean()) if len(sound) else 0.0
        return max(10 * float(np.log10(power / 32768**2)), QUIETEST) if power else QUIETEST

    def hush(self, most: int) -> int | None:
        """The last pause for breath in the first `most` samples, where it can be cut in two; None
        where nobody breathes, or too near an end."""
        step = HUSH // 8
        steps = self.samples[: len(self.samples) // step * step].reshape(-1, step)
        power = np.square(steps.astype(np.float32)).mean(axis=1)
        around = np.convolve(power, np.full(8, 1 / 8, np.float32), "same")
        places = np.flatnonzero(around <= HUSHED * np.median(power)) * step
        inside = places[(places >= PART) & (places <= min(most, len(self.samples) - PART))]
        return int(inside[-1]) if len(inside) else None

    def parts(self, at: int) -> tuple["Speech", "Speech"]:
        """The same in two, the second beginning with the sample `at`."""
        return Speech(self.start, self.samples[:at]), Speech(self.start + at, self.samples[at:])


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Speech of one track, packed end to end."""

    pieces: tuple[Speech, ...]  # in time's order, not overlapping

    @property
    def length(self) -> int:
        """Samples of sound."""
        return sum(len(piece.samples) for piece in self.pieces)

    def sound(self) -> npt.NDArray[np.float32]:
        """All pieces as the model takes them: (length,), in -1 to 1."""
        joined = np.concatenate([piece.samples for piece in self.pieces])
        return joined.astype(np.float32) / np.float32(32768)

    def piece_at(self, seconds: float) -> tuple[int, Speech, float]:
        """The piece sounding at `seconds` of this window: its index, itself, where it begins."""
        at = 0
        for index, piece in enumerate(self.pieces):
            if seconds * RATE < at + len(piece.samples) or index == len(self.pieces) - 1:
                return index, piece, at / RATE
            at += len(piece.samples)
        raise ValueError("a window without speech")

    def place(self, start: float, end: float) -> tuple[int, float, float]:
        """A word's seconds in this window as (piece index, start, end) in the recording.

        The word belongs to the piece that holds its middle, and is held within it.
        """
        index, piece, begins = self.piece_at((start + end) / 2)
        first, last = piece.start / RATE, piece.end / RATE
        return (
            index,
            min(max(first + start - begins, first), last),
            min(max(first + end - begins, first), last),
        )

    def unheard(self, said: Sequence[tuple[float, float]]) -> "Window | None":
        """The speech that got no words, as a window of its own; None where there is none.

        `said`: when words were said, as (start, end) seconds of the recording, in order.
        """
        pieces = [part for piece in self.pieces for part in _between(piece, said)]
        return Window(tuple(pieces)) if pieces else None


def _between(piece: Speech, said: Sequence[tuple[float, float]]) -> Iterator[Speech]:
    """The parts of a piece before, between and after its words that are too long for a pause."""
    inside = [
        (round(start * RATE), round(end * RATE))
        for start, end in said
        if start * RATE < piece.end and end * RATE > piece.start
    ]
    longest = UNHEARD_WITHIN if inside else UNHEARD
    at = piece.start
    for start, end in [*inside, (piece.end, piece.end)]:
        if start - at >= longest:
            yield Speech(at, piece.samples[at - piece.start : start - piece.start])
        at = max(at, end)


class Packer:
    """Packs speech, in time's order, into windows of at most 30 seconds. What does not fit is cut
    where the speaker takes breath, since a window costs the same however little is in it."""

    def __init__(self) -> None:
        self._pieces: list[Speech] = []
        self._length = 0

    @property
    def pending_from(self) -> int | None:
        """Where the speech begins that is not handed out yet."""
        return self._pieces[0].start if self._pieces else None

    def add(self, speeches: Iterable[Speech]) -> Iterator[Window]:
        """Take more speech; yield the windows that are full now."""
        for speech in speeches:
            room = WINDOW - self._length
            if not self._pieces or len(speech.samples) <= room:
                self._take(speech)
                continue
            at = speech.hush(room)
            fitting, rest = speech.parts(at) if at else (None, speech)
            if fitting:
                self._take(fitting)
            yield from self.end()
            self._take(rest)

    def _take(self, speech: Speech) -> None:
        self._pieces.append(speech)
        self._length += len(speech.samples)

    def end(self) -> Iterator[Window]:
        """Yield what is pending."""
        if self._pieces:
            pieces, self._pieces, self._length = tuple(self._pieces), [], 0
            yield Window(pieces)
