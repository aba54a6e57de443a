"""Labelled calls as training examples: pure."""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from insights.insight import Category, Competitor, Insight, Kind, Stance
from insights.model.encoding import Encoding, Said, Window
from transcribe.transcript import Speaker, Turn

NAMES = re.compile(r"(?<=[a-z,] )[A-Z][a-z]{2,}\b")  # a capital within a sentence


@dataclass(frozen=True, slots=True)
class Call:
    """A call and its labels, as training sees it."""

    group: str  # the company: cross-validation never parts one's calls
    turns: tuple[Turn, ...]
    truth: tuple[Insight, ...]
    competitors: tuple[Competitor, ...]
    printed: bool = False  # as a recogniser prints it


@dataclass(frozen=True, slots=True)
class TurnExample:
    """One window of a turn. `carries` says of each of its word pieces whether a quote of an
    objection, or of a request, holds it."""

    window: Window
    objection: float
    request: float
    category: int  # position in Category, -1 where there is no objection
    carries: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class MentionExample:
    """One name in its window, the name itself masked."""

    window: Window
    rival: float
    stance: int  # position in Stance, -1 where it is no rival


def turn_examples(call: Call, encoding: Encoding) -> Iterator[TurnExample]:
    """Yield a window of each turn that is not the seller's."""
    said = encoding.said(call.turns)
    for index, turn in enumerate(call.turns):
        if turn.speaker is not Speaker.SELLER:
            truth = [i for i in call.truth if i.turn == index]
            for window in encoding.windows(said, index):
                yield _turn_example(window, said[index], truth)


def _turn_example(window: Window, said: Said, truth: Sequence[Insight]) -> TurnExample:
    spans = said.spans[window.first : window.first + window.count]

    def inside(kind: Kind) -> list[Insight]:
        """Those insights of which this window holds at least the half."""
        return [
            i
            for i in truth
            if i.kind is kind
            and spans[0][0] <= (i.quote.start_char + i.quote.end_char) / 2 <= spans[-1][1]
        ]

    objections, requests = inside(Kind.OBJECTION), inside(Kind.FEATURE_REQUEST)
    return TurnExample(
        window=window,
        objection=float(bool(objections)),
        request=float(bool(requests)),
        category=list(Category).index(Category(objections[0].label)) if objections else -1,
        carries=tuple((_held(span, objections), _held(span, requests)) for span in spans),
    )


def _held(span: tuple[int, int], insights: Sequence[Insight]) -> float:
    return float(
        any(i.quote.start_char <= span[0] and span[1] <= i.quote.end_char for i in insights)
    )


def mention_examples(
    call: Call, encoding: Encoding, rng: random.Random
) -> Iterator[MentionExample]:
    """Yield the rivals as labelled; and, as what is none, their names in the ordinary sense and
    some other names."""
    said = encoding.said(call.turns)
    for index, turn in enumerate(call.turns):
        told = {i.label: i for i in call.truth if i.turn == index and i.kind is Kind.COMPETITOR}
        rivals = [*call.competitors, *(Competitor(i.label) for i in told.values() if i.unlisted)]
        taken: list[tuple[int, int]] = []
        for rival in rivals:
            if found := spoken(rival, turn.text):
                taken.append(found.span())
                window = encoding.mention(said, index, *found.span())
                insight = told.get(rival.name)
                stance = list(Stance).index(insight.stance) if insight and insight.stance else -1
                yield MentionExample(window, float(insight is not None), stance)
        others = [m.span() for m in NAMES.finditer(turn.text)]
        others = [o for o in others if all(o[1] <= at or o[0] >= to for at, to in taken)]
        if others and rng.random() < OTHER_NAMES:
            yield MentionExample(encoding.mention(said, index, *rng.choice(others)), 0.0, -1)


OTHER_NAMES = 0.1  # share of turns: names of people, places and tools, for each rival about one


def spoken(rival: Competitor, text: str) -> re.Match[str] | None:
    """Where a rival's name or alias stands in a turn first, in whatever sense."""
    names = sorted((rival.name, *rival.aliases), key=len, reverse=True)
    return re.search(rf"\b(?:{'|'.join(map(re.escape, names))})\b", text, re.IGNORECASE)


def examples_of(call: Call, encoding: Encoding) -> tuple[list[TurnExample], list[MentionExample]]:
    """The call as it stands, for reading it."""
    rng = random.Random(0)  # noqa: S311 - no secret
    return list(turn_examples(call, encoding)), list(mention_examples(call, encoding, rng))
