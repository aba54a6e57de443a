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

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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
    Period,
    Point,
    Question,
    Series,
    Trends,
    Unit,
    Verdict,
)

FALSE_ALARMS = 0.1
"""Of the changes told, the share that may be chance. One in ten: each is read in its quotes before
anybody acts on it, and at 0.05 a team with twenty calls a month would hardly hear of any."""

SPANS: dict[Unit, int] = {Unit.DAY: 7, Unit.WEEK: 4, Unit.MONTH: 1}
"""Periods compared with as many before: a whole week, so that weekdays meet weekdays, or about a
month, which a small team needs to hold calls enough."""

MOST_SERIES = 200
"""Series in one answer: more than anybody reads."""

MOST_POINTS = 2600
"""Of all series together: a year of weeks has the fifty heaviest, in some hundred kilobytes."""

Label = tuple[str, str | None]
Points = Mapping[date, tuple[int, int]]
Found = dict[Label, dict[date, tuple[int, int]]]
"""A label and its group's key, and by the start of a period its mentions and calls."""

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


def _upper_tail(high: Share, low: Share) -> float:
    """The chance of `high.hits` or more where the hits of both were dealt out at random."""
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


@dataclass(frozen=True, slots=True)
class Worth:
    """Which series can be told: those in at least so many calls from the first day on, up to the
    day before `stop`."""

    first: date
    stop: date
    fewest: int


NONE_WORTH = 2**31 - 1


def worth_testing(
    question: Question, calls: Iterable[CallCount], today: date | None
) -> Worth | None:
    """What a series must have for `judge` to test it; some that have it are not tested either. None
    where the day is not given."""
    if today is None:
        return None
    spans = compared(question.periods, today, {})
    if spans is None:
        return Worth(question.since, question.since, NONE_WORTH)
    totals = _totals(calls).values()
    now, before = (
        [sum(found.get(period.start, 0) for period in span) for found in totals]
        for span in (spans.now, spans.before)
    )
    fewest = min(map(_fewest, now, before), default=NONE_WORTH)
    return Worth(spans.before[0].start, spans.now[-1].stop, fewest)


def _fewest(now: int, before: int) -> int:
    """The fewest hits that can be told in spans of so many calls."""
    if min(now, before) < ENOUGH_CALLS:
        return NONE_WORTH
    hits = range(1, now + before + 1)
    return next((n for n in hits if not _is_rare(n, now, before)), NONE_WORTH)


def most_series(question: Question) -> int:
    """As many series as an answer takes."""
    return min(MOST_SERIES, MOST_POINTS // len(question.periods))


def build(question: Question, counts: Counts, today: date, most: int = MOST_SERIES) -> Trends:
    """The answer to a question, from what the database counts, with at most so many series; `today`
    is the day in UTC."""
    versions = _versions(counts)
    spans = compared(question.periods, today, versions)
    totals = _totals(counts.calls)
    found = _found(counts)
    changes: list[Change | None] = [None] * len(found)
    if spans:
        now, before = (_shares(found, totals, span) for span in (spans.now, spans.before))
        changes = [*judge(list(zip(now, before, strict=True)))]
    heaviest = sorted(zip(found.items(), changes, strict=True), key=_weight)
    names = {_key(name): name for name in _names(counts)}
    series = [
        Series(
            label,
            names[group],
            _points(question.periods, points, totals.get(group, {})),
            change,
        )
        for ((label, group), points), change in heaviest[:most]
    ]
    return Trends(
        question=question,
        today=today,
        calls=tuple(
            sum(calls.get(period.start, 0) for calls in totals.values())
            for period in question.periods
        ),
        series=tuple(series),
        left_out=(counts.series or len(found)) - len(series),
        marks=marks(question.periods, versions),
        compared=spans,
    )


def _versions(counts: Counts) -> dict[date, frozenset[str]]:
    found: dict[date, frozenset[str]] = {}
    for start, version in counts.versions:
        found[start] = found.get(start, frozenset()) | {version}
    return found


def _key(group: str | None) -> str | None:
    """Names that differ in case alone are one, as they are for the filters."""
    return None if group is None else group.casefold()


def _totals(calls: Iterable[CallCount]) -> dict[str | None, dict[date, int]]:
    """The calls of each group by period."""
    totals: dict[str | None, dict[date, int]] = {}
    for row in calls:
        group = totals.setdefault(_key(row.group), {})
        group[row.start] = group.get(row.start, 0) + row.calls
    return totals


def _found(counts: Counts) -> Found:
    """Where each label came up, by its group."""
    found: Found = {}
    keys = {group: _key(group) for group in {row.group for row in counts.labels}}
    for start, group, label, mentions, calls in counts.labels:
        points = found.setdefault((label, keys[group]), {})
        other_mentions, other_calls = points.get(start, (0, 0))
        points[start] = (other_mentions + mentions, other_calls + calls)
    return found


def _shares(
    found: Found, totals: Mapping[str | None, Mapping[date, int]], span: Sequence[Period]
) -> Iterator[Share]:
    """Each label's share over some periods: its calls and all calls add up, see above."""
    starts = [period.start for period in span]
    all_calls = {group: sum(calls.get(day, 0) for day in starts) for group, calls in totals.items()}
    for (_, group), points in found.items():
        hits = sum(points[day][1] for day in starts if day in points)
        yield Share(hits, all_calls.get(group, 0))


def _names(counts: Counts) -> Iterable[str | None]:
    """As written, the spelling that sorts first last, so that it is the one to stay."""
    known = {row.group for row in counts.calls} | {row.group for row in counts.labels}
    return [None, *sorted((name for name in known if name is not None), reverse=True)]


def _points(
    periods: Sequence[Period], found: Mapping[date, tuple[int, int]], totals: Mapping[date, int]
) -> tuple[Point, ...]:
    points = []
    for period in periods:
        mentions, calls = found.get(period.start, (0, 0))
        points.append(Point(mentions, Share(calls, totals.get(period.start, 0))))
    return tuple(points)


def _weight(each: tuple[tuple[Label, Points], Change | None]) -> tuple[bool, int, str, str]:
    ((label, group), points), change = each
    calls = sum(calls for _, calls in points.values())
    told = change is not None and change.told
    return (not told, -calls, label.casefold(), group or "")
