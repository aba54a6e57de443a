"""Names outside the catalogue that are spoken of as a rival's may be: a pure rule.

The reader says of every word how likely it is a rival's name; spaCy's tags and entities tell what
kind of name it is. The score only ranks: many strangers' names are people's, places' and
customers', and a person decides. Only buyers' words count: sellers name customers and partners.
"""

import math
from collections.abc import Iterator

from insights.detectors.base import Context, Doc
from insights.detectors.clauses import clause_around
from insights.insight import Competitor, Quote, Unlisted
from insights.lexicon.words import group
from insights.model.reader import Reading
from insights.proposals.names import Span, capitalised
from insights.proposals.rules import signs
from transcribe.lexicon.names import NameFinder
from transcribe.transcript import Speaker

DOUBTFUL = 1.0  # log-odds taken off for a person or a place: spaCy takes many a rival for one
LEAST_SCORE = 0.5  # chosen on the validation calls with their catalogues emptied

PERSONS_AND_PLACES = frozenset({"PERSON", "GPE", "LOC"})
NO_NAMES = frozenset(
    {"DATE", "TIME", "NORP", "LANGUAGE", "CARDINAL", "ORDINAL"}
    | {"MONEY", "QUANTITY", "PERCENT", "EVENT", "LAW"}
)
PROPER = frozenset({"NNP", "NNPS"})  # spaCy's tags of proper nouns


def unlisted_names(context: Context) -> list[Unlisted]:
    """Names that may be rivals', by turn; none of the catalogue, the seller or who speaks."""
    return [
        Unlisted(
            context.turns[turn].text[start:end], turn, _quote(context, turn, (start, end)), score
        )
        for turn, (start, end) in _strangers(context)
        if (score := _score(context, turn, (start, end))) is not None and score >= LEAST_SCORE
    ]


def _strangers(context: Context) -> Iterator[tuple[int, Span]]:
    """Yield the strangers' names that the reader takes for a rival's, by turn."""
    speakers = {word for turn in context.turns for word in signs(turn.name or "")}
    named = [
        (turn, span)
        for turn, said in enumerate(context.turns)
        if said.speaker is not Speaker.SELLER
        for span in capitalised(said.text)
        if _rival(context.readings[turn], span) >= LEAST_SCORE
        and not set(signs(said.text[slice(*span)])) <= speakers
    ]
    known = _known(context, {turn for turn, _ in named})
    for turn, (start, end) in named:
        if not any(turn == at and start < to and a < end for at, a, to in known):
            yield turn, (start, end)


def _known(context: Context, turns: set[int]) -> set[tuple[int, int, int]]:
    """Where the catalogue's names and the seller's own may have been said in these turns."""
    own = (Competitor(name) for name in context.own_names)
    texts = [turn.text if n in turns else "" for n, turn in enumerate(context.turns)]
    found = NameFinder([*context.competitors, *own]).candidates(texts)
    return {(one.turn, one.start, one.end) for one in found}


def _kind(doc: Doc, start: int, end: int) -> str | None:
    """spaCy's kind of entity, empty where it sees none; None for what is no name at all."""
    span = doc.char_span(start, end, alignment_mode="expand")
    if span is None or not any(token.tag_ in PROPER for token in span):
        return None
    if span.start > 0 and doc[span.start - 1].lower_.rstrip(".") in group("titles"):
        return None
    kinds = [e.label_ for e in doc.ents if e.start_char < end and start < e.end_char]
    kind: str = kinds[0] if kinds else ""
    return None if kind in NO_NAMES else kind


def _score(context: Context, turn: int, name: Span) -> float | None:
    """How likely the name is a rival's; None for what is no name at all."""
    kind = _kind(context.parsed.with_entities(turn), *name)
    if kind is None:
        return None
    rival = min(max(_rival(context.readings[turn], name), 1e-6), 1 - 1e-6)
    odds = math.log(rival / (1 - rival)) - (DOUBTFUL if kind in PERSONS_AND_PLACES else 0.0)
    return 1 / (1 + math.exp(-odds))


def _rival(reading: Reading, name: Span) -> float:
    """The likeliest of the name's words."""
    start, end = name
    inside = (c.rival for c in reading.carries if c.start_char < end and start < c.end_char)
    return max(inside, default=0.0)


def _quote(context: Context, turn: int, name: Span) -> Quote:
    return context.quote(turn, *clause_around(context.parsed.doc(turn), *name))
