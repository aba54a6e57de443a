"""The shapes of trends, as in `api.schemas`."""

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import Any

from pydantic import Field

from api.schemas import Answer
from api.tables import table
from insights.evaluate import Share
from insights.insight import Kind
from insights.trends import telling
from insights.trends.trend import (
    Change,
    Compared,
    Dimension,
    Period,
    Point,
    Trends,
    Unit,
    Verdict,
)


class ShareOut(Answer):
    """Calls in which something came up, of the calls mined, with Wilson's 95 % interval."""

    calls: int = Field(description="Calls with at least one mention.", examples=[9])
    of: int = Field(description="All calls mined, of the same time and group.", examples=[21])
    share: float | None = Field(description="Null where no call was mined.", examples=[0.4286])
    low: float = Field(examples=[0.2447])
    high: float = Field(examples=[0.6345])


class PeriodOut(Answer):
    """A day, week or month, in UTC: `since` ≤ day < `until`."""

    name: str = Field(description="ISO 8601.", examples=["2026-W07"])
    since: date
    until: date
    whole: bool = Field(description="It is over; one that is not is compared with nothing.")
    calls: int = Field(description="All calls mined, whatever the group.")
    detector_changed: bool = Field(
        description="A version of the detector set in here: a rise may be the detector's."
    )


class PointOut(ShareOut):
    """One label in one period."""

    period: str = Field(examples=["2026-W07"])
    mentions: int = Field(examples=[14])
    enough: bool = Field(description="There are calls enough for the share to say something.")


class ChangeOut(Answer):
    """The latest whole periods beside as many before."""

    now: ShareOut
    before: ShareOut
    verdict: Verdict = Field(
        description="`more` and `less` are told; `unsure` may be chance; `rare` came up in too few"
        " calls, and `too_few_calls` were mined, for any change to be told."
    )
    p: float | None = Field(
        description="Fisher's exact test, two-sided; null where nothing was tested."
    )
    q: float | None = Field(
        description="The share of false alarms if this and all as sure are told (Benjamini and"
        " Hochberg); a change is told up to 0.1."
    )


class SeriesOut(Answer):
    """One label, of one group where the answer is split."""

    label: str = Field(examples=["price"])
    group: str | None = Field(description="Null: not known, or the answer is not split.")
    points: list[PointOut]
    change: ChangeOut | None = Field(description="Null where nothing can be compared.")


class SpanOut(Answer):
    """Whole periods: `since` ≤ day < `until`."""

    since: date
    until: date


class ComparedOut(Answer):
    """What is compared with what."""

    now: SpanOut
    before: SpanOut
    versions: list[str] = Field(description="Of the detectors that found it.")
    across_versions: bool = Field(
        description="Several versions found it: a change may be the detector's."
    )


class TrendsOut(Answer):
    """What came up in how many calls, and what changed."""

    kind: Kind
    period: Unit
    by: Dimension | None
    headline: str | None = Field(
        description="Null but on the first page: it is about all labels.",
        examples=["Price came up in 9 of 21 calls in the last four weeks, …"],
    )
    caution: str | None = Field(description="Why a change may not be the buyers'.")
    periods: list[PeriodOut]
    compared: ComparedOut | None
    items: list[SeriesOut] = Field(
        description="Changes that are told first, then what came up in most calls."
    )
    left_out: int = Field(description="Labels beyond these, each in fewer calls.")
    next: str | None = Field(description="The cursor for going on; null at the end.")


def trends_out(trends: Trends, next: str | None) -> TrendsOut:
    """The answer in the API's shape; `next` is the cursor for going on."""
    pairs = zip(trends.question.periods, trends.calls, strict=True)
    return TrendsOut(
        kind=trends.question.kind,
        period=trends.question.unit,
        by=trends.question.by,
        headline=None if trends.first else telling.headline(trends),
        caution=telling.caution(trends) or None,
        periods=[_period(period, calls, trends) for period, calls in pairs],
        compared=compared_out(trends.compared) if trends.compared else None,
        items=_all_series(trends),
        left_out=trends.left_out,
        next=next,
    )


def _period(period: Period, calls: int, trends: Trends) -> PeriodOut:
    return PeriodOut(
        name=period.name,
        since=period.start,
        until=period.stop,
        whole=trends.whole(period),
        calls=calls,
        detector_changed=period in trends.marks,
    )


def compared_out(compared: Compared) -> ComparedOut:
    """What is compared, in the API's shape."""
    now, before = (
        SpanOut(since=span[0].start, until=span[-1].stop)
        for span in (compared.now, compared.before)
    )
    return ComparedOut(
        now=now, before=before, versions=[*compared.versions], across_versions=compared.across
    )


def _all_series(trends: Trends) -> list[SeriesOut]:
    """A year has ten thousand points, and its periods' names are the same for all series."""
    names = [period.name for period in trends.question.periods]
    return [
        SeriesOut.model_construct(
            label=series.label,
            group=series.group,
            points=[
                _point(name, point.mentions, point.share.hits, point.share.total)
                for name, point in zip(names, series.points, strict=True)
            ],
            change=change_out(series.change) if series.change else None,
        )
        for series in trends.series
    ]


@lru_cache(maxsize=10_000)
def _point(period: str, mentions: int, hits: int, total: int) -> PointOut:
    """Of a period's points most have the same few mentions."""
    share = _share_out(hits, total)
    return PointOut.model_construct(
        period=period,
        mentions=mentions,
        enough=Point(mentions, Share(hits, total)).enough,
        calls=share.calls,
        of=share.of,
        share=share.share,
        low=share.low,
        high=share.high,
    )


def change_out(change: Change) -> ChangeOut:
    """A change in the API's shape."""
    return ChangeOut(
        now=share_out(change.now),
        before=share_out(change.before),
        verdict=change.verdict,
        p=change.chance,
        q=change.false_rate,
    )


def share_out(share: Share) -> ShareOut:
    """A share in the API's shape."""
    return _share_out(share.hits, share.total)


@lru_cache(maxsize=10_000)
def _share_out(hits: int, total: int) -> ShareOut:
    """Most shares of an answer are those of few calls, and come again and again."""
    share = Share(hits, total)
    low, high = share.interval
    return ShareOut(
        calls=hits,
        of=total,
        share=round(share.value, 4) if share.total else None,
        low=round(low, 4),
        high=round(high, 4),
    )


# As a table -------------------------------------------------------------------------------

COLUMNS = (
    *("kind", "label", "by", "group", "period", "since", "until", "whole", "detector_changed"),
    *("mentions", "calls", "of", "share", "low", "high", "enough"),
    *("change", "now_calls", "now_of", "before_calls", "before_of", "p", "q", "across_versions"),
)
"""One row a label, group and period; what follows `enough` is the label's, in each of its rows."""


def to_csv(answer: TrendsOut) -> str:
    """The answer as RFC 4180 with a line of names."""
    return table(COLUMNS, _rows(answer))


def _rows(answer: TrendsOut) -> Iterator[dict[str, Any]]:
    periods = {period.name: period for period in answer.periods}
    across = answer.compared.across_versions if answer.compared else None
    for series in answer.items:
        whole_series: dict[str, Any] = {
            "kind": answer.kind.value,
            "label": series.label,
            "by": answer.by.value if answer.by else "",
            "group": series.group,
        }
        if (change := series.change) is not None:
            whole_series |= {
                "change": change.verdict.value,
                "now_calls": change.now.calls,
                "now_of": change.now.of,
                "before_calls": change.before.calls,
                "before_of": change.before.of,
                "p": change.p,
                "q": change.q,
                "across_versions": across,
            }
        for point in series.points:
            about = periods[point.period].model_dump(include={*COLUMNS} - {"calls"})
            yield whole_series | about | point.model_dump()
