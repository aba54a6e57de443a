"""A miner whose finds are plain to see, for tests that are not about what the model finds."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from insights.insight import Competitor, Insight, Kind, Mined, Quote, Stance
from transcribe.transcript import Transcript, Turn


@dataclass(frozen=True)
class Keywords:
    """Finds an insight wherever one of its words is said, and the catalogue's names."""

    words: Mapping[str, tuple[Kind, str]]
    version: str = "1"

    def mine(
        self,
        transcript: Transcript,
        competitors: Sequence[Competitor],
        own_names: Sequence[str] = (),
    ) -> Mined:
        """All insights of one call."""
        names = {
            name: (Kind.COMPETITOR, rival.name)
            for rival in competitors
            for name in (rival.name, *rival.aliases)
        }
        found = [
            self._insight(number, turn, match, kind, label)
            for number, turn in enumerate(transcript.turns)
            for word, (kind, label) in {**self.words, **names}.items()
            for match in re.finditer(rf"\b{re.escape(word)}\b", turn.text)
        ]
        return Mined(tuple(found))

    def _insight(
        self, number: int, turn: Turn, match: "re.Match[str]", kind: Kind, label: str
    ) -> Insight:
        quote = Quote(match[0], *match.span(), *turn.seconds_of(*match.span()))
        stance = Stance.NEUTRAL if kind is Kind.COMPETITOR else None
        return Insight(number, kind, label, quote, 0.9, kind.value, self.version, stance)


def objections(*words: str, version: str = "1", **labels: str) -> Keywords:
    """Finds these words, each as an objection of its own name or of the label given."""
    named = {**{word: word for word in words}, **labels}
    return Keywords({w: (Kind.OBJECTION, label) for w, label in named.items()}, version)
