"""The shapes of lead quality, as in `api.schemas`."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from pydantic import Field

from api.links import QuotesPath, quotes_path
from api.rival_schemas import ContrastOut, Quotes, contrast_out
from api.schemas import Answer
from api.tables import table
from api.trend_schemas import ShareOut, share_out
from insights.leads import telling
from insights.leads.lead import ENOUGH_LEADS, Lead, Leads, Objected, Origin, Wait
from insights.trends.trend import Dimension


class ObjectedOut(Answer):
    """One objection in the calls of one origin."""

    label: str = Field(examples=["need"])
    mentions: int
    calls: ShareOut
    contrast: ContrastOut | None = Field(
        description="These calls beside all others; null where the origin is not noted."
    )
    quotes: str | None = Quotes


class LeadOut(Answer):
    """One lead and its first call."""

    account: str | None
    lead_created_at: datetime
    held_at: datetime
    seconds: float = Field(description="From one to the other.")
    call: str = Field(examples=["/v1/calls/42"])


class QuartilesOut(Answer):
    """Seconds from the time when a lead came in to its first call."""

    leads: int = Field(description="Whose first call was held in the time asked for.")
    first_quartile: float
    median: float = Field(examples=[518400.0])
    third_quartile: float
    enough: bool = Field(
        description=f"There are at least {ENOUGH_LEADS} leads, so that these say something."
    )


class WaitOut(QuartilesOut):
    """How long the leads of one origin waited."""

    slowest: list[LeadOut] = Field(description="The five that waited longest.")


class OriginOut(Answer):
    """A lead source, or a campaign."""

    group: str | None = Field(description="Null: not noted.", examples=["webinar"])
    calls: int = Field(description="Mined.")
    accounts: int
    objections: list[ObjectedOut]
    wait: WaitOut | None = Field(description="Null where no dated lead had its first call.")


class LeadsOut(Answer):
    """Which origins bring which objections, and how long their leads wait."""

    by: Dimension
    since: date
    until: date
    calls: int = Field(description="All calls mined.")
    headline: str = Field(examples=["From lead source “webinar”, need comes up in 6 of 11 calls …"])
    outstanding: list[str] = Field(description="All that stands out, in sentences.")
    wait: QuartilesOut | None = Field(description="Of all leads.")
    items: list[OriginOut] = Field(description="Most calls first.")
    next: str | None = Field(description="The cursor for going on; null at the end.")


def leads_out(leads: Leads, shown: Sequence[Origin], next: str | None) -> LeadsOut:
    """The answer in the API's shape, with the origins shown on this page; `next` is the cursor for
    going on."""
    quotes = quotes_path(leads.question)
    return LeadsOut(
        by=leads.by,
        since=leads.question.since,
        until=leads.question.until,
        calls=leads.calls,
        headline=telling.headline(leads),
        outstanding=[telling.sentence(leads, *pair) for pair in telling.outstanding(leads)],
        wait=_quartiles(leads.wait) if leads.wait else None,
        items=[_origin(origin, leads.by, quotes) for origin in shown],
        next=next,
    )


def _origin(origin: Origin, by: Dimension, quotes: QuotesPath) -> OriginOut:
    return OriginOut(
        group=origin.group,
        calls=origin.calls,
        accounts=origin.accounts,
        objections=[_objected(each, origin, by, quotes) for each in origin.objections],
        wait=_wait(origin.wait, origin) if origin.wait else None,
    )


def _objected(objected: Objected, origin: Origin, by: Dimension, quotes: QuotesPath) -> ObjectedOut:
    noted = origin.group is not None
    return ObjectedOut(
        label=objected.label,
        mentions=objected.mentions,
        calls=share_out(objected.calls),
        contrast=contrast_out(objected.contrast) if objected.contrast else None,
        quotes=quotes(label=objected.label, **{by.value: origin.group}) if noted else None,
    )


def _wait(wait: Wait, origin: Origin) -> WaitOut:
    slowest = [_lead(lead) for lead in origin.slowest]
    return WaitOut(slowest=slowest, **_quartiles(wait).model_dump())


def _quartiles(wait: Wait) -> QuartilesOut:
    first, median, third = map(timedelta.total_seconds, wait.quartiles)
    return QuartilesOut(
        leads=wait.leads,
        first_quartile=first,
        median=median,
        third_quartile=third,
        enough=wait.enough,
    )


def _lead(lead: Lead) -> LeadOut:
    return LeadOut(
        account=lead.account,
        lead_created_at=lead.created_at,
        held_at=lead.held_at,
        seconds=lead.wait.total_seconds(),
        call=f"/v1/calls/{lead.call_id}",
    )


# As a table -------------------------------------------------------------------------------

COLUMNS = (
    *("by", "group", "since", "until", "accounts", "label", "mentions"),
    *("calls", "of", "share", "low", "high"),
    *("verdict", "elsewhere_calls", "elsewhere_of", "p", "q"),
    *("leads", "first_quartile_s", "median_s", "third_quartile_s"),
)
"""One row an origin and objection; what follows `q` is the origin's, in each of its rows."""


def to_csv(answer: LeadsOut) -> str:
    """The answer as RFC 4180 with a line of names."""
    return table(COLUMNS, _rows(answer))


def _rows(answer: LeadsOut) -> Iterator[dict[str, Any]]:
    for item in answer.items:
        whole: dict[str, Any] = {"by": answer.by.value, "group": item.group}
        whole |= {"since": answer.since, "until": answer.until, "accounts": item.accounts}
        if wait := item.wait:
            whole |= {"leads": wait.leads, "first_quartile_s": wait.first_quartile}
            whole |= {"median_s": wait.median, "third_quartile_s": wait.third_quartile}
        for each in item.objections:
            row = whole | {"label": each.label, "mentions": each.mentions} | dict(each.calls)
            if contrast := each.contrast:
                row |= {"verdict": contrast.verdict.value, "p": contrast.p, "q": contrast.q}
                row |= {"elsewhere_calls": contrast.elsewhere.calls}
                row |= {"elsewhere_of": contrast.elsewhere.of}
            yield row
        if not item.objections:
            yield whole
