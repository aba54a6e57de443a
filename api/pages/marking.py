"""Insights marked in a turn's text, and words with their times: pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from insights.insight import Kind
from transcribe.edits.rules import Misheard
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
    heard: str = ""  # what a name was heard as that was put right


def pieces(text: str, marks: Sequence[Mark], names: Sequence[Misheard] = ()) -> list[Piece]:
    """Cut a turn's text where a mark or a name put right begins or ends; the pieces joined are
    the text again.

    A mark takes the point or comma behind it along, or its label would come in between.
    """
    closed = [replace(mark, end=_closed(text, mark.end)) for mark in marks]
    spans = [(each.start, each.end) for each in closed] + [(n.start, n.end) for n in names]
    cuts = {0, len(text)}.union(*spans)
    inside = sorted(cut for cut in cuts if cut <= len(text))
    return [_piece(text, at, to, closed, names) for at, to in pairwise(inside)]


def passage(text: str, start: int, end: int, most: int = 400) -> tuple[str, str, str]:
    """What stands before a quote, the quote, and what follows; before and after cut between words
    where they are longer than `most` characters."""
    before, quote, after = text[:start], text[start:end], text[end:]
    if len(before) > most:
        before = "… " + before[-most:].partition(" ")[2]
    return before, quote, shortened(after, most)


def shortened(text: str, most: int) -> str:
    """The text, cut between words where it is longer than `most` characters."""
    return text if len(text) <= most else text[:most].rpartition(" ")[0] + " …"


def _closed(text: str, end: int) -> int:
    while end < len(text) and text[end] in ".,;:!?…”’\"')":
        end += 1
    return min(end, len(text))


def _piece(text: str, at: int, to: int, marks: Sequence[Mark], names: Sequence[Misheard]) -> Piece:
    over = tuple(mark for mark in marks if mark.start < to and mark.end > at)
    heard = next((name.heard for name in names if name.start < to and name.end > at), "")
    return Piece(text[at:to], over, tuple(mark for mark in over if mark.end == to), heard)


def word_times(turn: Turn) -> str:
    """When each word starts, in hundredths of a second: the first, then each step to the next.

    As "8312 21 15": a third of what the times themselves would take, so that an hour's page
    stays small. Empty for a turn without words.
    """
    starts = [round(word.start * 100) for word in turn.words]
    steps = [after - before for before, after in pairwise(starts)]
    return " ".join(map(str, starts[:1] + steps))
