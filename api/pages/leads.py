"""Which lead sources and campaigns bring which objections, and how long leads wait."""

from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Response

from api.context import Here
from api.pages import charts
from api.pages.site import page
from api.pages.trends import FILTERS, WEEKS, Evidence, shown_to, weeks_to
from api.pages.words import listed
from api.rest.leads import By, answered
from api.rest.parameters import Reader, Words
from api.rest.trends import among
from ingest.base.db import Connection
from ingest.library.queries import segments
from insights.catalogue.queries import company_names
from insights.digest import label_words
from insights.insight import Kind
from insights.leads import telling as told
from insights.leads.lead import BY, Leads, Objected, Origin
from insights.trends import telling
from insights.trends.queries import last_day, quotes
from insights.trends.trend import Dimension, Filter, Question

router = APIRouter()

QUOTES = 20
MOST_ORIGINS = 20
"""As many as a reader compares; the CSV has all."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks to see."""

    by: Dimension
    among: Filter
    weeks: int

    def address(self, path: str = "/leads", **more: str | None) -> str:
        """The address that asks this, or with something else."""
        given: dict[str, Any] = {"by": self.by.value, **asdict(self.among)}
        given |= {"weeks": self.weeks if self.weeks != WEEKS[0] else None}
        return f"{path}?{urlencode({k: v for k, v in (given | more).items() if v is not None})}"

    @property
    def words(self) -> str:
        """The filters said back."""
        given = asdict(self.among)
        asked = [name for name in FILTERS if given[name] is not None]
        return listed([f"{FILTERS[name]} “{given[name]}”" for name in asked])


@router.get("/leads")
def leads_page(
    here: Here,
    user: Reader,
    among: Annotated[Filter, Depends(among)],
    by: By = Dimension.LEAD_SOURCE,
    weeks: Annotated[int, Query(ge=4, le=WEEKS[-1])] = WEEKS[0],
    label: Words = None,
    group: Words = None,
) -> Response:
    """Origins beside each other, objection by objection, and the quotes of one of these."""
    asked = Asked(by, among, weeks)
    today = datetime.now(UTC).date()
    with here.pool.connection() as conn:
        newest = last_day(conn, among)
        spans = weeks_to(weeks, today, newest)
        leads = answered(conn, Question(Kind.OBJECTION, spans, among, by=by))
        shown = replace(leads, origins=leads.origins[:MOST_ORIGINS])
        return page(
            "leads.html",
            user,
            asked=asked,
            leads=shown,
            headline=told.headline(leads),
            others=[told.sentence(leads, *pair) for pair in told.outstanding(leads)[1:]],
            more=len(leads.origins) - len(shown.origins),
            newest=newest,
            old=newest is not None and spans[-1].stop <= today - timedelta(7),
            any_calls=bool(newest) or last_day(conn, Filter()) is not None,
            evidence=shown_to(here, user, conn, _evidence(conn, leads, label, group)),
            chosen=(label, group or None) if label else None,
            companies=company_names(conn),
            segments=segments(conn),
            **_constants(),
        )


def _constants() -> dict[str, Any]:
    return {"charts": charts, "telling": telling, "waiting": waiting, "BY": BY, "WEEKS": WEEKS} | {
        "ORIGIN": told.ORIGIN
    }


def waiting(wait: timedelta) -> str:
    """How long a lead waited, as people say it: "3 h", "1 day", "6.5 days"."""
    hours = wait / timedelta(hours=1)
    if hours < 48:
        return "less than 1 h" if hours < 1 else f"{hours:.0f} h"
    return f"{wait / timedelta(days=1):.1f}".removesuffix(".0") + " days"


def _evidence(
    conn: Connection, leads: Leads, label: str | None, group: str | None
) -> Evidence | None:
    """The quotes of the number that was chosen, else of what is told first or is the highest."""
    if label is None:
        first = _first(leads)
        if first is None:
            return None
        label, group = first[1].label, first[0].group
    wanted = replace(leads.question, label=label)
    unknown = None if group else leads.by
    if group:
        wanted = replace(wanted, among=wanted.among.also(leads.by, group))
    found, mentions = quotes(conn, wanted, unknown, QUOTES)
    where = telling.group_words(leads.by, group or None)
    title = f"{label_words(Kind.OBJECTION, label)}, {where[0].lower()}{where[1:]}"
    return Evidence(title, found, mentions)


def _first(leads: Leads) -> tuple[Origin, Objected] | None:
    if outstanding := told.outstanding(leads):
        return outstanding[0]
    heard = [(o, each) for o in leads.origins for each in o.objections if each.calls.hits]
    return max(
        heard, key=lambda pair: (pair[0].group is not None, pair[1].calls.hits), default=None
    )
