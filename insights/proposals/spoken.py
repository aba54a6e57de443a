"""Names outside the catalogue that are spoken of as a rival's may be: a pure rule.

The reader says how a name is spoken of with the name itself masked; what the mask hides, its print
and its place in the sentence, is weighed as for the catalogue's names (`mentions.json`); spaCy's
entities tell what kind of name it is. The score only ranks: most strangers' names are people's,
places' and customers', and a person decides.

On the 40 validation calls with their catalogues emptied, 25 of 41 proposed names are rivals', and
25 of the 34 rivals are proposed; weights and cut were chosen there. Where the catalogue is full,
fewer are left to be found: about one in six on labelled training calls, which the reader knows.
"""

import math
from collections.abc import Iterator

from insights.detectors.base import Context, Doc
from insights.detectors.clauses import clause_around
from insights.detectors.mentions import features, log_odds
from insights.detectors.names import Alias, Candidate, NameFinder
from insights.insight import Competitor, Unlisted
from insights.lexicon.words import group, is_ordinary
from insights.model.reader import Mention
from insights.proposals.names import capitalised
from insights.proposals.rules import signs

# Chosen on the 40 validation calls with their catalogues emptied.
PLACE = 0.3  # weight of a name's print and place in the sentence
USUAL_PLACE = 4.0  # its log-odds where nothing speaks against a name
DOUBTFUL = 1.0  # taken off for a person or a place: spaCy takes many a made-up name for one
CENTRE = 2.0  # log-odds that score 0.5
LEAST_SCORE = 0.38  # below, hardly one name in ten is a rival's

PERSONS_AND_PLACES = frozenset({"PERSON", "GPE", "LOC"})
NO_NAMES = frozenset(
    {"DATE", "TIME", "NORP", "LANGUAGE", "CARDINAL", "ORDINAL"}
    | {"MONEY", "QUANTITY", "PERCENT", "EVENT", "LAW"}
)
PROPER = frozenset({"NNP", "NNPS"})  # spaCy's tags of proper nouns


def unlisted_names(context: Context) -> list[Unlisted]:
    """Names that may be rivals', by turn; none of the catalogue, the seller or who speaks."""
    found = list(_candidates(context))
    read = context.mentions([(one.turn, one.start, one.end) for one, _ in found])
    scored = [
        (one, _score(context, one, kind, mention))
        for (one, kind), mention in zip(found, read, strict=True)
    ]
    return [_unlisted(context, one, score) for one, score in scored if score >= LEAST_SCORE]


def _candidates(context: Context) -> Iterator[tuple[Candidate, str]]:
    """Yield the strangers' names with spaCy's kind of entity, which may be empty."""
    texts = [turn.text for turn in context.turns]
    known = _known(context, texts)
    speakers = {word for turn in context.turns for word in signs(turn.name or "")}
    for turn, text in enumerate(texts):
        for start, end in capitalised(text):
            taken = any(turn == at and start < to and a < end for at, a, to in known)
            if taken or set(signs(text[start:end])) <= speakers:
                continue
            kind = _kind(context.with_entities(turn), start, end)
            if kind is not None:
                yield Candidate(turn, start, end, _stranger(text[start:end]), 1.0), kind


def _known(context: Context, texts: list[str]) -> set[tuple[int, int, int]]:
    """Where the catalogue's names and the seller's own may have been said."""
    own = (Competitor(name) for name in context.own_names)
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


def _stranger(name: str) -> Alias:
    """The name as if a catalogue had it, for weighing its print and place."""
    words = tuple(signs(name))
    ordinary = all(is_ordinary(word) for word in words)
    return Alias(name, words, "", full=True, ordinary=ordinary, article=False, small=False)


def _score(context: Context, one: Candidate, kind: str, mention: Mention) -> float:
    text = context.turns[one.turn].text
    place = log_odds(features(one, text, context.doc(one.turn), cased=True))
    odds = _logit(mention.rival) + PLACE * (place - USUAL_PLACE)
    odds -= DOUBTFUL if kind in PERSONS_AND_PLACES else 0.0
    return 1 / (1 + math.exp(CENTRE - odds))


def _unlisted(context: Context, one: Candidate, score: float) -> Unlisted:
    span = clause_around(context.doc(one.turn), one.start, one.end)
    return Unlisted(one.alias.rival, one.turn, context.quote(one.turn, *span), score)


def _logit(probability: float) -> float:
    bounded = min(max(probability, 1e-4), 1 - 1e-4)
    return math.log(bounded / (1 - bounded))
