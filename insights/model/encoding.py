"""How turns are put before the encoder: pure, and the same in training and at run time.

One input holds one stretch of one turn (the target, segment 1) between what was said before
and after it (segment 0), each with its speaker:

    [CLS] buyer : … seller : … [SEP] buyer : the target [SEP] seller : … [SEP]

A turn longer than a window is read in overlapping windows; what precedes a later window is the
turn's own text. For a stance the rival's name is replaced by one [MASK]: the model shall learn
how a rival is spoken of, not which names there are.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.base.errors import BadSetup
from transcribe.transcript import Speaker, Turn

if TYPE_CHECKING:
    from tokenizers import Tokenizer

WINDOW = 160  # word pieces of the target: nine turns in ten are shorter than 100
OVERLAP = 40  # a clause that a window's edge would cut is whole in the next one
BEFORE = (48, 32)  # word pieces kept of the turn before, and of the one before that: their ends
AFTER = 24  # of the turn after: its beginning
SPEAKERS = {Speaker.SELLER: "seller", Speaker.BUYER: "buyer", Speaker.UNKNOWN: "speaker"}


@dataclass(frozen=True, slots=True)
class Said:
    """A turn in word pieces; `spans` are their characters [start, end) in the turn's text."""

    speaker: Speaker
    ids: tuple[int, ...]
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Window:
    """One input of the encoder. Its target is the turn's word pieces [first, first + count),
    which stand at `ids[at : at + count]`."""

    turn: int
    ids: tuple[int, ...]
    segments: tuple[int, ...]
    at: int
    first: int
    count: int


class Encoding:
    """Composes windows from turns. `tokenizer` is the encoder's own, from tokenizer.json."""

    def __init__(self, tokenizer: "Tokenizer") -> None:
        self._tokenizer = tokenizer
        self.cls, self.sep, self.mask = map(self._id, ("[CLS]", "[SEP]", "[MASK]"))
        self._marks = {who: (self._id(word), self._id(":")) for who, word in SPEAKERS.items()}

    def _id(self, token: str) -> int:
        found: int | None = self._tokenizer.token_to_id(token)
        if found is None:
            raise BadSetup(f"tokenizer.json has no {token!r}: reinstall Earshot.")
        return found

    def said(self, turns: Sequence[Turn]) -> list[Said]:
        """Cut each turn into word pieces."""
        pieces = self._tokenizer.encode_batch([t.text for t in turns], add_special_tokens=False)
        return [
            Said(turn.speaker, tuple(piece.ids), tuple(piece.offsets))
            for turn, piece in zip(turns, pieces, strict=True)
        ]

    def windows(self, said: Sequence[Said], turn: int) -> Iterator[Window]:
        """Yield the windows over one turn; none where it has no words."""
        last = len(said[turn].ids)
        for first in range(0, max(last - OVERLAP, min(last, 1)), WINDOW - OVERLAP):
            yield self._window(said, turn, first, min(first + WINDOW, last), said[turn].ids)

    def mention(self, said: Sequence[Said], turn: int, start_char: int, end_char: int) -> Window:
        """The window around a mention, which is `ids[at]` there: one [MASK], `count` 1."""
        spans = said[turn].spans
        hit = [n for n, (at, to) in enumerate(spans) if at < end_char and to > start_char]
        at, to = (hit[0], hit[-1] + 1) if hit else (len(spans), len(spans))
        ids = (*said[turn].ids[:at], self.mask, *said[turn].ids[to:])
        first = max(0, min(at - WINDOW // 2, len(ids) - WINDOW))
        window = self._window(said, turn, first, min(first + WINDOW, len(ids)), ids)
        return Window(turn, window.ids, window.segments, window.at + at - first, at, 1)

    def _window(
        self, said: Sequence[Said], turn: int, first: int, last: int, target: tuple[int, ...]
    ) -> Window:
        before = (self.cls, *self._before(said, turn, target[:first]), self.sep)
        before += self._marks[said[turn].speaker] if first == 0 else ()
        after = (self.sep, *self._after(said, turn), self.sep)
        ids = (*before, *target[first:last], *after)
        segments = (0,) * len(before) + (1,) * (last - first) + (0,) * len(after)
        return Window(turn, ids, segments, len(before), first, last - first)

    def _before(self, said: Sequence[Said], turn: int, own: tuple[int, ...]) -> Iterator[int]:
        if own:
            yield from self._marks[said[turn].speaker]
            yield from own[-sum(BEFORE) :]
            return
        for back, kept in reversed(list(enumerate(BEFORE, 1))):
            if turn >= back:
                yield from self._marks[said[turn - back].speaker]
                yield from said[turn - back].ids[-kept:]

    def _after(self, said: Sequence[Said], turn: int) -> Iterator[int]:
        if turn + 1 < len(said):
            yield from self._marks[said[turn + 1].speaker]
            yield from said[turn + 1].ids[:AFTER]
