"""What a review may say, and what an insight becomes by it: pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.base.errors import Refused
from insights.insight import PERSON, Category, Kind, Quote, Review, Stance
from insights.stored import StoredInsight
from transcribe.transcript import Turn


class BadReview(Refused):
    """A review that does not fit its insight, or a missed one that is not in the words."""

    code = "bad-review"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a person says of an insight: confirmed with another label or stance is relabelled."""

    review: Review
    label: str | None = None  # None: as it is
    stance: Stance | None = None


@dataclass(frozen=True, slots=True)
class Missed:
    """What a person heard and no detector found, by its exact words or by their place."""

    kind: Kind
    label: str
    stance: Stance | None = None
    turn: int | None = None  # None: wherever the quote stands
    quote: str | None = None
    span: tuple[int, int] | None = None  # characters [start, end) of the turn's text


@dataclass(frozen=True, slots=True)
class QueuePosition:
    """Where the queue of what nobody has reviewed goes on: after this one, least sure first."""

    confidence: float
    id: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """How far reviewing has come."""

    waiting: int
    reviewed: int


@dataclass(frozen=True, slots=True)
class Standing:
    """The part of an insight that reviews change."""

    review: Review
    label: str
    stance: Stance | None


def standing(insight: StoredInsight) -> Standing:
    """What is said of the insight now."""
    return Standing(insight.review, insight.label, insight.stance)


def as_found(insight: StoredInsight) -> Standing:
    """What its detector said of it."""
    if insight.found_label is None:
        return Standing(Review.UNREVIEWED, insight.label, insight.stance)
    return Standing(Review.UNREVIEWED, insight.found_label, insight.found_stance)


def judged(insight: StoredInsight, said: Judgement) -> Standing:
    """What the insight becomes. One rejected or no longer reviewed is as it was found again.

    Raises BadReview where the label or stance cannot be, or where one that a person added would
    be nobody's any more.
    """
    if said.review is Review.CONFIRMED:
        label = insight.label if said.label is None else checked_label(insight.kind, said.label)
        check_stance(insight.kind, said.stance, needed=False)
        return Standing(Review.CONFIRMED, label, said.stance or insight.stance)
    if said.label is not None or said.stance is not None:
        raise BadReview("Only a confirmed insight gets another label or stance: confirm it.")
    if said.review is Review.UNREVIEWED and insight.detector == PERSON:
        raise BadReview("A person added this insight: reject it to take it back.")
    found = as_found(insight)
    return Standing(said.review, found.label, found.stance)


def checked_label(kind: Kind, label: str) -> str:
    """A label that this kind may have, its blanks made single. Raises BadReview."""
    label = " ".join(label.split())
    if kind is Kind.OBJECTION and label not in set(Category):
        raise BadReview(f"“{label}” is no category of objections: choose of {', '.join(Category)}.")
    if not any(letter.isalnum() for letter in label):
        what = "rival's name" if kind is Kind.COMPETITOR else "theme"
        raise BadReview(f"The {what} is empty: write it.")
    return label


def check_stance(kind: Kind, stance: Stance | None, *, needed: bool) -> None:
    """Raise BadReview for a stance where none can be, or for none where one is needed."""
    if kind is not Kind.COMPETITOR and stance is not None:
        raise BadReview("Only a competitor mention has a stance: leave it out.")
    if kind is Kind.COMPETITOR and stance is None and needed:
        raise BadReview(f"Say the buyer's stance to this rival: one of {', '.join(Stance)}.")


def place(turns: Sequence[Turn], missed: Missed) -> tuple[int, Quote]:
    """The turn and the quote that are meant. Raises BadReview unless they are in the words."""
    turn, start, end = _span(turns, missed)
    text = turns[turn].text[start:end]
    if not any(letter.isalnum() for letter in text):
        raise BadReview("The quote holds no word: select the words that say it.")
    return turn, Quote(text, start, end, *turns[turn].seconds_of(start, end))


def _span(turns: Sequence[Turn], missed: Missed) -> tuple[int, int, int]:
    if missed.turn is not None and not 0 <= missed.turn < len(turns):
        raise BadReview(f"There is no turn {missed.turn}: the call has 0 to {len(turns) - 1}.")
    if missed.span is not None and missed.turn is not None:
        return missed.turn, *_inside(turns[missed.turn].text, missed.span)
    quote = (missed.quote or "").strip()
    if not quote:
        raise BadReview("Say which words: their turn and place in it, or the quote itself.")
    among = range(len(turns)) if missed.turn is None else [missed.turn]
    found = [(turn, at) for turn in among for at in _all_places(turns[turn].text, quote)]
    if not found:
        raise BadReview("The transcript has no such words: copy them exactly as they stand there.")
    if len(found) > 1:
        raise BadReview(
            f"These words were said {len(found)} times: take some more along with them."
        )
    turn, at = found[0]
    return turn, at, at + len(quote)


def _inside(text: str, span: tuple[int, int]) -> tuple[int, int]:
    start, end = span
    if not 0 <= start < end <= len(text):
        raise BadReview(f"Characters {start} to {end} are not in this turn, which has {len(text)}.")
    said = text[start:end]
    return start + len(said) - len(said.lstrip()), end - len(said) + len(said.rstrip())


def _all_places(text: str, quote: str) -> list[int]:
    return [at for at in range(len(text)) if text.startswith(quote, at)]
