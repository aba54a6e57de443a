"""What is known of a company's rivals, and one rival's page with the quotes behind each number."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response

from api.context import Context, Here
from api.pages import charts
from api.pages.site import page
from api.pages.trends import (
    VERDICTS,
    WEEKS,
    Evidence,
    Panel,
    headline_evidence,
    shown_to,
    weeks_to,
)
from api.rest.parameters import Reader, Words
from api.rest.rivals import rivals
from api.users import User
from api.veil import shown_quotes
from ingest.base.db import Connection
from ingest.base.errors import NotFound
from insights.catalogue.queries import company_called, list_companies
from insights.digest import Mention, Week
from insights.insight import Kind, Stance
from insights.rivals import telling as told
from insights.rivals.rival import Companion, Rival, Rivals, Voices
from insights.stored import Seller
from insights.trends import telling
from insights.trends.queries import last_day, quotes
from insights.trends.trend import Filter, Period, Question, Series, Unit

router = APIRouter()

QUOTES = 3
MOST_QUOTES = 60
"""Of one stance or objection: at first, and once it is asked for."""

MOST_RIVALS = 25
"""Beside each other on one page; the table has all."""

Weeks = Annotated[int, Query(ge=4, le=WEEKS[-1])]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks to see of one company's rivals."""

    company: str
    segment: str | None
    weeks: int
    kind: Kind = Kind.COMPETITOR

    @property
    def among(self) -> Filter:
        return Filter(company=self.company, segment=self.segment)

    def address(self, path: str = "/competitors", **more: str | None) -> str:
        """The address that asks this, or with something else."""
        given: dict[str, Any] = {"company": self.company, "segment": self.segment}
        given |= {"weeks": self.weeks if self.weeks != WEEKS[0] else None}
        return f"{path}?{urlencode({k: v for k, v in (given | more).items() if v is not None})}"

    def rival(self, name: str, **more: str) -> str:
        """The page of one rival."""
        return self.address("/competitors/rival", name=name, **more)

    def point(self, series: Series, period: Period) -> str:
        """The address that shows the quotes of a point."""
        return self.rival(series.label, week=period.name)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The point whose quotes are shown."""

    week: Week

    def is_(self, _: Series, period: Period) -> bool:
        return period.start == self.week.monday


@dataclass(frozen=True, slots=True)
class Overview:
    """A company's rivals as they are shown."""

    asked: Asked
    found: Rivals
    newest: date | None  # day of the latest call; None where there is none
    evidence: Evidence | None  # of what changed

    @property
    def last(self) -> date:
        """The last day shown."""
        return self.found.trends.question.until - timedelta(1)

    @property
    def old(self) -> bool:
        """Whether the weeks shown are over for long."""
        today, until = self.found.trends.today, self.found.trends.question.until
        return self.newest is not None and until <= today - timedelta(7)


def overview(
    here: Context, user: User, conn: Connection, company: Seller, segment: str | None, weeks: int
) -> Overview:
    """What the page shows of a company."""
    asked = Asked(company.name, segment, weeks)
    today = datetime.now(UTC).date()
    newest = last_day(conn, asked.among)
    spans = weeks_to(weeks, today, newest)
    found = rivals(conn, company, spans, asked.among, today)
    evidence = shown_to(here, user, conn, headline_evidence(conn, found.trends))
    return Overview(asked, found, newest, evidence)


def chosen_company(conn: Connection, name: str) -> Seller | None:
    """The company of a name, else the one with most calls; None where there is none. Raises
    NotFound."""
    if name:
        return company_called(conn, name)
    largest = max(list_companies(conn), key=lambda each: each.calls, default=None)
    return Seller(largest.id, largest.name) if largest else None


def shared() -> dict[str, Any]:
    """What the templates of both pages use."""
    return {"charts": charts, "telling": telling, "told": told, "VERDICTS": VERDICTS} | {
        "WEEKS": WEEKS,
        "MOST_RIVALS": MOST_RIVALS,
    }


@router.get("/competitors/rival")
def rival_page(
    here: Here,
    user: Reader,
    company: Annotated[str, Query(min_length=1, max_length=300)],
    name: Annotated[str, Query(min_length=1, max_length=300)],
    segment: Words = None,
    weeks: Weeks = WEEKS[0],
    week: str = "",
    stance: Stance | None = None,
    objection: Words = None,
) -> Response:
    """One rival week by week: what buyers say of it, what comes with it, and how deals end."""
    chosen = Chosen(Week.parse(week)) if week else None
    with here.pool.connection() as conn:
        listed = company_called(conn, company)
        shown = overview(here, user, conn, listed, segment or None, weeks)
        trends = shown.found.trends
        name, rival = _named(shown.found, name)
        question = replace(trends.question, label=name)
        week_said = _week(conn, question, chosen) if chosen else None
        voices = _voices(conn, question, rival, stance) if rival else []
        companions = _companions(conn, question, rival, objection) if rival else []
        see = partial(shown_quotes, here, user, conn)
        return page(
            "rival.html",
            user,
            shown=shown,
            asked=shown.asked,
            trends=trends,
            name=name,
            rival=rival,
            panel=_panel(rival, shown.found) if rival else None,
            top=charts.scale([rival.series]) if rival else 1.0,
            chosen=chosen,
            evidence=shown_to(here, user, conn, week_said),
            voices=[replace(v, quotes=tuple(see(v.quotes))) for v in voices],
            companions=[(each, see(said), count) for each, said, count in companions],
            **shared(),
        )


def _named(found: Rivals, name: str) -> tuple[str, Rival | None]:
    """A rival as it is written, and what is known of it: None where it is listed and was not named.
    Raises NotFound."""
    for rival in found.rivals:
        if rival.label.casefold() == name.casefold():
            return rival.label, rival
    for listed in found.unnamed:
        if listed.casefold() == name.casefold():
            return listed, None
    raise NotFound(f"Nobody named “{name}” in this time, and it is not in the catalogue.")


def _panel(rival: Rival, found: Rivals) -> Panel:
    trends, change = found.trends, rival.series.change
    top = charts.scale([rival.series])
    return Panel(
        series=rival.series,
        title=rival.label,
        chart=charts.chart(rival.series, trends.question.periods, trends.marks, top),
        verdict=VERDICTS[change.verdict] if change else "",
        figures="",
    )


def _week(conn: Connection, question: Question, chosen: Chosen) -> Evidence:
    """What was said of the rival in the week of a point."""
    period = Period(Unit.WEEK, chosen.week.monday)
    found, mentions = quotes(conn, replace(question, periods=(period,)), limit=MOST_QUOTES)
    when = telling.period_words(period).replace("Week", "week", 1)
    return Evidence(f"{question.label}, {when}", found, mentions)


def _voices(
    conn: Connection, question: Question, rival: Rival, asked: Stance | None
) -> list[Voices]:
    """The latest quotes by stance, most mentions first; more of the stance that was asked for."""
    found = []
    for each in rival.stances:
        limit = MOST_QUOTES if each.stance is asked else QUOTES
        said, mentions = quotes(conn, question, stance=each.stance, limit=limit)
        found.append(Voices(each.stance, mentions, tuple(said)))
    return found


def _companions(
    conn: Connection, question: Question, rival: Rival, asked: str | None
) -> list[tuple[Companion, Sequence[Mention], int]]:
    """What comes with the rival, each with the latest quotes and the number of all."""
    found = []
    among = replace(question.among, rival=rival.label)
    for each in rival.objections:
        wanted = replace(question, kind=Kind.OBJECTION, among=among, label=each.label)
        limit = MOST_QUOTES if each.label == asked else QUOTES
        found.append((each, *quotes(conn, wanted, limit=limit)))
    return found
