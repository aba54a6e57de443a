"""Insights marked in a turn's text, and words with their times: pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from insights.insight import Kind
from transcribe.transcript import Turn


@dataclass(frozen=True, slots=True)
class Mark:
    """An insight's place in one turn: characters [start, end)."""

    id: int
    kind: Kind
    label: str  # in words
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text which the same marks cover from end to end."""

    text: str
    marks: tuple[Mark, ...]  # none: plain text
    ending: tuple[Mark, ...]  # those whose quote ends with this piece


def pieces(text: str, marks: Sequence[Mark]) -> list[Piece]:
    """Cut a turn's text where a mark begins or ends; the pieces joined are the text again.

    A mark takes the point or comma behind it along, or its label would come in between.
    """
    closed = [replace(mark, end=_closed(text, mark.end)) for mark in marks]
    cuts = {0, len(text)} | {mark.start for mark in closed} | {mark.end for mark in closed}
    inside = sorted(cut for cut in cuts if cut <= len(text))
    return [_piece(text, at, to, closed) for at, to in pairwise(inside)]


def _closed(text: str, end: int) -> int:
    while end < len(text) and text[end] in ".,;:!?…”’\"')":
        end += 1
    return min(end, len(text))


def _piece(text: str, at: int, to: int, marks: Sequence[Mark]) -> Piece:
    over = tuple(mark for mark in marks if mark.start < to and mark.end > at)
    return Piece(text[at:to], over, tuple(mark for mark in over if mark.end == to))


def word_times(turn: Turn) -> str:
    """When each word starts, in hundredths of a second: the first, then each step to the next.

    As "8312 21 15": a third of what the times themselves would take, so that an hour's page
    stays small. Empty for a turn without words.
    """
    starts = [round(word.start * 100) for word in turn.words]
    steps = [after - before for before, after in pairwise(starts)]
    return " ".join(map(str, starts[:1] + steps))
