"""Feature requests: capabilities the buyer wants, as the model reads them, with a theme each."""

from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from insights.detectors.base import Context, Doc
from insights.detectors.clauses import carrying_clauses
from insights.detectors.theme import theme
from insights.insight import Insight, Kind
from insights.model.reader import Reading
from transcribe.transcript import Speaker

RULE = "2"
NEAR = 0.55  # cosine of a wish and a known theme; chosen on the validation calls
SAME_THEME = 92  # of rapidfuzz's 100: the same words in another order, or one ending apart


@dataclass(frozen=True, slots=True)
class FeatureRequests:
    """One insight a turn; themes said alike within a call get the same words."""

    kind: Kind = Kind.FEATURE_REQUEST

    def find(self, context: Context) -> list[Insight]:
        """Turns that read as a request, each with the clause that carries it."""
        found: list[Insight] = []
        for turn, reading in enumerate(context.readings):
            said = context.turns[turn]
            wanted = reading.request >= context.thresholds.request
            if wanted and said.speaker is not Speaker.SELLER and said.text.strip():
                found.append(self._insight(context, turn, [i.label for i in found]))
        return found

    def _insight(self, context: Context, turn: int, themes: Sequence[str]) -> Insight:
        reading = context.readings[turn]
        doc = context.parsed.doc(turn)
        scores = [carry.request for carry in reading.carries]
        start, end = carrying_clauses(doc, reading.carries, scores)
        return Insight(
            turn=turn,
            kind=self.kind,
            label=_as_before(_theme(reading, doc, start, end), themes),
            quote=context.quote(turn, start, end),
            confidence=reading.request,
            detector=self.kind.value,
            version=context.version(RULE),
            meaning=tuple(round(float(x), 6) for x in reading.meaning),
        )


def _theme(reading: Reading, doc: Doc, start: int, end: int) -> str:
    """A theme that buyers have wished for before, where this comes near to one; else one made of
    the buyer's words."""
    known, near = reading.wish
    return known if near >= NEAR else theme(doc, start, end)


def _as_before(words: str, themes: Sequence[str]) -> str:
    alike = (t for t in themes if fuzz.token_sort_ratio(words, t) >= SAME_THEME)
    return next(alike, words)
