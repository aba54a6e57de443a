"""What a detector is: a pure rule over a frozen context."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from insights.insight import Competitor, Insight, Kind, Quote
from insights.model.reader import Mention, Reading, Thresholds
from transcribe.lexicon.names import Candidate
from transcribe.transcript import Turn

Doc = Any
"""A parsed turn: spaCy's Doc, which has no types of its own."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """One call's turns, each parsed when first asked for: most carry nothing."""

    turns: tuple[Turn, ...]
    parse: Callable[[str], Doc]
    entities: Callable[[Doc], Doc]  # finds a parse's entities
    _docs: dict[int, Doc] = field(default_factory=dict)

    def doc(self, turn: int) -> Doc:
        """The turn's parse."""
        if turn not in self._docs:
            self._docs[turn] = self.parse(self.turns[turn].text)
        return self._docs[turn]

    def with_entities(self, turn: int) -> Doc:
        """The turn's parse with spaCy's entities: persons, places, dates."""
        doc = self.doc(turn)
        return doc if doc.has_annotation("ENT_IOB") else self.entities(doc)


@dataclass(frozen=True, slots=True)
class Named:
    """Where a rival of the catalogue may be meant: its log-odds by name and place, and how it is
    spoken of."""

    candidate: Candidate
    odds: float
    mention: Mention


@dataclass(frozen=True, slots=True)
class Context:
    """One call, as every detector sees it."""

    parsed: Parsed
    readings: tuple[Reading, ...]  # one a turn
    named: tuple[Named, ...]
    thresholds: Thresholds
    competitors: tuple[Competitor, ...]
    own_names: tuple[str, ...]
    model_version: str

    @property
    def turns(self) -> tuple[Turn, ...]:
        """All that was said."""
        return self.parsed.turns

    def quote(self, turn: int, start: int, end: int) -> Quote:
        """The characters [start, end) of a turn, with the seconds when they were said."""
        said = self.turns[turn]
        return Quote(said.text[start:end], start, end, *said.seconds_of(start, end))

    def version(self, rule: str) -> str:
        """A detector's version: the model's and the rule's own."""
        return f"{self.model_version}+{rule}"


class Detector(Protocol):
    """Finds the insights of one kind. Nothing it does depends on another call or on the time."""

    @property
    def kind(self) -> Kind:
        """The kind it finds."""
        ...

    def find(self, context: Context) -> list[Insight]:
        """All insights of this kind, in the order of the turns."""
        ...
