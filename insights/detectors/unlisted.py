"""Rivals outside the catalogue: other names that are spoken of as rivals are. Pure.

Each stands for a person to take into the catalogue or not; so the bar is higher than for a name
that somebody has put there. Only calls printed with capitals show where a name is.
"""

import re
from collections.abc import Iterator, Sequence

from insights.detectors.base import Context
from insights.detectors.clauses import clause_around
from insights.detectors.mentions import is_cased
from insights.detectors.names import NameFinder
from insights.insight import Competitor, Insight, Kind
from insights.lexicon.words import group, is_ordinary
from insights.model.encoding import Mentioned

WORD = r"[A-Z][\w&-]+\b(?!['’](?!s\b))"  # a name's, and no "I'm" or "They've"
NAME = re.compile(rf"\b{WORD}(?: (?:(?:and|of|&) )?{WORD})*")
OPENS = re.compile(r"(?:^|[.!?:…\"“])\s*$")  # what stands before a sentence's first word
SURELY = 0.9  # how rival-like a name must be spoken of; chosen on the validation calls


def unlisted(context: Context, version: str) -> list[Insight]:
    """One insight a name and turn, labelled with the name as it is spoken."""
    texts = [turn.text for turn in context.turns]
    names = list(_names(texts, context)) if is_cased(texts) else []
    found: dict[tuple[int, str], Insight] = {}
    for (turn, start, end), mention in zip(names, context.mentions(names), strict=True):
        name = texts[turn][start:end]
        if mention.rival >= SURELY and (turn, name.casefold()) not in found:
            quote = context.quote(turn, *clause_around(context.doc(turn), start, end))
            found[turn, name.casefold()] = Insight(
                turn=turn,
                kind=Kind.COMPETITOR,
                label=name,
                quote=quote,
                confidence=mention.rival,
                detector=Kind.COMPETITOR.value,
                version=version,
                stance=max(mention.stances, key=mention.stances.__getitem__),
                unlisted=True,
            )
    return list(found.values())


def _names(texts: Sequence[str], context: Context) -> Iterator[Mentioned]:
    """Yield capitalised names that are neither the catalogue's nor one's own."""
    known = [*context.competitors, *(Competitor(name) for name in context.own_names)]
    taken = NameFinder(known).candidates(texts)
    for turn, text in enumerate(texts):
        for match in NAME.finditer(text):
            start, end = _without_opening(text, *match.span())
            free = all(c.turn != turn or end <= c.start or c.end <= start for c in taken)
            if free and start < end and text[start:end].lower() not in group("no_names"):
                yield turn, start, end


def _without_opening(text: str, start: int, end: int) -> tuple[int, int]:
    """A sentence's first word has its capital anyhow: an ordinary one is no part of a name,
    unless it is joined ("Pickering and Daughters")."""
    first, _, others = text[start:end].partition(" ")
    opens = OPENS.search(text[:start]) and is_ordinary(first)
    if opens and not others.startswith(("and ", "of ", "& ")):
        return min(end, start + len(first) + 1), end
    return start, end
