"""What an edit does to a turn's words, their times and the quotes in them: pure.

Words before and after are aligned by their longest common subsequence.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from rapidfuzz.distance import LCSseq

from ingest.base.errors import Refused
from transcribe.timing import share_out
from transcribe.transcript import Turn, Word

_STOPS = ".,;:!?…"
LONGEST_TURN = 20_000
"""Characters of a turn, as of one that is brought as text."""


class BadEdit(Refused):
    """An edit that cannot be made to this turn."""

    code = "bad-edit"


class TurnChanged(Refused):
    """Somebody else edited the turn meanwhile."""

    code = "turn-changed"
    status = 409


@dataclass(frozen=True, slots=True)
class Edit:
    """What was made of a turn's words, as it stands."""

    turn: int
    by: str | None  # the person; None where Earshot alone put names right
    at: datetime
    original: str  # as heard, or as brought
    named: str | None = None  # with the names that Earshot put right, before any person's edit
    misheard: tuple["Misheard", ...] = ()  # of those names, which still stand


@dataclass(frozen=True, slots=True)
class Misheard:
    """Characters [start, end) of a turn: a name that Earshot put where it was nearly heard."""

    start: int
    end: int
    heard: str


@dataclass(frozen=True, slots=True)
class ByHand:
    """What people put right in a transcript, and lose where it is made anew."""

    turns: int  # that read as a person left them
    sides: bool  # somebody said who speaks

    @property
    def words(self) -> str:
        """ "the words of 2 turns and who speaks"; empty where nobody put anything right."""
        parts = [f"the words of {self.turns} turn{'s' * (self.turns != 1)}"] * bool(self.turns)
        return " and ".join([*parts, *["who speaks"] * self.sides])


@dataclass(frozen=True, slots=True)
class Stretch:
    """Words [before, before_to) that became words [after, after_to)."""

    before: int
    before_to: int
    after: int
    after_to: int


def rewritten(original: Turn, text: str) -> Turn:
    """The turn with this text. Words that stayed keep their times, new ones share the time of
    those that they replace, or the gap between those that stayed.

    Raises BadEdit for a text that is too long.
    """
    if len(text) > LONGEST_TURN:
        raise BadEdit(f"A turn has at most {LONGEST_TURN:,} characters: this has {len(text):,}.")
    if not original.words:
        return replace(original, text=text.strip())
    texts = text.split()
    words = tuple(_retimed(original, texts))
    return replace(original, text=" ".join(texts), words=words)


def moved(before: str, after: str, start: int, end: int) -> tuple[int, int] | None:
    """Where the quote [start, end) of `before` stands in `after`; None where its words are gone.

    The very same quote where it is still there, else whole words, those put in its place.
    """
    old, new = _places(before), _places(after)
    touched = [
        stretch
        for stretch in _stretches([before[a:b] for a, b in old], [after[a:b] for a, b in new])
        if stretch.before < stretch.before_to
        and old[stretch.before][0] < end
        and old[stretch.before_to - 1][1] > start
    ]
    first = min((stretch.after for stretch in touched), default=0)
    last = max((stretch.after_to for stretch in touched), default=0)
    if first == last:
        return None
    to = new[last - 1][1]
    at = after.find(before[start:end], new[first][0], to)
    return (at, at + end - start) if at >= 0 else (new[first][0], to)


def misheard(original: str, named: str, text: str) -> tuple[Misheard, ...]:
    """The names of `named` that stand in `text`, the turn as it is now, with what the `original`
    has there."""
    return tuple(_misheard(original, named, text))


def _misheard(original: str, named: str, text: str) -> Iterator[Misheard]:
    old, new = _places(original), _places(named)
    for each in _stretches([original[a:b] for a, b in old], [named[a:b] for a, b in new]):
        if each.after == each.after_to or each.before == each.before_to:
            continue
        heard = original[old[each.before][0] : old[each.before_to - 1][1]].rstrip(_STOPS)
        start = new[each.after][0]
        name = named[start : new[each.after_to - 1][1]].rstrip(_STOPS)
        place = moved(named, text, start, start + len(name)) if name != heard and name else None
        if place and text[slice(*place)] == name:
            yield Misheard(*place, heard)


def _places(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in re.finditer(r"\S+", text)]


def _stretches(before: Sequence[str], after: Sequence[str]) -> Iterator[Stretch]:
    """Both texts in order: words one by one where each has its partner, else as few together
    as can be."""
    at = to = 0
    for kept in LCSseq.opcodes(before, after):
        if kept.tag == "equal":
            yield from _paired(Stretch(at, kept.src_start, to, kept.dest_start))
            at, to = kept.src_end, kept.dest_end
            yield from _paired(Stretch(kept.src_start, at, kept.dest_start, to))
    yield from _paired(Stretch(at, len(before), to, len(after)))


def _paired(whole: Stretch) -> Iterator[Stretch]:
    count = whole.before_to - whole.before
    if count != whole.after_to - whole.after:
        yield whole
        return
    for n in range(count):
        at, to = whole.before + n, whole.after + n
        yield Stretch(at, at + 1, to, to + 1)


def _retimed(original: Turn, texts: Sequence[str]) -> Iterator[Word]:
    heard = original.words
    for stretch in _stretches([word.text for word in heard], texts):
        old = heard[stretch.before : stretch.before_to]
        new = texts[stretch.after : stretch.after_to]
        if [word.text for word in old] == list(new):
            yield from old
            continue
        start = old[0].start if old else _end_before(original, stretch.before)
        end = old[-1].end if old else _start_after(original, stretch.before)
        yield from share_out(new, start, max(start, end))


def _end_before(turn: Turn, at: int) -> float:
    return turn.words[at - 1].end if at else min(turn.start or 0.0, turn.words[0].start)


def _start_after(turn: Turn, at: int) -> float:
    if at < len(turn.words):
        return turn.words[at].start
    return max(turn.end or 0.0, turn.words[-1].end)
