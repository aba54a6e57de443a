"""What is private in a call's turns, also where a number goes on over several of them: pure.

Who reads out a card number stops after four digits, the other says "mhm" or repeats them, and it
goes on. So a speaker's turns are read as one passage across such asides.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from transcribe.pii.figures import is_number_word
from transcribe.pii.find import find
from transcribe.pii.mask import Mask
from transcribe.transcript import Turn

ASIDE_WORDS = 3
"""As long as "yes, go on"; what is longer ends what the other was saying."""


@dataclass(slots=True)
class _Passage:
    """What one speaker says across asides."""

    before: str  # what the other said right before
    text: str = ""
    pieces: list[tuple[int, int]] = field(default_factory=list)  # turn, and where it begins

    def add(self, position: int, turn: Turn) -> None:
        if self.pieces:
            self.text += " "
        self.pieces.append((position, len(self.text)))
        self.text += turn.text

    def pieces_from(self, at: int) -> Iterator[tuple[int, int]]:
        """The pieces from the one that a character of the text lies in."""
        first = bisect_right(self.pieces, at, key=lambda piece: piece[1]) - 1
        return islice(self.pieces, max(first, 0), None)


def private_in(
    turns: Sequence[Turn], rule: Callable[[str, str], list[Mask]] = find
) -> dict[int, tuple[Mask, ...]]:
    """The masks of each turn that has any, by its position. `rule`: what is private in a text, and
    in what was said before it."""
    found: dict[int, list[Mask]] = {}
    for passage in _passages(turns):
        for mask in rule(passage.text, passage.before):
            for position, start in passage.pieces_from(mask.start):
                if start >= mask.end:
                    break
                at, said = max(mask.start - start, 0), turns[position].text[: mask.end - start]
                begin, end = len(said) - len(said[at:].lstrip()), len(said.rstrip())
                if begin < end:
                    found.setdefault(position, []).append(Mask(begin, end, mask.what))
    return {position: tuple(masks) for position, masks in sorted(found.items())}


def _passages(turns: Sequence[Turn]) -> Iterator[_Passage]:
    open_ones: dict[tuple[object, ...], _Passage] = {}
    before = ""
    for position, turn in enumerate(turns):
        speaker = (turn.speaker, turn.channel, turn.name)
        if not _is_aside(turn.text):
            for other in [key for key in open_ones if key != speaker]:
                yield open_ones.pop(other)
        passage = open_ones.setdefault(speaker, _Passage(before))
        passage.add(position, turn)
        before = turn.text
    yield from open_ones.values()


def _is_aside(text: str) -> bool:
    """Whether it is said into what the other says: a nod, or the digits again."""
    words = text.split()
    return len(words) <= ASIDE_WORDS or all(is_number_word(word) for word in words)
