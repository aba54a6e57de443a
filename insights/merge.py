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
    quote: str = ""
    found_label: str | None = None  # before a person set another
    reviewed: bool = False  # a person has said something of it
    theme_id: int | None = None  # of a request, where it is a theme of the call's company
    mined_label: str | None = None  # of a request, in the words of who found it
    settled: bool = False  # a person has shaped the request's theme

    def overlap(self, found: Insight) -> int:
        """Characters that the two quotes share; 0 where turn, kind or label differ. One that a
        person relabelled also goes by the label that it was found under."""
        labels = {self.label.casefold(), (self.found_label or self.label).casefold()}
        return self.shared(found) if found.label.casefold() in labels else 0

    def covers(self, found: Insight) -> bool:
        """Whether a person's word on this one settles that one: common words and the same kind.
        A category or a theme is a matter of opinion; another rival is another mention."""
        named_alike = self.kind != Kind.COMPETITOR or self.overlap(found) > 0
        return self.reviewed and named_alike and self.shared(found) > 0

    def shared(self, found: Insight) -> int:
        """Characters that the two quotes share; 0 where turn or kind differ."""
        if (self.turn, self.kind) != (found.turn, found.kind):
            return 0
        start = max(self.start_char, found.quote.start_char)
        return max(0, min(self.end_char, found.quote.end_char) - start)


@dataclass(frozen=True, slots=True)
class Renewal:
    """What becomes of a call's kept insights when these are found instead."""

    appears: tuple[Insight, ...]
    stays: tuple[tuple[int, Insight], ...]  # a kept one's id, and what it is from now on
    disappears: tuple[Kept, ...]
    reviewed: int = 0  # kept ones that stand as they are, found again or not


def once_each(found: Iterable[Insight]) -> list[Insight]:
    """The insights without doubles, which have turn, kind, label and quote's start in common;
    the surer one stays."""
    surest: dict[object, Insight] = {}
    for insight in sorted(found, key=lambda insight: -insight.confidence):
        surest.setdefault((*_key(insight), insight.quote.start_char), insight)
    return sorted(surest.values(), key=lambda i: (i.turn, i.quote.start_char, i.kind, i.label))


def identify(kept: Sequence[Kept], found: Sequence[Insight]) -> list[int | None]:
    """For each found insight the id of the kept one that it is, None where it is new.

    Quotes that start alike are paired first, under the present label before the one found, then
    those that overlap most. So a found insight paired otherwise starts where no kept one of its
    label does, and rows can be updated one by one without two ever standing in the same place.
    Of two kept ones that start alike a reviewed one is taken, which a renewal leaves where it is.
    """
    pairs = [
        (
            old.start_char != new.quote.start_char,
            old.label.casefold() != new.label.casefold(),
            not old.reviewed,
            -old.overlap(new),
            at,
            old.id,
        )
        for at, new in enumerate(found)
        for old in kept
        if old.overlap(new)
    ]
    ids: list[int | None] = [None] * len(found)
    for *_, at, kept_id in sorted(pairs):
        if ids[at] is None and kept_id not in ids:
            ids[at] = kept_id
    return ids


def renew(kept: Sequence[Kept], found: Sequence[Insight]) -> Renewal:
    """Put found insights in the place of kept ones. Reviewed ones stand as they are: they neither
    change nor disappear, and nothing that they settle comes to stand beside them."""
    ids = identify(kept, found)
    settled = [old for old in kept if old.reviewed]
    standing = {old.id for old in settled}
    pairs = list(zip(ids, found, strict=True))
    return Renewal(
        appears=tuple(
            new
            for kept_id, new in pairs
            if kept_id is None and not any(old.covers(new) for old in settled)
        ),
        stays=tuple(
            (kept_id, new) for kept_id, new in pairs if kept_id and kept_id not in standing
        ),
        disappears=tuple(old for old in kept if old.id not in ids and old.id not in standing),
        reviewed=len(standing),
    )


def _key(insight: Insight) -> tuple[int, Kind, str]:
    return insight.turn, insight.kind, insight.label.casefold()
