"""What rivals' numbers say: pure.

Objections are counted by calls: of the calls that name a rival and of those that do not, the share
in which a buyer objects so. Calls of one account are not independent of one another, so what one
account makes is to be read in its quotes; deals are, and are counted once each.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from itertools import product

from insights.evaluate import Share
from insights.rivals.rival import Companion, Counts, Deal, Named, Rival, Rivals, Stood
from insights.trends.contrast import Contrast, apart, contrasts
from insights.trends.trend import Series, Trends


def build(trends: Trends, counts: Counts, catalogue: Collection[str]) -> Rivals:
    """The answer, from the trends of rivals, what else was counted in the same calls, and the
    names in the catalogue."""
    listed = {name.casefold() for name in catalogue}
    named = {each.label: each for each in counts.named}
    calls, mentions = sum(trends.calls), sum(each.mentions for each in counts.named)
    series = [each for each in trends.series if each.label in named]
    labels = [each.label for each in series]
    companions = _companions(labels, named, counts, calls)
    won = _won(labels, counts.deals)
    rivals = tuple(
        Rival(
            label=each.label,
            listed=each.label.casefold() in listed,
            voice=Share(named[each.label].mentions, mentions),
            calls=Share(named[each.label].calls, calls),
            accounts=named[each.label].accounts,
            series=each,
            stances=_stances(each, counts.stood),
            objections=companions[each.label],
            won=won[each.label],
            deals=tuple(deal for deal in counts.deals if each.label in deal.rivals),
        )
        for each in series
    )
    said = {name.casefold() for name in named}
    return Rivals(
        trends=trends,
        calls=calls,
        rivals=rivals,
        unnamed=tuple(name for name in catalogue if name.casefold() not in said),
        pairs=len(labels) * len(counts.objected),
        won=share_won(counts.deals),
    )


def share_won(deals: Iterable[Deal]) -> Share:
    """Of the deals decided, those won."""
    ends = [deal.won for deal in deals]
    return Share(sum(ends), len(ends))


def _stances(series: Series, stood: Iterable[Stood]) -> tuple[Stood, ...]:
    mine = [each for each in stood if each.label == series.label]
    return tuple(sorted(mine, key=lambda each: (-each.mentions, each.stance)))


def _companions(
    labels: list[str], named: Mapping[str, Named], counts: Counts, calls: int
) -> dict[str, tuple[Companion, ...]]:
    """The objections that stand out beside each rival, the surest first."""
    both = {(each.label, each.objection): each.calls for each in counts.together}
    pairs = list(product(labels, sorted(counts.objected)))
    judged = contrasts(
        [
            apart(
                Share(both.get((label, objection), 0), named[label].calls),
                Share(counts.objected[objection], calls),
            )
            for label, objection in pairs
        ]
    )
    told: dict[str, list[Companion]] = {label: [] for label in labels}
    for (label, objection), contrast in zip(pairs, judged, strict=True):
        if contrast.told:
            told[label].append(Companion(objection, contrast))
    return {label: tuple(sorted(each, key=_surest)) for label, each in told.items()}


def _surest(companion: Companion) -> tuple[float, str]:
    return (companion.contrast.chance or 0.0, companion.label)


def _won(labels: list[str], deals: Collection[Deal]) -> dict[str, Contrast]:
    """Deals won with each rival in them, beside those without."""
    decided, won = Counter[str](), Counter[str]()
    for deal in deals:
        decided.update(deal.rivals)
        won.update(deal.rivals if deal.won else ())
    whole = share_won(deals)
    judged = contrasts([apart(Share(won[label], decided[label]), whole) for label in labels])
    return dict(zip(labels, judged, strict=True))
