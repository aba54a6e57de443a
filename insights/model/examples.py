"""Labelled calls as training examples: pure."""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from insights.insight import Category, Competitor, Insight, Kind, Stance
from insights.model.encoding import Encoding, Mentioned, Part, Said, Window
from transcribe.transcript import Speaker, Turn

NAMES = re.compile(r"(?<=[a-z,] )[A-Z][a-z]{2,}\b")  # a capital within a sentence
OTHER_NAMES = 0.1  # share of turns: names of people, places and tools, for each rival about one


@dataclass(frozen=True, slots=True)
class Call:
    """A call and its labels, as training sees it."""

    group: str  # the company: cross-validation never parts one's calls
    turns: tuple[Turn, ...]
    truth: tuple[Insight, ...]
    competitors: tuple[Competitor, ...]
    printed: bool = False  # as a recogniser prints it
    known: frozenset[tuple[int, Kind]] | None = None  # all that the labels speak of; None: all

    def tells(self, turn: int, kind: Kind) -> bool:
        """Whether the labels say if there is such an insight in the turn."""
        return self.known is None or (turn, kind) in self.known


@dataclass(frozen=True, slots=True)
class PartTruth:
    """What is true of one part of a turn. `carries` says of each of its word pieces whether a
    quote of an objection, or of a request, holds it."""

    judged: bool  # not the seller's, and something is known of it
    objection: float
    request: float
    category: int  # position in Category, -1 where there is no objection
    theme: str  # of the request, "" where there is none; it may be known of a turn not judged
    carries: tuple[tuple[float, float], ...]
    known: tuple[bool, bool] = (True, True)  # whether there is an objection, a request


@dataclass(frozen=True, slots=True)
class MentionTruth:
    """What is true of the name masked at `judged[at]` of its window."""

    at: int
    rival: float
    stance: int  # position in Stance, -1 where it is no rival


@dataclass(frozen=True, slots=True)
class Example:
    """A window, and the truth of each of its parts and of each name masked in it."""

    window: Window
    parts: tuple[PartTruth, ...]
    mentions: tuple[MentionTruth, ...] = ()


def examples(call: Call, encoding: Encoding, cut: int = 0) -> Iterator[Example]:
    """Yield the call's windows, as it stands."""
    yield from _examples(call, encoding.said(call.turns), encoding, cut, {})


def masked_examples(
    call: Call, encoding: Encoding, rng: random.Random, cut: int = 0
) -> Iterator[Example]:
    """Yield the call's windows with names masked: the rivals as labelled; and, as what is none,
    their names in the ordinary sense and some other names."""
    named = list(_names(call, rng))
    said, places = encoding.masked(encoding.said(call.turns), [mention for mention, *_ in named])
    truths: dict[tuple[int, int], tuple[float, int]] = {}
    for ((turn, _, _), rival, stance), place in zip(named, places, strict=True):
        truths.setdefault((turn, place), (rival, stance))
    yield from _examples(call, said, encoding, cut, truths)


def _examples(
    call: Call,
    said: Sequence[Said],
    encoding: Encoding,
    cut: int,
    names: dict[tuple[int, int], tuple[float, int]],
) -> Iterator[Example]:
    for window in encoding.windows(said, {turn for turn, _ in names}, cut):
        parts = tuple(_part_truth(part, said[part.turn], call) for part in window.parts)
        mentions = tuple(
            MentionTruth(part.at + place - part.first, *told)
            for part in window.parts
            for (turn, place), told in names.items()
            if turn == part.turn and part.first <= place < part.first + part.count
        )
        if call.known is None or mentions or any(part.judged or part.theme for part in parts):
            yield Example(window, parts, mentions)


def _part_truth(part: Part, said: Said, call: Call) -> PartTruth:
    spans = said.spans[part.first : part.first + part.count]
    known = call.tells(part.turn, Kind.OBJECTION), call.tells(part.turn, Kind.FEATURE_REQUEST)

    def inside(kind: Kind) -> list[Insight]:
        """Those insights of which this part holds at least the half."""
        return [
            i
            for i in call.truth
            if (i.turn, i.kind) == (part.turn, kind)
            and spans[0][0] <= (i.quote.start_char + i.quote.end_char) / 2 <= spans[-1][1]
        ]

    objections, requests = inside(Kind.OBJECTION), inside(Kind.FEATURE_REQUEST)
    return PartTruth(
        judged=said.speaker is not Speaker.SELLER and any(known),
        objection=float(bool(objections)),
        request=float(bool(requests)),
        category=list(Category).index(Category(objections[0].label)) if objections else -1,
        theme=requests[0].label if requests else "",
        carries=tuple((_held(span, objections), _held(span, requests)) for span in spans),
        known=known,
    )


def _held(span: tuple[int, int], insights: Sequence[Insight]) -> float:
    return float(
        any(i.quote.start_char <= span[0] and span[1] <= i.quote.end_char for i in insights)
    )


def _names(call: Call, rng: random.Random) -> Iterator[tuple[Mentioned, float, int]]:
    """Yield names with whether each is a rival's, and its stance."""
    for index, turn in enumerate(call.turns):
        if not call.tells(index, Kind.COMPETITOR):
            continue
        told = {i.label: i for i in call.truth if i.turn == index and i.kind is Kind.COMPETITOR}
        rivals = [*call.competitors, *(Competitor(i.label) for i in told.values() if i.unlisted)]
        taken: list[tuple[int, int]] = []
        for rival in sorted(rivals, key=lambda rival: rival.name not in told):
            if found := spoken(rival, turn.text):
                taken.append(found.span())
                insight = told.get(rival.name)
                stance = list(Stance).index(insight.stance) if insight and insight.stance else -1
                yield (index, *found.span()), float(insight is not None), stance
        others = [m.span() for m in NAMES.finditer(turn.text)] if call.known is None else []
        others = [o for o in others if all(o[1] <= at or o[0] >= to for at, to in taken)]
        if others and rng.random() < OTHER_NAMES:
            yield (index, *rng.choice(others)), 0.0, -1


def spoken(rival: Competitor, text: str) -> re.Match[str] | None:
    """Where a rival's name or alias stands in a turn first, in whatever sense."""
    names = sorted((rival.name, *rival.aliases), key=len, reverse=True)
    return re.search(rf"\b(?:{'|'.join(map(re.escape, names))})\b", text, re.IGNORECASE)
