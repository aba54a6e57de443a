"""Words without times of their own: pure."""

from collections.abc import Sequence
from itertools import accumulate

from transcribe.transcript import Word


def share_out(texts: Sequence[str], start: float, end: float) -> list[Word]:
    """These words said from `start` to `end`, seconds, each as long as its letters make it."""
    ends = list(accumulate(map(len, texts)))
    step = (end - start) / ends[-1] if ends and ends[-1] else 0.0
    return [
        Word(text, start + step * (to - len(text)), start + step * to)
        for text, to in zip(texts, ends, strict=True)
    ]
