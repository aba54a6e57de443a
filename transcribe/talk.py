"""How a call was talked: who for how long, the longest monologue, the seller's questions, and how
long the seller waits before replying. Pure.

These are the measures that call coaching goes by (talk-to-listen ratio, longest monologue,
interactivity, patience; see Gong's "Interaction stats" for the usual definitions).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from transcribe.transcript import Speaker, Transcript, Turn

BACKCHANNEL_WORDS = 2
"""“Mm-hm”, “right, okay”: so few words show that one listens, and take the floor from nobody."""

ENOUGH_REPLIES = 3
"""Below so many replies the wait before them is a matter of chance."""

_BETWEEN_SENTENCES = re.compile(r"(?<=[.!?…])\s++")
_AFTER_A_QUESTION_MARK = "!…”’\"')"


@dataclass(frozen=True, slots=True)
class Monologue:
    """A stretch in which one side has the floor, in seconds."""

    speaker: Speaker
    turn: int  # the first
    start: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Question:
    """A sentence of the seller's that asks."""

    text: str
    turn: int
    start: float | None  # seconds; None where they are not known


@dataclass(frozen=True, slots=True)
class Talk:
    """How a call was talked. What times are needed for is None where they are not known."""

    seller_share: float  # 0 to 1, of what both sides talk
    by_seconds: bool  # else by words
    longest: Monologue | None
    questions: tuple[Question, ...]
    patience: float | None  # seconds, the median wait before the seller replies
    replies: int  # that it is the median of


def talk_of(transcript: Transcript) -> Talk | None:
    """How this call was talked; None where it is not known which side is which, or only one talks.
    Turns are taken in their order; those of unknown speakers count for neither side."""
    turns = transcript.turns
    by_seconds = all(_is_timed(turn) for turn in turns)
    seller = _amount(turns, Speaker.SELLER, by_seconds)
    buyer = _amount(turns, Speaker.BUYER, by_seconds)
    if not seller or not buyer:
        return None
    waits = tuple(_waits(turns)) if by_seconds else ()
    return Talk(
        seller_share=seller / (seller + buyer),
        by_seconds=by_seconds,
        longest=_longest(turns) if by_seconds else None,
        questions=tuple(_questions(turns)),
        patience=median(waits) if len(waits) >= ENOUGH_REPLIES else None,
        replies=len(waits),
    )


def _is_timed(turn: Turn) -> bool:
    return turn.start is not None and turn.end is not None


def _amount(turns: Sequence[Turn], speaker: Speaker, by_seconds: bool) -> float:
    return sum(
        _end(turn) - _start(turn) if by_seconds else len(turn.text.split())
        for turn in turns
        if turn.speaker is speaker
    )


def _start(turn: Turn) -> float:
    return turn.start or 0.0


def _end(turn: Turn) -> float:
    return max(turn.end or 0.0, _start(turn))


def _is_backchannel(turn: Turn) -> bool:
    return len(turn.text.split()) <= BACKCHANNEL_WORDS and "?" not in turn.text


def _longest(turns: Sequence[Turn]) -> Monologue | None:
    known = (each for each in _monologues(turns) if each.speaker is not Speaker.UNKNOWN)
    return max(known, key=lambda each: each.seconds, default=None)


def _monologues(turns: Sequence[Turn]) -> Iterator[Monologue]:
    """Each side's stretches, going on over the other's backchannels."""
    now: Monologue | None = None
    for n, turn in enumerate(turns):
        if now is not None and turn.speaker is now.speaker:
            now = Monologue(now.speaker, now.turn, now.start, max(now.end, _end(turn)))
        elif now is None or not _is_backchannel(turn):
            if now is not None:
                yield now
            now = Monologue(turn.speaker, n, _start(turn), _end(turn))
    if now is not None:
        yield now


def _waits(turns: Sequence[Turn]) -> Iterator[float]:
    """Seconds between what the buyer said and the seller's reply; 0 where they talk at once."""
    said = [turn for turn in turns if not _is_backchannel(turn)]
    for before, after in pairwise(said):
        if (before.speaker, after.speaker) == (Speaker.BUYER, Speaker.SELLER):
            yield max(0.0, _start(after) - _end(before))


def _questions(turns: Sequence[Turn]) -> Iterator[Question]:
    for n, turn in enumerate(turns):
        if turn.speaker is Speaker.SELLER:
            for start, end in _sentences(turn.text):
                text = turn.text[start:end]
                if _asks(text):
                    yield Question(text, n, turn.seconds_of(start, end)[0])


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    """Where each sentence stands; in time linear in the text, which may be long."""
    start = 0
    for gap in _BETWEEN_SENTENCES.finditer(text):
        yield start, gap.start()
        start = gap.end()
    yield start, len(text)


def _asks(sentence: str) -> bool:
    ends = sentence.rstrip(_AFTER_A_QUESTION_MARK).endswith("?")
    return ends and any(letter.isalnum() for letter in sentence)
