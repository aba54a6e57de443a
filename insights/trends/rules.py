"""Which changes are more than chance: pure.

A label's weight is the share of calls in which it came up, always beside the number of calls and
with Wilson's interval (`insights.evaluate.wilson`). A call is held on one day, so it is in one
period: calls of days, weeks and spans add up exactly, also those with at least one mention.

The latest whole periods are compared with as many before, label by label, by Fisher's exact test,
and of all the labels looked at those are told that Benjamini and Hochberg's procedure lets pass.
Both take calls to be independent of one another; calls of one account are not quite, so a change
that a single account makes is to be read in its quotes.

`ENOUGH_CALLS`, five, is the fewest that can tell anything: with four calls in either span even
“none, then all” has p = 0.029, which among eleven categories passes no test at FALSE_ALARMS.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from math import exp, lgamma
from sys import float_info

from insights.digest import ENOUGH_CALLS
from insights.evaluate import Share
from insights.trends.trend import (
    CallCount,
    Change,
    Compared,
    Counts,
    Heaviest,
    LabelCount,
    Period,
    Point,
    Question,
    Series,
    Trends,
    Unit,
    Verdict,
    Weighed,
    Weight,
)

FALSE_ALARMS = 0.1
"""Of the changes told, the share that may be chance. One in ten: each is read in its quotes before
anybody acts on it, and at 0.05 a team with twenty calls a month would hardly hear of any."""

SPANS: dict[Unit, int] = {Unit.DAY: 7, Unit.WEEK: 4, Unit.MONTH: 1}
"""Periods compared with as many before: a whole week, so that weekdays meet weekdays, or about a
month, which a small team needs to hold calls enough."""

MOST_SERIES = 200
"""Series in one answer: more than anybody reads."""

HEAVIEST = slice(0, MOST_SERIES)
"""The series of an answer, of all in their order, where nobody says which."""

MOST_POINTS = 2600
"""Of all series together: a year of weeks has the fifty heaviest, in some hundred kilobytes."""

Label = tuple[str, str | None]
Points = Mapping[date, tuple[int, int]]
Found = dict[Label, dict[date, tuple[int, int]]]
"""A label and its group's key, and by the start of a period its mentions and calls."""

Totals = Mapping[str | None, Mapping[date, int]]
"""The calls of each group, by the start of a period."""

NEGLIGIBLE = 1e-17  # beside 1, less than a float's last digit


def chance(now: Share, before: Share) -> float:
    """How likely two spans differ at least as much by chance alone, as a p in (0, 1].

    Fisher's exact test (Fisher 1935, The Design of Experiments, chapter 2), twice the tail on the
    side of the difference (Yates 1984, JRSS A 147:426), so that “more” and “less” are each as sure
    as they are told. It holds for any counts, however small; mid-p and chi-square do not.
    """
    if now.hits * before.total == before.hits * now.total:
        return 1.0
    if now.hits * before.total < before.hits * now.total:
        now, before = before, now
    return min(1.0, max(float_info.min, 2 * _upper_tail(now, before)))


@lru_cache(maxsize=10_000)
def _upper_tail(high: Share, low: Share) -> float:
    """The chance of `high.hits` or more where the hits of both were dealt out at random: of
    thousands of wishes most have the same few."""
    hits = high.hits + low.hits
    first = exp(
        _log_choose(high.total, high.hits)
        + _log_choose(low.total, low.hits)
        - _log_choose(high.total + low.total, hits)
    )
    term = total = 1.0
    for i in range(high.hits, min(high.total, hits)):
        term *= (high.total - i) * (hits - i) / ((i + 1) * (low.total - hits + i + 1))
        total += term
        if term < NEGLIGIBLE:
            break
    return first * total


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def least_chance(now: Share, before: Share) -> float:
    """The smallest p that as many hits could have had in spans of these sizes."""
    hits = now.hits + before.hits
    most, least = min(now.total, hits), max(0, hits - before.total)
    return min(
        chance(Share(part, now.total), Share(hits - part, before.total)) for part in (most, least)
    )


def false_rates(chances: Sequence[float]) -> list[float]:
    """For each p the share of false alarms if it and all smaller ones are told: the adjusted
    values of Benjamini and Hochberg (1995, JRSS B 57:289)."""
    rates = [1.0] * len(chances)
    least = 1.0
    falling = sorted(range(len(chances)), key=lambda i: -chances[i])
    for passed, i in enumerate(falling):
        least = min(least, chances[i] * (len(chances) / (len(chances) - passed)))
        rates[i] = least
    return rates


def judge(pairs: Sequence[tuple[Share, Share]]) -> list[Change]:
    """What can be said of each (now, before), all of them looked at together.

    Where even the most telling distribution of the hits could not pass, there is nothing to test
    (Tarone 1990, Biometrics 46:515; Gilbert 2005, JRSS C 54:143). How many hits there are in all
    says nothing of how they are dealt out, so leaving these out is fair, and hundreds of wishes
    said once do not drown the one that is said often.
    """
    verdicts = [_testable(now, before) for now, before in pairs]
    tested = [i for i, verdict in enumerate(verdicts) if verdict is Verdict.UNSURE]
    chances = [chance(*pairs[i]) for i in tested]
    known = dict(zip(tested, zip(chances, false_rates(chances), strict=True), strict=True))
    return [
        _told(now, before, *known[i]) if i in known else Change(now, before, verdicts[i])
        for i, (now, before) in enumerate(pairs)
    ]


def _testable(now: Share, before: Share) -> Verdict:
    if min(now.total, before.total) < ENOUGH_CALLS:
        return Verdict.TOO_FEW_CALLS
    rare = _is_rare(now.hits + before.hits, now.total, before.total)
    return Verdict.RARE if rare else Verdict.UNSURE


@lru_cache(maxsize=10_000)
def _is_rare(hits: int, now: int, before: int) -> bool:
    """Whether so many hits can tell nothing, in spans of so many calls: of thousands of wishes
    most have the same few."""
    spread = min(hits, now)
    return least_chance(Share(spread, now), Share(hits - spread, before)) > FALSE_ALARMS


def _told(now: Share, before: Share, chance: float, false_rate: float) -> Change:
    verdict = Verdict.UNSURE
    if false_rate <= FALSE_ALARMS:
        verdict = Verdict.MORE if now.value > before.value else Verdict.LESS
    return Change(now, before, verdict, chance, false_rate)


def marks(periods: Sequence[Period], versions: Mapping[date, frozenset[str]]) -> tuple[Period, ...]:
    """The periods in which a version set in that the last one with any finding did not have; of
    the first such period, where it has several."""
    found = []
    known: frozenset[str] = frozenset()
    for period in periods:
        here = versions.get(period.start, frozenset())
        sets_in = bool(here - known) if known else len(here) > 1
        if sets_in:
            found.append(period)
        known = here or known
    return tuple(found)


def compared(
    periods: Sequence[Period], today: date, versions: Mapping[date, frozenset[str]]
) -> Compared | None:
    """The latest whole periods and as many before; None where there are no two whole ones."""
    whole = [period for period in periods if period.stop <= today]
    if len(whole) < 2:
        return None
    size = min(SPANS[whole[0].unit], len(whole) // 2)
    now, before = tuple(whole[-size:]), tuple(whole[-2 * size : -size])
    at_work = [versions.get(period.start, frozenset()) for period in (*before, *now)]
    return Compared(before, now, tuple(sorted(frozenset().union(*at_work))))


NONE_WORTH = 2**31 - 1


def fewest_told(calls: Iterable[CallCount], spans: Compared | None) -> int:
    """In how many calls of two spans a series must come up for `judge` to test it; some that do are
    not tested either."""
    if spans is None:
        return NONE_WORTH
    totals = _totals(calls).values()
    pairs = zip(
        *([_within(found, span) for found in totals] for span in _spans(spans)), strict=True
    )
    return min((_fewest(*pair) for pair in pairs), default=NONE_WORTH)


def _fewest(now: int, before: int) -> int:
    """The fewest hits that can be told in spans of so many calls."""
    if min(now, before) < ENOUGH_CALLS:
        return NONE_WORTH
    hits = range(1, now + before + 1)
    return next((n for n in hits if not _is_rare(n, now, before)), NONE_WORTH)


def page(question: Question, most: int, first: int = 0) -> slice:
    """From the first on so many series, or as many as an answer takes."""
    return slice(first, first + min(most, MOST_SERIES, MOST_POINTS // len(question.periods)))


def build(question: Question, counts: Counts, today: date, wanted: slice = HEAVIEST) -> Trends:
    """The answer to a question, from what the database counts, with the series wanted; `today` is
    the day in UTC."""
    versions = _versions(counts)
    spans = compared(question.periods, today, versions)
    totals = _totals(counts.calls)
    heaviest = counts.heaviest or pick(
        counts.calls, _weigh(counts, spans, wanted.stop), spans, wanted
    )
    found = _found(counts.labels, {(weight.label, weight.group) for weight, _ in heaviest.judged})
    names = {key(name): name for name in _names(counts)}
    series = [
        Series(
            label,
            names.get(group, group),
            _points(question.periods, found[label, group], totals.get(group, {})),
            change,
        )
        for (label, group, *_), change in heaviest.judged
    ]
    return Trends(
        question=question,
        today=today,
        calls=tuple(
            sum(calls.get(period.start, 0) for calls in totals.values())
            for period in question.periods
        ),
        series=tuple(series),
        first=wanted.start,
        left_out=max(0, heaviest.of - wanted.start - len(series)),
        marks=marks(question.periods, versions),
        compared=spans,
    )


def _weigh(counts: Counts, spans: Compared | None, most: int) -> Weighed:
    """The series that came up most, and those that may be told."""
    now, before = (
        {period.start for period in span} for span in (_spans(spans) if spans else ((), ()))
    )
    keys = _Keys()
    found: dict[Label, list[int]] = {}
    for start, group, label, _, calls in counts.labels:
        series = found.setdefault((label, keys[group]), [0, 0, 0])
        series[0] += calls
        if start in now:
            series[1] += calls
        elif start in before:
            series[2] += calls
    falling = sorted((calls for calls, _, _ in found.values()), reverse=True)
    enough = falling[most - 1] if most <= len(falling) else 0
    fewest = fewest_told(counts.calls, spans)
    weights = tuple(
        Weight(*series, *calls)
        for series, calls in found.items()
        if calls[0] >= enough or calls[1] + calls[2] >= fewest
    )
    return Weighed(weights, len(found))


def pick(
    calls: Iterable[CallCount], weighed: Weighed, spans: Compared | None, wanted: slice
) -> Heaviest:
    """The series wanted, of all in the order of an answer."""
    weights = weighed.weights
    changes: Sequence[Change | None] = [None] * len(weights)
    if spans:
        totals = _totals(calls).items()
        now, before = (
            {group: _within(calls, span) for group, calls in totals} for span in _spans(spans)
        )
        changes = judge(
            [
                (Share(now_calls, now.get(group, 0)), Share(calls_before, before.get(group, 0)))
                for _, group, _, now_calls, calls_before in weights
            ]
        )
    judged = sorted(zip(weights, changes, strict=True), key=_weight)[wanted]
    return Heaviest(tuple(judged), weighed.series)


def spelled(heaviest: Heaviest, calls: Iterable[CallCount]) -> list[Label]:
    """The labels of these series and their groups, in each spelling."""
    names: dict[str | None, set[str | None]] = {}
    for row in calls:
        names.setdefault(key(row.group), set()).add(row.group)
    return [
        (weight.label, name)
        for weight, _ in heaviest.judged
        for name in names.get(weight.group, ())
    ]


def _spans(spans: Compared) -> tuple[tuple[Period, ...], tuple[Period, ...]]:
    return spans.now, spans.before


def _within(calls: Mapping[date, int], span: Iterable[Period]) -> int:
    """The calls of some periods: each is in one, so they add up, see above."""
    return sum(calls.get(period.start, 0) for period in span)


def _versions(counts: Counts) -> dict[date, frozenset[str]]:
    found: dict[date, frozenset[str]] = {}
    for start, version in counts.versions:
        found[start] = found.get(start, frozenset()) | {version}
    return found


def key(group: str | None) -> str | None:
    """Names that differ in case alone are one, as they are for the filters: as PostgreSQL's `lower`
    has it."""
    return None if group is None else group.lower()


class _Keys(dict[str | None, str | None]):
    """Each name's key, made once: thousands of rows have the same few."""

    def __missing__(self, group: str | None) -> str | None:
        return self.setdefault(group, key(group))


def _totals(calls: Iterable[CallCount]) -> Totals:
    totals: dict[str | None, dict[date, int]] = {}
    for row in calls:
        group = totals.setdefault(key(row.group), {})
        group[row.start] = group.get(row.start, 0) + row.calls
    return totals


def _found(labels: Iterable[LabelCount], wanted: Collection[Label]) -> Found:
    """Where the labels wanted came up, by their group."""
    found: Found = {series: {} for series in wanted}
    keys = _Keys()
    for start, group, label, mentions, calls in labels:
        points = found.get((label, keys[group]))
        if points is not None:
            other_mentions, other_calls = points.get(start, (0, 0))
            points[start] = (other_mentions + mentions, other_calls + calls)
    return found


def _names(counts: Counts) -> Iterable[str | None]:
    """As written, the spelling that sorts first last, so that it is the one to stay."""
    known = {row.group for row in counts.calls} | {row.group for row in counts.labels}
    return [None, *sorted((name for name in known if name is not None), reverse=True)]


def _points(
    periods: Sequence[Period], found: Points, totals: Mapping[date, int]
) -> tuple[Point, ...]:
    return tuple(
        _point(*found.get(period.start, (0, 0)), totals.get(period.start, 0)) for period in periods
    )


@lru_cache(maxsize=10_000)
def _point(mentions: int, calls: int, total: int) -> Point:
    """Most points of an answer have the same few mentions."""
    return Point(mentions, Share(calls, total))


def _weight(each: tuple[Weight, Change | None]) -> tuple[bool, int, str, str]:
    (label, group, calls, *_), change = each
    told = change is not None and change.told
    return (not told, -calls, label.casefold(), group or "")
