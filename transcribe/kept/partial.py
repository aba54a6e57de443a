"""The turns of a call that is still being heard: pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count, takewhile

from transcribe.kept.batch import HeardBatch, words_by_track
from transcribe.pii.early import find_early
from transcribe.pii.mask import hidden_turn
from transcribe.pii.passages import private_in
from transcribe.speakers import turns
from transcribe.transcript import Turn

HELD_BACK = 30.0
"""Seconds at the end that are kept from those who do not see what is private: a number or an
address that began there may go on in what is not heard yet."""


@dataclass(frozen=True, slots=True)
class Partial:
    """A recording's first turns. More words may come to the last of each voice; on one channel
    nobody knows yet whose they are."""

    turns: tuple[Turn, ...] = ()
    seconds: float = 0.0  # up to where all that was said is here


def heard_so_far(batches: Mapping[int, HeardBatch], seller_channel: int) -> Partial:
    """What was said before the first sound that is not heard yet; `batches` by their number."""
    unbroken = list(_unbroken(batches))
    seconds = max((batch.settled for batch in unbroken), default=0.0)
    settled = {
        track: [word for word in said if word.end <= seconds]
        for track, said in words_by_track(unbroken).items()
    }
    return Partial(turns(settled, seller_channel), seconds)


def veiled(partial: Partial) -> Partial:
    """As shown to those who do not see what is private."""
    masks = private_in(partial.turns, find_early)
    until = max(partial.seconds - HELD_BACK, 0.0)
    shown = (
        _up_to(until, hidden_turn(turn, masks.get(at, ()))) for at, turn in enumerate(partial.turns)
    )
    return Partial(tuple(turn for turn in shown if turn.words), until)


def _unbroken(batches: Mapping[int, HeardBatch]) -> Iterator[HeardBatch]:
    """From the first on, up to one that is missing."""
    found = (batches.get(number) for number in count())
    return (batch for batch in takewhile(lambda batch: batch is not None, found) if batch)


def _up_to(seconds: float, turn: Turn) -> Turn:
    words = tuple(word for word in turn.words if word.end <= seconds)
    if not words:
        return replace(turn, words=())
    return replace(turn, text=" ".join(w.text for w in words), words=words, end=words[-1].end)
