"""Shares of calls, period by period, as places in a picture: pure.

Every picture of a page has one scale, so that heights compare. Lengths are units of the viewBox.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from insights.evaluate import Share
from insights.trends.telling import period_words
from insights.trends.trend import Period, Point, Series

WIDTH, HEIGHT = 340, 128
LEFT, RIGHT, TOP, BOTTOM = 40, 334, 20, 104
SCALES = (0.1, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, slots=True)
class Dot:
    """One period's share."""

    period: Period
    column: float  # where the period begins, for the whole height is its link
    x: float
    y: float
    faint: bool  # too few calls to say something
    words: str


@dataclass(frozen=True, slots=True)
class Chart:
    """One series' picture."""

    dots: tuple[Dot, ...]  # of the periods with calls
    lines: tuple[str, ...]  # through neighbouring periods: "x,y x,y"
    bands: tuple[str, ...]  # round Wilson's intervals of these: "x,y x,y"
    marks: tuple[float, ...]  # x where another version of the detector sets in
    column: float  # a period's width


def scale(series: Sequence[Series]) -> float:
    """The share at the top of all pictures: every dot is below it, and every interval that says
    something."""
    points = [point for each in series for point in each.points if point.share.total]
    highs = [point.share.interval[1] if point.enough else point.share.value for point in points]
    return next(top for top in SCALES if top >= max(highs, default=0.0))


def chart(series: Series, periods: Sequence[Period], marks: Sequence[Period], top: float) -> Chart:
    """The picture of one series under a scale."""
    column = (RIGHT - LEFT) / len(periods)

    def x(n: int) -> float:
        return round(LEFT + (n + 0.5) * column, 1)

    def y(share: float) -> float:
        return round(BOTTOM - min(share / top, 1.0) * (BOTTOM - TOP), 1)

    known = [(n, point) for n, point in enumerate(series.points) if point.share.total]
    runs = [
        [pair for _, pair in run]
        for _, run in groupby(enumerate(known), key=lambda placed: placed[1][0] - placed[0])
    ]
    return Chart(
        dots=tuple(
            Dot(
                period=periods[n],
                column=round(LEFT + n * column, 1),
                x=x(n),
                y=y(point.share.value),
                faint=not point.enough,
                words=f"{period_words(periods[n])}: {point_words(point)}",
            )
            for n, point in known
        ),
        lines=tuple(" ".join(f"{x(n)},{y(p.share.value)}" for n, p in run) for run in runs),
        bands=tuple(_band(run, x, y) for run in runs),
        marks=tuple(round(LEFT + periods.index(mark) * column, 1) for mark in marks),
        column=round(column, 1),
    )


def _band(
    run: Sequence[tuple[int, Point]], x: Callable[[int], float], y: Callable[[float], float]
) -> str:
    there = [f"{x(n)},{y(point.share.interval[1])}" for n, point in run]
    back = [f"{x(n)},{y(point.share.interval[0])}" for n, point in reversed(run)]
    return " ".join(there + back)


def point_words(point: Point) -> str:
    """ "3 of 9 calls, 33 % (12 to 65 %)"."""
    share = point.share
    if not share.total:
        return "no calls"
    few = "" if point.enough else ", not enough calls"
    return f"{share.hits} of {share.total} calls, {share_words(share)}{few}"


def share_words(share: Share) -> str:
    """ "33 % (12 to 65 %)"."""
    return f"{percent(share.value)} ({interval(share)})"


def interval(share: Share) -> str:
    """ "12 to 65 %"."""
    low, high = share.interval
    return f"{100 * low:.0f} to {percent(high)}"


def percent(share: float) -> str:
    """ "33 %", with a blank that does not break."""
    return f"{100 * share:.0f}\N{NO-BREAK SPACE}%"
