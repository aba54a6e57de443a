"""Objections: the buyer's reasons not to buy, as the model reads them."""

from dataclasses import dataclass

from insights.detectors.base import Context
from insights.detectors.clauses import carrying_clauses
from insights.insight import Insight, Kind
from transcribe.transcript import Speaker

RULE = "1"


@dataclass(frozen=True, slots=True)
class Objections:
    """One insight a turn: of the likeliest category."""

    kind: Kind = Kind.OBJECTION

    def find(self, context: Context) -> list[Insight]:
        """Turns that read as an objection, each with the clause that carries it."""
        return [
            self._insight(context, turn)
            for turn, reading in enumerate(context.readings)
            if reading.objection >= context.thresholds.objection
            and context.turns[turn].speaker is not Speaker.SELLER
            and context.turns[turn].text.strip()
        ]

    def _insight(self, context: Context, turn: int) -> Insight:
        reading = context.readings[turn]
        scores = [carry.objection for carry in reading.carries]
        start, end = carrying_clauses(context.parsed.doc(turn), reading.carries, scores)
        return Insight(
            turn=turn,
            kind=self.kind,
            label=max(reading.categories, key=reading.categories.__getitem__).value,
            quote=context.quote(turn, start, end),
            confidence=reading.objection,
            detector=self.kind.value,
            version=context.version(RULE),
        )
