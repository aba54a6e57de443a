"""What reviews make known of a call, as labels to learn from and to measure by: pure.

A review is of one insight, and no call is ever marked as reviewed as a whole. So of a call only
those turns are known, and only for that kind of insight, of which somebody said something: what
was confirmed, relabelled or added is there; where all that was found was rejected, there is none.
Of everything else nothing is known. It is neither learnt from, nor held against a reader: who
takes silence for a no teaches the reader to miss what it missed before.
"""

import hashlib
from collections.abc import Iterable, Sequence
from itertools import groupby

from insights.insight import PERSON, Category, Competitor, Insight, Kind, Quote, Review
from insights.model.examples import spoken
from insights.stored import StoredInsight
from transcribe.transcript import Speaker, Turn

Pair = tuple[int, Kind]
"""A turn, and a kind of insight: the smallest thing of which something can be known."""

ONE_IN = 3
"""So many reviewed calls to one that is held out: two thirds to learn from, and enough to judge
by as soon as some sixty insights are reviewed."""


def held_out(call_id: int) -> bool:
    """Whether the call is of the user's own sample, by which readers are judged and from which
    none ever learns. It hangs on the call's id alone, so that it never changes."""
    hashed = hashlib.sha256(f"call {call_id}".encode()).digest()
    return int.from_bytes(hashed[:8]) % ONE_IN == 0


def known(
    turns: Sequence[Turn], rivals: Sequence[Competitor], insights: Iterable[StoredInsight]
) -> dict[Pair, tuple[Insight, ...]]:
    """What is true of each turn and kind of which the reviews say it."""
    standing = sorted((i for i in insights if _stands(i, turns)), key=_pair)
    by_pair = {pair: list(some) for pair, some in groupby(standing, _pair)}
    return {
        pair: tuple(_label(i) for i in some if i.review is Review.CONFIRMED)
        for pair, some in by_pair.items()
        if _is_known(turns[pair[0]], rivals, some)
    }


def _pair(insight: StoredInsight) -> Pair:
    return insight.turn, insight.kind


def _stands(insight: StoredInsight, turns: Sequence[Turn]) -> bool:
    """Whether its words and its label are still what they were when it was found."""
    if insight.turn >= len(turns):
        return False
    said = turns[insight.turn].text[insight.char_start : insight.char_end]
    labelled = insight.kind is not Kind.OBJECTION or insight.label in set(Category)
    return said == insight.quote and labelled


def _is_known(turn: Turn, rivals: Sequence[Competitor], some: Sequence[StoredInsight]) -> bool:
    """`some` are the insights of one kind in one turn."""
    reviewed = [i for i in some if i.review is not Review.UNREVIEWED]
    if some[0].kind is Kind.COMPETITOR:  # each rival by itself
        named = {i.found_label or i.label for i in reviewed} | {i.label for i in reviewed}
        said = {rival.name for rival in rivals if spoken(rival, turn.text)}
        return len(reviewed) == len(some) and said <= named
    if turn.speaker is Speaker.SELLER:  # no reader looks for these there
        return False
    confirmed = any(i.review is Review.CONFIRMED for i in reviewed)
    return confirmed or len(reviewed) == len(some)


def _label(insight: StoredInsight) -> Insight:
    return Insight(
        turn=insight.turn,
        kind=insight.kind,
        label=insight.label,
        quote=Quote(insight.quote, insight.char_start, insight.char_end),
        confidence=1.0,
        detector=PERSON,
        version="",
        stance=insight.stance,
        unlisted=insight.unlisted,
    )
