"""Rivals: where either side names one of the catalogue, and how the buyer stands to it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from insights.detectors.base import Context, Parsed
from insights.detectors.clauses import clause_around
from insights.detectors.mentions import features, is_cased, log_odds
from insights.insight import Competitor, Insight, Kind
from insights.model.reader import Mention
from transcribe.lexicon.names import Candidate, NameFinder

RULE = "2"
HOPELESS = -5.0  # log-odds by name and place below which how it is spoken of cannot save it
READING = 1.0  # weight of how it is spoken of, which shares much with the place in the sentence;
# chosen on the validation calls, where 0.4 to 1.3 do alike
LEAST_ODDS = 0.0  # a rival is meant more likely than not


@dataclass(frozen=True, slots=True)
class Competitors:
    """One insight a rival and turn: the surest mention."""

    kind: Kind = Kind.COMPETITOR

    def find(self, context: Context) -> list[Insight]:
        """Names of the catalogue that are meant as such, also misheard ones."""
        best: dict[tuple[int, str], tuple[float, Candidate, Mention]] = {}
        for name in context.named:
            odds = name.odds + READING * _logit(name.mention.rival)
            key = (name.candidate.turn, name.candidate.alias.rival)
            if odds >= LEAST_ODDS and (key not in best or odds > best[key][0]):
                best[key] = (odds, name.candidate, name.mention)
        return [self._insight(context, *best[key]) for key in sorted(best)]

    def _insight(
        self, context: Context, odds: float, candidate: Candidate, mention: Mention
    ) -> Insight:
        doc = context.parsed.doc(candidate.turn)
        start, end = clause_around(doc, candidate.start, candidate.end)
        return Insight(
            turn=candidate.turn,
            kind=self.kind,
            label=candidate.alias.rival,
            quote=context.quote(candidate.turn, start, end),
            confidence=1 / (1 + math.exp(-odds)),
            detector=self.kind.value,
            version=context.version(RULE),
            stance=max(mention.stances, key=mention.stances.__getitem__),
        )


def promising(
    parsed: Parsed, competitors: Sequence[Competitor], own_names: Sequence[str]
) -> list[tuple[Candidate, float]]:
    """Candidates with their log-odds by name and place, but not those within an own name."""
    texts = [turn.text for turn in parsed.turns]
    cased = is_cased(texts)
    own = NameFinder(Competitor(name) for name in own_names).exact(texts)
    found = []
    for candidate in NameFinder(competitors).candidates(texts):
        if any(_covers(mine, candidate) for mine in own):
            continue
        doc = parsed.doc(candidate.turn)
        odds = log_odds(features(candidate, texts[candidate.turn], doc, cased))
        if odds >= HOPELESS:
            found.append((candidate, odds))
    return found


def _covers(own: Candidate, other: Candidate) -> bool:
    return own.turn == other.turn and own.start <= other.start and other.end <= own.end


def _logit(probability: float) -> float:
    bounded = min(max(probability, 1e-4), 1 - 1e-4)
    return math.log(bounded / (1 - bounded))
