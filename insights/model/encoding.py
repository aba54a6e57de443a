"""How a conversation is put before the encoder: pure, and the same in training and at run time.

One input, a window, holds a stretch of the conversation, each turn with its speaker. All of the
window's turns but the seller's are judged at once, each in the light of the others; some of what
was said before and after stands around them as context:

    <s> …before | </s> seller : … </s> buyer : … </s> seller : … | after… </s>

So a word is read once or little more, and not once a turn that it is near to (Cohan et al.,
"Pretrained Language Models for Sequential Sentence Classification", 2019). A very long turn is
read in overlapping parts. For a stance every rival's name is replaced by one <mask>: the model
shall learn how a rival is spoken of, not which names there are.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import TYPE_CHECKING

from ingest.base.errors import BadSetup
from transcribe.transcript import Speaker, Turn

if TYPE_CHECKING:
    from tokenizers import Tokenizer

JUDGED = 320  # word pieces of the turns that a window judges
BEFORE, AFTER = 72, 40  # word pieces of context around them
PART = 200  # word pieces of a turn that are read together: hardly a turn is longer
OVERLAP = 40  # a clause that a part's edge would cut is whole in the next one
MARKS = 3  # before each part: </s>, who speaks, a colon
SPEAKERS = {Speaker.SELLER: "seller", Speaker.BUYER: "buyer", Speaker.UNKNOWN: "speaker"}

Mentioned = tuple[int, int, int]
"""A name: the turn's index, and its characters [start, end) there."""


@dataclass(frozen=True, slots=True)
class Said:
    """A turn in word pieces; `spans` are their characters [start, end) in the turn's text."""

    speaker: Speaker
    ids: tuple[int, ...]
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A turn's word pieces [first, first + count). Where a window judges them, they stand at
    `judged[at : at + count]` of it; their marks stand before them."""

    turn: int
    first: int
    count: int
    at: int = 0


@dataclass(frozen=True, slots=True)
class Window:
    """One input of the encoder, and the parts of turns that it judges: `judged` are the places
    in `ids` of all their pieces and marks."""

    ids: tuple[int, ...]
    judged: tuple[int, ...]
    parts: tuple[Part, ...]


class Encoding:
    """Composes windows from turns. `tokenizer` is the encoder's own, from tokenizer.json."""

    def __init__(self, tokenizer: "Tokenizer") -> None:
        self._tokenizer = tokenizer
        self.cls, self.sep, self.mask, self._colon = map(self._id, ("<s>", "</s>", "<mask>", ":"))
        self._who = {who: self._id(word) for who, word in SPEAKERS.items()}

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

    def masked(
        self, said: Sequence[Said], mentions: Sequence[Mentioned]
    ) -> tuple[list[Said], list[int]]:
        """The turns with each mention as one <mask>, and the piece of its turn where each now
        is. Mentions that share a piece share a mask."""
        changed, places = list(said), [0] * len(mentions)
        for turn in {turn for turn, _, _ in mentions}:
            rows = [n for n, mention in enumerate(mentions) if mention[0] == turn]
            changed[turn], at = self._masked(said[turn], [mentions[n][1:] for n in rows])
            for row, place in zip(rows, at, strict=True):
                places[row] = place
        return changed, places

    def _masked(self, said: Said, names: Sequence[tuple[int, int]]) -> tuple[Said, list[int]]:
        ids, spans = list(said.ids), list(said.spans)
        for start, end in sorted(names):
            hit = [n for n, (at, to) in enumerate(spans) if at < end and to > start]
            first, last = (hit[0], hit[-1] + 1) if hit else (len(ids), len(ids))
            covered = [(start, end), *spans[first:last]]
            span = min(at for at, _ in covered), max(to for _, to in covered)
            ids[first:last], spans[first:last] = [self.mask], [span]
        places = [
            next(
                n
                for n, (at, to) in enumerate(spans)
                if ids[n] == self.mask and at <= start and end <= to
            )
            for start, end in names
        ]
        return Said(said.speaker, tuple(ids), tuple(spans)), places

    def windows(
        self, said: Sequence[Said], also: Collection[int] = (), cut: int = 0
    ) -> Iterator[Window]:
        """Yield windows that together judge every turn that has words and is not the seller's,
        or is among `also`. In training the first one is cut short after `cut` parts, so that an
        epoch's windows are not another's."""
        parts = [part for turn in range(len(said)) for part in _parts(turn, said[turn])]
        wanted = [
            n
            for n, part in enumerate(parts)
            if said[part.turn].speaker is not Speaker.SELLER or part.turn in also
        ]
        ends = list(accumulate(part.count + MARKS for part in parts))
        while wanted:
            most = ends[wanted[0]] - parts[wanted[0]].count - MARKS + JUDGED
            fitting = max(1, bisect_right(wanted, most, key=ends.__getitem__))
            fitting = min(fitting, cut or fitting)
            yield self._window(said, parts, wanted[:fitting])
            wanted, cut = wanted[fitting:], 0

    def _window(self, said: Sequence[Said], parts: Sequence[Part], judged: Sequence[int]) -> Window:
        """`judged` are places in `parts`, rising."""
        first, last = judged[0], judged[-1] + 1
        ids = [self.cls, *self._before(said, parts[:first])]
        places: list[int] = []
        placed: list[Part] = []
        for n in range(first, last):
            pieces = self._pieces(said, parts[n])
            if n in judged:
                placed.append(replace(parts[n], at=len(places) + MARKS))
                places += range(len(ids), len(ids) + len(pieces))
            ids += pieces
        if last < len(parts):
            ids += self._pieces(said, parts[last])[:AFTER]
        return Window((*ids, self.sep), tuple(places), tuple(placed))

    def _before(self, said: Sequence[Said], parts: Sequence[Part]) -> list[int]:
        ids: list[int] = []
        for part in reversed(parts):
            pieces, room = self._pieces(said, part), BEFORE - len(ids)
            if len(pieces) >= room:
                return [*pieces[:MARKS], *pieces[MARKS:][-room:], *ids]
            ids = pieces + ids
        return ids

    def _pieces(self, said: Sequence[Said], part: Part) -> list[int]:
        turn = said[part.turn]
        marks = (self.sep, self._who[turn.speaker], self._colon)
        return [*marks, *turn.ids[part.first : part.first + part.count]]


def _parts(turn: int, said: Said) -> Iterator[Part]:
    """The turn in parts; none where it has no words."""
    last = len(said.ids)
    for first in range(0, max(last - OVERLAP, min(last, 1)), PART - OVERLAP):
        yield Part(turn, first, min(PART, last - first))
