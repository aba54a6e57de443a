"""How often the miner is right: precision, recall and F1 a kind, with 95 % intervals. Pure.

A hit is a found insight and a true one of the same call, turn and kind (a competitor: also the
same name), matched one to one. Precision and recall are shares of independent mentions as far as
we know, so they get Wilson's interval (Wilson 1927, JASA 22:209); F1 is not a share, and the
mentions of one call hang together, so its interval is a bootstrap over calls (Efron 1979).
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import sqrt

import numpy as np

from insights.insight import Insight, Kind
from insights.themes.rules import DOUBTFUL, SURE, gather

Z95 = 1.959964  # the normal distribution's 97.5 % point
RESAMPLES = 2000
SEED = 20260914  # any fixed number: the same calls give the same interval

Calls = Mapping[str, Sequence[Insight]]
"""Each call's insights by the call's id."""


@dataclass(frozen=True, slots=True)
class Share:
    """`hits` of `total`, with Wilson's 95 % interval; 0 of 0 is 0 and says nothing: [0, 1]."""

    hits: int
    total: int

    @property
    def value(self) -> float:
        return self.hits / self.total if self.total else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.hits, self.total)


@dataclass(frozen=True, slots=True)
class Score:
    """One kind's figures."""

    precision: Share
    recall: Share
    f1: float
    f1_interval: tuple[float, float]
    label_right: Share  # of the hits: the objection's category, the competitor's stance
    quote_right: Share  # of the hits: the found quote and the true one share a word

    @property
    def hits(self) -> int:
        return self.recall.hits


@dataclass(frozen=True, slots=True)
class Report:
    """What `score` found."""

    calls: int
    turns_with_truth: int
    kinds: dict[Kind, Score]


@dataclass(frozen=True, slots=True)
class ThemePairs:
    """How well themes bring the same wish together: over the pairs of requests of one company
    that were found, those given one theme (precision) and those that are one wish (recall); and of
    the pairs that people would be asked about, those that are one wish."""

    precision: Share
    recall: Share
    asked: Share


@dataclass(frozen=True, slots=True)
class Pair:
    """A true insight and what was found for it; one of them is None in a miss and a false alarm."""

    call: str
    truth: Insight | None
    found: Insight | None


def wilson(hits: int, total: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share of `hits` in `total`."""
    if total == 0:
        return (0.0, 1.0)
    share, spread = hits / total, Z95**2 / total
    middle = (share + spread / 2) / (1 + spread)
    half = Z95 * sqrt(share * (1 - share) / total + spread / (4 * total)) / (1 + spread)
    return (max(0.0, middle - half), min(1.0, middle + half))


def f1(hits: float, true: float, found: float) -> float:
    """The harmonic mean of precision and recall; 0 where nothing is true and nothing found."""
    return 2 * hits / (true + found) if true + found else 0.0


def pairs(truth: Calls, found: Calls) -> Iterator[Pair]:
    """Match one to one; within a turn, insights with equal labels and common words go first."""
    for call in sorted({*truth, *found}):
        open_truth = list(truth.get(call, ()))
        open_found = list(found.get(call, ()))
        for likeness in (_same_label_and_words, _same_label, _same_mention):
            for insight in tuple(open_truth):
                other = next((f for f in open_found if likeness(insight, f)), None)
                if other is not None:
                    open_truth.remove(insight)
                    open_found.remove(other)
                    yield Pair(call, insight, other)
        yield from (Pair(call, insight, None) for insight in open_truth)
        yield from (Pair(call, None, insight) for insight in open_found)


def score(truth: Calls, found: Calls) -> Report:
    """Compare what was found with what is true, over all calls named by either."""
    matched = list(pairs(truth, found))
    return Report(
        calls=len({*truth, *found}),
        turns_with_truth=len({(call, i.turn) for call, list_ in truth.items() for i in list_}),
        kinds={kind: _score(kind, matched, sorted({*truth, *found})) for kind in Kind},
    )


def theme_pairs(
    truth: Calls,
    found: Calls,
    company_of: Mapping[str, str],
    sure: float = SURE,
    doubtful: float = DOUBTFUL,
) -> ThemePairs:
    """Place the found requests company by company, in the order in which `found` names the calls,
    as saving them would, and compare the themes with the true ones, pair by pair; `company_of`
    says whose each call is. A pair is right where both have one theme, and are one wish."""
    wishes = {
        (pair.call, pair.found): pair.truth.label.casefold()
        for pair in pairs(truth, found)
        if pair.truth and pair.found and pair.truth.kind is Kind.FEATURE_REQUEST
    }
    same: list[tuple[bool, bool]] = []
    asked: list[bool] = []
    for company in sorted({*company_of.values()}):
        said = [
            (request, wishes.get((call, request)))
            for call, insights in found.items()
            for request in sorted(insights, key=lambda i: (i.turn, i.quote.start_char))
            if company_of[call] == company and request.kind is Kind.FEATURE_REQUEST
        ]
        gathered = gather([request for request, _ in said], sure, doubtful)
        placed = [(wish, theme) for (_, wish), theme in zip(said, gathered.themes, strict=True)]
        known = [(wish, theme) for wish, theme in placed if wish]
        same += [(a[0] == b[0], a[1] == b[1]) for a, b in combinations(known, 2)]
        asked += [
            (wish, doubt.theme) in placed
            for (wish, _), doubt in zip(placed, gathered.doubts, strict=True)
            if wish and doubt
        ]
    right = sum(true and together for true, together in same)
    return ThemePairs(
        precision=Share(right, sum(together for _, together in same)),
        recall=Share(right, sum(true for true, _ in same)),
        asked=Share(sum(asked), len(asked)),
    )


def _score(kind: Kind, matched: Sequence[Pair], calls: Sequence[str]) -> Score:
    mine = [pair for pair in matched if _kind(pair) is kind]
    hits = [(p.truth, p.found) for p in mine if p.truth and p.found]
    true = sum(pair.truth is not None for pair in mine)
    found = sum(pair.found is not None for pair in mine)
    return Score(
        precision=Share(len(hits), found),
        recall=Share(len(hits), true),
        f1=f1(len(hits), true, found),
        f1_interval=_bootstrap(mine, calls),
        label_right=Share(sum(_facet(a) == _facet(b) for a, b in hits), len(hits)),
        quote_right=Share(sum(_common_words(a, b) for a, b in hits), len(hits)),
    )


def _bootstrap(mine: Sequence[Pair], calls: Sequence[str]) -> tuple[float, float]:
    """F1's 95 % interval when whole calls are drawn again with replacement."""
    if not calls:
        return (0.0, 1.0)
    counts = {call: np.zeros(3) for call in calls}
    for pair in mine:
        hit = pair.truth is not None and pair.found is not None
        counts[pair.call] += (hit, pair.truth is not None, pair.found is not None)
    table = np.stack([counts[call] for call in calls])
    drawn = np.random.default_rng(SEED).integers(len(calls), size=(RESAMPLES, len(calls)))
    sums = table[drawn].sum(axis=1)
    weight = sums[:, 1] + sums[:, 2]
    values = np.divide(2 * sums[:, 0], weight, out=np.zeros(RESAMPLES), where=weight > 0)
    low, high = np.quantile(values, (0.025, 0.975))
    return (float(low), float(high))


def _kind(pair: Pair) -> Kind:
    insight = pair.truth or pair.found
    assert insight is not None
    return insight.kind


def _facet(insight: Insight) -> str:
    """What else has to be right in a hit. A theme is free text and is measured elsewhere."""
    if insight.kind is Kind.COMPETITOR:
        return str(insight.stance)
    return insight.label if insight.kind is Kind.OBJECTION else ""


def _common_words(a: Insight, b: Insight) -> bool:
    return a.quote.start_char < b.quote.end_char and b.quote.start_char < a.quote.end_char


def _same_mention(a: Insight, b: Insight) -> bool:
    named_alike = a.kind is not Kind.COMPETITOR or _name(a) == _name(b)
    return a.turn == b.turn and a.kind is b.kind and named_alike


def _same_label(a: Insight, b: Insight) -> bool:
    return _same_mention(a, b) and _facet(a) == _facet(b)


def _same_label_and_words(a: Insight, b: Insight) -> bool:
    return _same_label(a, b) and _common_words(a, b)


def _name(insight: Insight) -> str:
    return " ".join(insight.label.casefold().split())


def label_counts(truth: Calls, found: Calls, kind: Kind) -> Counter[tuple[str, str]]:
    """How often each true facet was found as which: (true, found); "-" where one is absent."""
    return Counter(
        (_facet(p.truth) if p.truth else "-", _facet(p.found) if p.found else "-")
        for p in pairs(truth, found)
        if _kind(p) is kind
    )
