"""Words at the seams of a window, where two stretches of speech lie end to end: pure.

The aligner lets words abut. So the first word after a pause is now and then given the end of what
was said before it, however long ago that was.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from transcribe.doubles import SoundedWord
from transcribe.speakers import SENTENCE_ENDS, TURN_PAUSE
from transcribe.windows import RATE, Speech


def put_right(
    by_piece: Sequence[Sequence[SoundedWord]], pieces: Sequence[Speech]
) -> list[list[SoundedWord]]:
    """The words of each piece, in time's order, where the first word of a sentence stands with the
    second one: nobody pauses for as long as a turn takes between them."""
    found = [list(words) for words in by_piece]
    told = [(words, piece) for words, piece in zip(found, pieces, strict=True) if words]
    for (before, earlier), (after, piece) in pairwise(told):
        if _opens(before) and piece.start - earlier.end >= TURN_PAUSE * RATE:
            word, end = before.pop(), after[0].start
            start = max(piece.start / RATE, end - (word.end - word.start))
            start = min(round(start, 2), end)
            after.insert(0, replace(word, start=start, end=end, level=piece.level(start, end)))
    return found


def _opens(words: Sequence[SoundedWord]) -> bool:
    """Whether the last word is the first of a sentence that goes on."""
    if len(words) < 2:
        return False
    *_, last, word = words
    return last.text.endswith(SENTENCE_ENDS) and not word.text.endswith(SENTENCE_ENDS)
