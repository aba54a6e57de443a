"""What rivals' numbers say: pure.

Objections are counted by calls: of the calls that name a rival and of those that do not, the share
in which a buyer objects so. Calls of one account are not independent of one another, so what one
account makes is to be read in its quotes; deals are, and are counted once each.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from itertools import product

from insights.evaluate import Share
from insights.rivals.rival import Companion, Counts, Deal, Named, Rival, Rivals, Stood
from insights.trends.contrast import apart, contrasts
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
    deals = _by_rival(counts.deals)
    whole = share_won(counts.deals)
    won = contrasts([apart(share_won(deals[label]), whole) for label in labels])
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
            won=contrast,
            deals=tuple(deals[each.label]),
        )
        for each, contrast in zip(series, won, strict=True)
    )
    said = {name.casefold() for name in named}
    return Rivals(
        trends=trends,
        calls=calls,
        rivals=rivals,
        unnamed=tuple(name for name in catalogue if name.casefold() not in said),
        pairs=len(labels) * len(counts.objected),
        won=whole,
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


def _by_rival(deals: Iterable[Deal]) -> defaultdict[str, list[Deal]]:
    """The deals in which each rival was named, in the same order."""
    found: defaultdict[str, list[Deal]] = defaultdict(list)
    for deal in deals:
        for rival in deal.rivals:
            found[rival].append(deal)
    return found
