"""Which kept insight a freshly found one is: pure. It keeps the id that links and reviews hold."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from insights.insight import Insight, Kind


@dataclass(frozen=True, slots=True)
class Kept:
    """As much of a stored insight as says whether another is the same."""

    id: int
    turn: int
    kind: Kind
    label: str
    start_char: int
    end_char: int

    def overlap(self, found: Insight) -> int:
        """Characters that the two quotes share; 0 where turn, kind or label differ."""
        if (self.turn, self.kind, self.label.casefold()) != _key(found):
            return 0
        start = max(self.start_char, found.quote.start_char)
        return max(0, min(self.end_char, found.quote.end_char) - start)


def once_each(found: Iterable[Insight]) -> list[Insight]:
    """The insights without doubles, which have turn, kind, label and quote's start in common;
    the surer one stays."""
    surest: dict[object, Insight] = {}
    for insight in sorted(found, key=lambda insight: -insight.confidence):
        surest.setdefault((*_key(insight), insight.quote.start_char), insight)
    return sorted(surest.values(), key=lambda i: (i.turn, i.quote.start_char, i.kind, i.label))


def identify(kept: Sequence[Kept], found: Sequence[Insight]) -> list[int | None]:
    """For each found insight the id of the kept one that it is, None where it is new.

    Quotes that start alike are paired first, then those that overlap most. So a found insight
    paired by overlap alone starts where no kept one of its label does, and rows can be updated
    one by one without two ever standing in the same place.
    """
    pairs = [
        (old.start_char != new.quote.start_char, -old.overlap(new), at, old.id)
        for at, new in enumerate(found)
        for old in kept
        if old.overlap(new)
    ]
    ids: list[int | None] = [None] * len(found)
    for _, _, at, kept_id in sorted(pairs):
        if ids[at] is None and kept_id not in ids:
            ids[at] = kept_id
    return ids


def _key(insight: Insight) -> tuple[int, Kind, str]:
    return insight.turn, insight.kind, insight.label.casefold()
