"""Insights: values only. What counts as one is said in `insights/training/README.md`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

PERSON = "person"
"""The detector of an insight that a reader wrote down."""


class Kind(StrEnum):
    """What the miner looks for."""

    OBJECTION = "objection"
    COMPETITOR = "competitor"
    FEATURE_REQUEST = "feature_request"


class Category(StrEnum):
    """Why a buyer hesitates."""

    PRICE = "price"
    AUTHORITY = "authority"
    NEED = "need"
    TIMING = "timing"
    INCUMBENT = "incumbent"
    TRUST = "trust"
    SECURITY = "security"
    INTEGRATION = "integration"
    PRODUCT_GAP = "product_gap"
    EFFORT = "effort"
    TERMS = "terms"


class Stance(StrEnum):
    """What the buyer does with a rival, or thinks of it."""

    USING = "using"
    EVALUATING = "evaluating"
    LEFT = "left"
    PRAISED = "praised"
    CRITICISED = "criticised"
    NEUTRAL = "neutral"


class Review(StrEnum):
    """What a person said of an insight."""

    UNREVIEWED = "unreviewed"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Quote:
    """The exact words that carry an insight: `text == turn.text[start_char:end_char]`."""

    text: str
    start_char: int
    end_char: int
    start: float | None = None  # seconds into the recording; None for a transcript without times
    end: float | None = None


@dataclass(frozen=True, slots=True)
class Insight:
    """One mention: one turn, one kind, one quote."""

    turn: int  # position in the transcript, from 0
    kind: Kind
    label: str  # the objection's category, the rival's name, or the request's theme
    quote: Quote
    confidence: float  # 0 to 1
    detector: str  # e.g. "objection"
    version: str  # the detector's version
    stance: Stance | None = None  # competitors only
    unlisted: bool = False  # a rival that is not in the catalogue
    meaning: tuple[float, ...] | None = None  # of a request the embedded model read: a unit vector


@dataclass(frozen=True, slots=True)
class Competitor:
    """A rival in a company's catalogue."""

    name: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MiningNote:
    """What a person should know of how a call was mined."""

    note: str | None = None  # why another miner than the one chosen found the insights
    dropped: Mapping[str, int] = field(default_factory=dict)  # of an LLM's answer, by reason

    @property
    def sentences(self) -> list[str]:
        """All of it in words; nothing where all went as it should."""
        told = ", ".join(f"{why} ({count})" for why, count in sorted(self.dropped.items()))
        dropped = f"Left out of the LLM's answer, as it could not be verified: {told}."
        return [*([self.note] if self.note else []), *([dropped] if told else [])]


@dataclass(frozen=True, slots=True)
class Unlisted:
    """A name outside the catalogue, where it is spoken of as a rival may be: no insight, but
    evidence for a person who decides what the name is."""

    name: str  # as said
    turn: int
    quote: Quote
    score: float  # 0 to 1, how likely a rival is meant


@dataclass(frozen=True, slots=True)
class Mined:
    """What mining one call brought, and how it went."""

    insights: tuple[Insight, ...]
    how: MiningNote = MiningNote()
    names: tuple[Unlisted, ...] = ()
