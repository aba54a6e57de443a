"""What was said beside what was heard, word by word: pure.

Words are aligned at the least number of words wrong, lost and added (Levenshtein 1966).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein


@dataclass(frozen=True, slots=True)
class Stretch:
    """Words [said, said_to) of what was said, heard as words [heard, heard_to)."""

    said: int
    said_to: int
    heard: int
    heard_to: int
    right: bool  # heard word by word as said


def key(word: str) -> str:
    """A word without its looks: case, stops, the shape of its apostrophe."""
    return re.sub(r"[^\w']", "", word.lower().replace("’", "'")).strip("'_")


def stretches(said: Sequence[str], heard: Sequence[str]) -> list[Stretch]:
    """Both texts in order, cut into stretches that were heard right and such that were not."""
    found: list[Stretch] = []
    codes = Levenshtein.opcodes([key(w) for w in said], [key(w) for w in heard])
    for code in codes:
        right = code.tag == "equal"
        at = code.src_start, code.src_end, code.dest_start, code.dest_end
        if found and not right and not found[-1].right:  # a word wrong beside a word lost
            at = found[-1].said, at[1], found[-1].heard, at[3]
            found.pop()
        found.append(Stretch(*at, right))
    return found


def words_heard(cut: Sequence[Stretch], first: int, end: int) -> tuple[int, int] | None:
    """The words heard for the words [first, end) said; None where nothing was."""
    parts = list(_heard_for(cut, first, end))
    return (parts[0][0], parts[-1][1]) if parts else None


def _heard_for(cut: Sequence[Stretch], first: int, end: int) -> Iterator[tuple[int, int]]:
    """Of a stretch misheard that is wanted in part, the part that lies alike."""
    for s in cut:
        begins, ends = max(first, s.said), min(end, s.said_to)
        count, length = s.heard_to - s.heard, s.said_to - s.said
        if begins < ends and count:
            before = (begins - s.said) * count // length
            after = -((ends - s.said) * -count // length)
            yield s.heard + before, s.heard + after
