"""From blocks of sound to windows of speech, channel by channel, in bounded memory.

What is held at a time: the block, the open span of each track (under 30 seconds) and the
speech that does not fill a window yet.
"""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from transcribe.speakers import tracks
from transcribe.windows import FRAME, RATE, Packer, Samples, Span, Speech, SpeechFinder, Window

Detector = Callable[[Samples], npt.NDArray[np.float32]]
"""Takes whole frames (n * FRAME samples, going on from the last call), returns n probabilities."""


class Listener:
    """Finds speech in a recording that comes block by block."""

    def __init__(self, new_detector: Callable[[], Detector]) -> None:
        self._new_detector = new_detector
        self._tracks: dict[int, _Track] = {}
        self._heard_to = 0

    @property
    def tracks(self) -> frozenset[int]:
        """The tracks that have sounded so far."""
        return frozenset(self._tracks)

    @property
    def settled(self) -> float:
        """Seconds of the recording from whose start on no speech is pending in here."""
        pending = [track.pending_from for track in self._tracks.values()]
        return min([self._heard_to, *(at for at in pending if at is not None)]) / RATE

    def feed(self, start: int, samples: Samples) -> Iterator[tuple[int, Window]]:
        """Take the next (channels, n) samples, which begin at `start`; yield full windows."""
        apart = tracks(samples)
        for number in apart:
            if number not in self._tracks:
                self._tracks[number] = _Track(self._new_detector)
        self._heard_to = start + samples.shape[1]
        for number, track in self._tracks.items():
            heard = apart.get(number)
            windows = track.rest() if heard is None else track.feed(start, heard)
            yield from ((number, window) for window in windows)

    def end(self) -> Iterator[tuple[int, Window]]:
        """The recording is over: yield what is left."""
        for number, track in self._tracks.items():
            yield from ((number, window) for window in track.end())


class _Track:
    """One channel, or the sound that all share; silent where it is not fed."""

    def __init__(self, new_detector: Callable[[], Detector]) -> None:
        self._new_detector = new_detector
        self._stretch: _Stretch | None = None
        self._packer = Packer()

    @property
    def pending_from(self) -> int | None:
        packed = self._packer.pending_from
        if packed is not None or self._stretch is None:
            return packed
        return self._stretch.needed_from

    def feed(self, start: int, samples: Samples) -> Iterator[Window]:
        if self._stretch is None:
            self._stretch = _Stretch(start, self._new_detector())
        yield from self._packer.add(self._stretch.feed(samples))

    def rest(self) -> Iterator[Window]:
        stretch, self._stretch = self._stretch, None
        if stretch is not None:
            yield from self._packer.add(stretch.end())

    def end(self) -> Iterator[Window]:
        yield from self.rest()
        yield from self._packer.end()


class _Stretch:
    """Sound without a break."""

    def __init__(self, start: int, detect: Detector) -> None:
        self._detect = detect
        self._finder = SpeechFinder(start)
        self._kept: Samples = np.zeros(0, np.int16)
        self._kept_from = start
        self._judged_to = start  # a partial frame waits for its rest

    @property
    def needed_from(self) -> int:
        return self._finder.needed_from

    def feed(self, samples: Samples) -> Iterator[Speech]:
        self._kept = np.concatenate([self._kept, samples])
        fresh = self._kept[self._judged_to - self._kept_from :]
        whole = fresh[: len(fresh) // FRAME * FRAME]
        self._judged_to += len(whole)
        if len(whole):
            yield from map(self._cut, self._finder.feed(self._detect(whole)))
        self._forget()

    def end(self) -> Iterator[Speech]:
        rest = self._kept[self._judged_to - self._kept_from :]
        if len(rest):
            frame = np.pad(rest, (0, FRAME - len(rest)))
            yield from map(self._cut, self._finder.feed(self._detect(frame)))
        yield from map(self._cut, self._finder.end())

    def _cut(self, span: Span) -> Speech:
        first = span.start - self._kept_from
        return Speech(span.start, self._kept[first : first + span.end - span.start].copy())

    def _forget(self) -> None:
        first = min(self._finder.needed_from, self._judged_to)
        self._kept = self._kept[first - self._kept_from :].copy()
        self._kept_from = first
