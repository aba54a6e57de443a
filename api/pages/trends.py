"""What rises and falls: the answer, a picture for each label, and the quotes behind each point."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Response

from api.context import Context, Here
from api.pages import charts
from api.pages.site import page
from api.pages.words import listed
from api.rest.parameters import Reader, Words
from api.rest.trends import USUAL_SERIES, among, answered
from api.users import User
from api.veil import shown_quotes
from ingest.base.db import Connection
from ingest.library.queries import segments
from insights.catalogue.queries import company_names
from insights.digest import Mention, Week, label_words
from insights.insight import Kind, Review
from insights.trends import queries, rules, telling
from insights.trends.trend import (
    Dimension,
    Filter,
    Period,
    Question,
    Series,
    Trends,
    Unit,
    Verdict,
    last_periods,
)

router = APIRouter()

WEEKS = (12, 26, 52)
"""Twelve by default: the compared eight and some before, to see whether a rise is one."""
MOST_CHARTS = 12
MOST_CHARTS_SPLIT = 24
MOST_POINTS = 400
"""Pictures stay readable, and the page below 300 KB."""
QUOTES = 20

VERDICTS: dict[Verdict, str] = {
    Verdict.MORE: "More often",
    Verdict.LESS: "Less often",
    Verdict.UNSURE: "May be chance",
    Verdict.RARE: "Too rare to tell",
    Verdict.TOO_FEW_CALLS: "Not enough calls",
}

FILTERS = {
    "company": "company",
    "account": "account",
    "segment": "segment",
    "stage": "stage",
    "rep": "rep",
    "lead_source": "lead source",
    "campaign": "campaign",
    "rival": "rival",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks to see."""

    kind: Kind
    among: Filter
    by: Dimension | None
    weeks: int

    def address(self, path: str = "/trends", **more: str | None) -> str:
        """The address that asks this, or with something else."""
        given: dict[str, Any] = {"kind": self.kind.value, **asdict(self.among)}
        given |= {"by": self.by, "weeks": self.weeks if self.weeks != WEEKS[0] else None}
        return f"{path}?{urlencode({k: v for k, v in (given | more).items() if v is not None})}"

    def point(self, series: Series, period: Period) -> str:
        """The address that shows the quotes of a point."""
        return self.address(label=series.label, group=series.group, week=period.name)

    @property
    def filters(self) -> dict[str, str]:
        """What is asked of the calls, by the names of the filters."""
        given = asdict(self.among)
        return {name: given[name] for name in FILTERS if given[name] is not None}

    @property
    def words(self) -> str:
        """The filters said back: company “Plumbline” and segment “SMB”."""
        return listed([f"{FILTERS[name]} “{value}”" for name, value in self.filters.items()])

    @property
    def unusual(self) -> bool:
        """Whether a filter is set that is folded away else."""
        return bool(self.filters.keys() - {"company", "segment"}) or not self.among.whole


@dataclass(frozen=True, slots=True)
class Chosen:
    """The point whose quotes are shown."""

    label: str
    group: str | None
    week: Week | None

    def is_(self, series: Series, period: Period) -> bool:
        same = (series.label, series.group) == (self.label, self.group)
        return same and self.week is not None and period.start == self.week.monday


@dataclass(frozen=True, slots=True)
class Panel:
    """One series on the page."""

    series: Series
    title: str
    chart: charts.Chart
    verdict: str
    figures: str  # "9 of 21 calls in the last four weeks, 4 of 19 in the four before"


@dataclass(frozen=True, slots=True)
class Evidence:
    """The quotes of one label."""

    title: str
    quotes: Sequence[Mention]
    mentions: int  # in all


@router.get("/trends")
def trends_page(
    here: Here,
    user: Reader,
    among: Annotated[Filter, Depends(among)],
    kind: Kind = Kind.OBJECTION,
    by: Dimension | Literal[""] = "",
    weeks: Annotated[int, Query(ge=4, le=WEEKS[-1])] = WEEKS[0],
    label: Words = None,
    group: Words = None,
    week: str = "",
) -> Response:
    """One kind's labels week by week, and the quotes of a point."""
    asked = Asked(kind, among, by or None, weeks)
    chosen = Chosen(label, group or None, Week.parse(week) if week else None) if label else None
    today = datetime.now(UTC).date()
    with here.pool.connection() as conn:
        newest = queries.last_day(conn, among)
        question = _question(asked, today, newest)
        trends = answered(conn, question, today, rules.page(question, USUAL_SERIES))
        shown = _shown(trends)
        return page(
            "trends.html",
            user,
            asked=asked,
            headline=telling.headline(trends),
            others=telling.others(trends),
            caution=telling.caution(trends),
            fits=newest is not None,
            newest=newest if newest and question.until <= today - timedelta(7) else None,
            panels=_sections(shown, trends),
            more=len(trends.series) + trends.left_out - len(shown),
            evidence=shown_to(here, user, conn, _evidence(conn, trends, chosen)),
            chosen=chosen,
            dropped=[] if newest else _worth_dropping(conn, asked),
            any_calls=bool(newest) or queries.last_day(conn, Filter()) is not None,
            companies=company_names(conn),
            segments=segments(conn),
            trends=trends,
            top=charts.scale(shown),
            **_constants(),
        )


def _constants() -> dict[str, Any]:
    return {"charts": charts, "telling": telling, "Review": Review, "FILTERS": FILTERS} | {
        "WEEKS": WEEKS
    }


def _question(asked: Asked, today: date, newest: date | None) -> Question:
    return Question(asked.kind, weeks_to(asked.weeks, today, newest), asked.among, by=asked.by)


def weeks_to(number: int, today: date, newest: date | None) -> tuple[Period, ...]:
    """The last weeks; where no call was held in them, those up to the newest call."""
    spans = last_periods(Unit.WEEK, number, today + timedelta(1))
    if newest and newest < spans[0].start:
        spans = last_periods(Unit.WEEK, number, newest + timedelta(1))
    return spans


def _shown(trends: Trends) -> tuple[Series, ...]:
    """As many series as a page takes."""
    most = MOST_CHARTS_SPLIT if trends.question.by else MOST_CHARTS
    return trends.series[: min(most, MOST_POINTS // len(trends.question.periods))]


def _sections(shown: Sequence[Series], trends: Trends) -> list[tuple[str, list[Panel]]]:
    """Panels under one heading; where a question splits, a heading is a label, so that its groups
    stand side by side."""
    top = charts.scale(shown)
    if trends.question.by is None:
        return [("", [_panel(series, trends, top) for series in shown])]
    order = {series.label: n for n, series in reversed([*enumerate(shown)])}
    by_label = sorted(shown, key=lambda s: (order[s.label], s.group is None, s.group or ""))
    return [
        (
            label_words(trends.question.kind, label),
            [_panel(series, trends, top) for series in of_label],
        )
        for label, of_label in groupby(by_label, key=lambda series: series.label)
    ]


def _panel(series: Series, trends: Trends, top: float) -> Panel:
    question, change = trends.question, series.change
    title = label_words(question.kind, series.label)
    if question.by:
        title = series.group or telling.group_words(question.by, None)
    figures = ""
    if change and trends.compared:
        figures = (
            f"{change.now.hits} of {change.now.total} calls"
            f" {telling.span_words(trends.compared, trends.today)},"
            f" {change.before.hits} of {change.before.total}"
            f" {telling.before_words(trends.compared)}"
        )
    return Panel(
        series=series,
        title=title,
        chart=charts.chart(series, question.periods, trends.marks, top),
        verdict=VERDICTS[change.verdict] if change else "",
        figures=figures,
    )


def _evidence(conn: Connection, trends: Trends, chosen: Chosen | None) -> Evidence | None:
    """The quotes of the point that was chosen, else of what the headline is about."""
    question = trends.question
    if chosen is None:
        return headline_evidence(conn, trends)
    spans = question.periods
    when = f"these {len(spans)} weeks"
    if chosen.week:
        spans = (Period(Unit.WEEK, chosen.week.monday),)
        when = telling.period_words(spans[0]).replace("Week", "week", 1)
    return _quotes(conn, replace(question, periods=spans), chosen.label, chosen.group, when)


def shown_to(
    here: Context, user: User, conn: Connection, evidence: Evidence | None
) -> Evidence | None:
    """The quotes as this user sees them."""
    return evidence and replace(evidence, quotes=shown_quotes(here, user, conn, evidence.quotes))


def headline_evidence(conn: Connection, trends: Trends) -> Evidence | None:
    """The quotes of what the headline is about; None where it is about nothing."""
    with_change = [(series, series.change) for series in trends.series if series.change]
    if not with_change or not trends.compared:
        return None
    first, change = next(
        (pair for pair in with_change if pair[0].told),
        max(with_change, key=lambda pair: pair[1].now.hits),
    )
    fell = change.verdict is Verdict.LESS
    spans = trends.compared.before if fell else trends.compared.now
    when = f"{telling.day_words(spans[0].start)} to "
    when += telling.day_words(spans[-1].stop - timedelta(1))
    question = replace(trends.question, periods=spans)
    return _quotes(conn, question, first.label, first.group, when)


def _quotes(
    conn: Connection, question: Question, label: str, group: str | None, when: str
) -> Evidence:
    by, title = question.by, label_words(question.kind, label)
    wanted = replace(question, label=label)
    if by and group is not None:
        wanted = replace(wanted, among=question.among.also(by, group))
    if by:
        title += f", {telling.group_words(by, group)[0].lower()}"
        title += telling.group_words(by, group)[1:]
    unknown = by if by and group is None else None
    found, mentions = queries.quotes(conn, wanted, unknown, QUOTES)
    return Evidence(f"{title}, {when}", found, mentions)


def _worth_dropping(conn: Connection, asked: Asked) -> list[tuple[str, str]]:
    """The filters without which there are calls, each with the address that leaves it out."""
    found = []
    for name in asked.filters:
        without = replace(asked, among=replace(asked.among, **{name: None}))
        if queries.last_day(conn, without.among):
            found.append((f"{FILTERS[name]} “{asked.filters[name]}”", without.address()))
    return found
