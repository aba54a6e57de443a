"""Passages of what was said, with the words found in them: pure."""

import re
from dataclasses import dataclass

from insights.search.search import Range

START, STOP = "\ue000", "\ue001"
"""What PostgreSQL puts around a word found: two characters of Unicode's private use area, which
the queries take out of the text before."""

_APART = re.compile(f"{STOP}(\\s+){START}")


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown of a turn."""

    text: str
    marks: tuple[Range, ...]  # the words found, in `text`
    first: int | None  # where the first of them is in the whole turn


def shown(headline: str, turn: str) -> Shown:
    """The stretch of a turn's text that a headline has, neighbouring words found as one. Words left
    out before or behind it are shown as "…"; a headline may have a tag of the text as a blank, and
    then has no place in it."""
    pieces = re.split(f"[{START}{STOP}]", _APART.sub(r"\1", headline))
    text = "".join(pieces)
    at = turn.find(text)
    before, behind = (turn[:at], turn[at + len(text) :]) if at >= 0 else ("", "")
    # A headline ends with its last word, also where only a point comes behind it.
    before = "… " if _has_words(before) else before
    behind = " …" if _has_words(behind) else behind
    marks, to = [], 0
    for number, piece in enumerate(pieces):
        if number % 2:
            marks.append(Range(to, to + len(piece)))
        to += len(piece)
    moved = tuple(Range(len(before) + m.start, len(before) + m.end) for m in marks)
    first = at + marks[0].start if marks and at >= 0 else None
    return Shown(before + text + behind, moved, first)


def _has_words(text: str) -> bool:
    return any(letter.isalnum() for letter in text)
