"""The shapes of what is known of rivals, as in `api.schemas`."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

from pydantic import Field

from api.links import QuotesPath, quotes_path
from api.schemas import Answer, Money
from api.tables import table
from api.trend_schemas import (
    ChangeOut,
    ComparedOut,
    ShareOut,
    change_out,
    compared_out,
    share_out,
)
from insights.digest import ENOUGH_CALLS
from insights.evaluate import Share
from insights.insight import Kind, Stance
from insights.proposals.proposal import Proposal
from insights.rivals.rival import Deal, Rival, Rivals
from insights.trends import telling
from insights.trends.contrast import Contrast
from insights.trends.trend import Verdict

MOST_DEALS = 100
"""Deals of one rival in an answer, the latest."""

Quotes = Field(description="Where the quotes behind it are listed.")


class ContrastOut(Answer):
    """Some calls beside all others of the same time. That two things go together does not say that
    one is why the other is."""

    here: ShareOut
    elsewhere: ShareOut
    verdict: Verdict = Field(
        description="Of `here`: `more` and `less` stand out; `unsure` may be chance; `rare` came up"
        f" in too few calls, and fewer than {ENOUGH_CALLS} here or elsewhere are `too_few_calls`."
    )
    p: float | None = Field(description="Fisher's exact test, two-sided; null: not tested.")
    q: float | None = Field(
        description="The share of false alarms if this and all as sure are told (Benjamini and"
        " Hochberg); it stands out up to 0.1."
    )


class StanceOut(Answer):
    """What buyers do with a rival, or think of it."""

    stance: Stance
    mentions: int
    quotes: str = Quotes


class CompanionOut(ContrastOut):
    """An objection in calls that name the rival (`here`) and in those that do not."""

    label: str = Field(examples=["price"])
    quotes: str = Quotes


class WonOut(Answer):
    """Deals won, of those decided, with Wilson's 95 % interval."""

    deals: int = Field(description="Won.", examples=[3])
    of: int = Field(description="Won or lost.", examples=[8])
    share: float | None = Field(description="Null where none was decided.", examples=[0.375])
    low: float
    high: float
    enough: bool = Field(
        description=f"At least {ENOUGH_CALLS} are decided, so that the share says something."
    )


class DealOut(Answer):
    """A decided deal: a buyer, and the call that says how it ended."""

    account: str | None
    won: bool
    value_usd: Money | None
    call: str = Field(description="The call that says so.", examples=["/v1/calls/42"])
    held_at: datetime
    quotes: str | None = Field(
        description="What was said of the rival there; null where no account is noted."
    )


class RivalOut(Answer):
    """One rival."""

    rival: str = Field(examples=["Tidewall"])
    listed: bool = Field(description="In the catalogue.")
    mentions: int
    voice: float = Field(description="Of the mentions of all rivals.", examples=[0.31])
    calls: ShareOut
    accounts: int = Field(description="Buyers in whose calls it was named.")
    change: ChangeOut | None = Field(description="Null where nothing can be compared.")
    quotes: str = Quotes
    stances: list[StanceOut]
    objections: list[CompanionOut] = Field(description="Only those that stand out.")
    won: WonOut = Field(description="Of the deals decided in whose calls it was named.")
    won_elsewhere: WonOut = Field(description="Of all other deals decided.")
    won_verdict: Verdict = Field(description="Of `won` beside `won_elsewhere`, as of objections.")
    deals: list[DealOut] = Field(description=f"The latest, at most {MOST_DEALS}.")


class NameOut(Answer):
    """A name that may be a rival's, not decided yet."""

    id: int
    name: str
    mentions: int
    calls: int
    proposal: str = Field(examples=["/v1/proposals/3"])

    @classmethod
    def of(cls, name: Proposal) -> "NameOut":
        """A proposal in short."""
        return cls(
            id=name.id,
            name=name.name,
            mentions=name.mentions,
            calls=name.calls,
            proposal=f"/v1/proposals/{name.id}",
        )


class RivalsOut(Answer):
    """Who else the buyers of one company name."""

    company: str
    since: date
    until: date
    calls: int = Field(description="All calls mined.")
    headline: str = Field(examples=["Tidewall came up in 9 of 21 calls in the last four weeks, …"])
    caution: str | None = Field(description="Why a change may not be the buyers'.")
    compared: ComparedOut | None
    won: WonOut = Field(description="Of all deals decided.")
    items: list[RivalOut] = Field(
        description="Changes that are told first, then those named in most calls."
    )
    next: str | None = Field(description="The cursor for going on; null at the end.")
    left_out: int = Field(description="Rivals beyond all pages, each in fewer calls.")
    unnamed: list[str] = Field(description="In the catalogue, and named by nobody.")
    names: list[NameOut] = Field(description="Not in the catalogue, and spoken of as a rival is.")


def rivals_out(
    found: Rivals, company: str, names: Sequence[Proposal], next: str | None
) -> RivalsOut:
    """The answer in the API's shape; `next` is the cursor for going on."""
    trends = found.trends
    quotes = quotes_path(trends.question)
    return RivalsOut(
        company=company,
        since=trends.question.since,
        until=trends.question.until,
        calls=found.calls,
        headline=telling.headline(trends),
        caution=telling.caution(trends) or None,
        compared=compared_out(trends.compared) if trends.compared else None,
        won=won_out(found.won),
        items=[_rival(rival, quotes) for rival in found.rivals],
        next=next,
        left_out=trends.left_out,
        unnamed=list(found.unnamed),
        names=[NameOut.of(name) for name in names],
    )


def _rival(rival: Rival, quotes: QuotesPath) -> RivalOut:
    change = rival.series.change
    return RivalOut(
        rival=rival.label,
        listed=rival.listed,
        mentions=rival.voice.hits,
        voice=round(rival.voice.value, 4),
        calls=share_out(rival.calls),
        accounts=rival.accounts,
        change=change_out(change) if change else None,
        quotes=quotes(label=rival.label),
        stances=[
            StanceOut(
                stance=each.stance,
                mentions=each.mentions,
                quotes=quotes(label=rival.label, stance=each.stance.value),
            )
            for each in rival.stances
        ],
        objections=[
            CompanionOut(
                label=each.label,
                quotes=quotes(kind=Kind.OBJECTION.value, label=each.label, rival=rival.label),
                **contrast_out(each.contrast).model_dump(),
            )
            for each in rival.objections
        ],
        won=won_out(rival.won.here),
        won_elsewhere=won_out(rival.won.elsewhere),
        won_verdict=rival.won.verdict,
        deals=[_deal(deal, rival.label, quotes) for deal in rival.deals[:MOST_DEALS]],
    )


def contrast_out(contrast: Contrast) -> ContrastOut:
    """A contrast in the API's shape."""
    return ContrastOut(
        here=share_out(contrast.here),
        elsewhere=share_out(contrast.elsewhere),
        verdict=contrast.verdict,
        p=contrast.chance,
        q=contrast.false_rate,
    )


def won_out(won: Share) -> WonOut:
    """Deals won, in the API's shape."""
    share = share_out(won)
    return WonOut(
        deals=share.calls,
        of=share.of,
        share=share.share,
        low=share.low,
        high=share.high,
        enough=won.total >= ENOUGH_CALLS,
    )


def _deal(deal: Deal, label: str, quotes: QuotesPath) -> DealOut:
    noted = deal.account is not None
    return DealOut(
        account=deal.account,
        won=deal.won,
        value_usd=deal.value_usd,
        call=f"/v1/calls/{deal.call_id}",
        held_at=deal.ended_at,
        quotes=quotes(label=label, account=deal.account) if noted else None,
    )


# As a table -------------------------------------------------------------------------------

COLUMNS = (
    *("company", "since", "until", "rival", "listed", "mentions", "voice", "accounts"),
    *("calls", "of", "share", "low", "high"),
    *("change", "now_calls", "now_of", "before_calls", "before_of", "p", "q", "across_versions"),
    *(stance.value for stance in Stance),
    *("objections_more", "objections_less", "won", "decided", "won_share", "won_low", "won_high"),
)
"""One row a rival; several objections are parted by commas."""


def to_csv(answer: RivalsOut) -> str:
    """The answer as RFC 4180 with a line of names."""
    return table(COLUMNS, _rows(answer))


def _rows(answer: RivalsOut) -> Iterator[dict[str, Any]]:
    across = answer.compared.across_versions if answer.compared else None
    for item in answer.items:
        row = answer.model_dump(include={"company", "since", "until"})
        row |= item.model_dump(include={"rival", "listed", "mentions", "voice", "accounts"})
        row |= item.calls.model_dump()
        row |= {stance.value: 0 for stance in Stance}
        row |= {each.stance.value: each.mentions for each in item.stances}
        row |= {
            f"objections_{verdict}": ", ".join(
                each.label for each in item.objections if each.verdict is verdict
            )
            for verdict in (Verdict.MORE, Verdict.LESS)
        }
        row |= {"won": item.won.deals, "decided": item.won.of, "won_share": item.won.share}
        row |= {"won_low": item.won.low, "won_high": item.won.high}
        if change := item.change:
            row |= {"change": change.verdict.value, "p": change.p, "q": change.q}
            row |= {"now_calls": change.now.calls, "now_of": change.now.of}
            row |= {"before_calls": change.before.calls, "before_of": change.before.of}
            row |= {"across_versions": across}
        yield row
