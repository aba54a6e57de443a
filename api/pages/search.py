"""What was said, found by words or by meaning: call by call, each passage with its second."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Response

from api.context import Here
from api.pages.calls import Day, midnight
from api.pages.queries import known_names
from api.pages.site import page
from api.pages.words import kind_words
from api.rest.lists import decode, encode
from api.rest.parameters import Reader, Words
from api.rest.search import find
from api.schemas import LONGEST_TEXT
from api.veil import is_veiled
from ingest.base.errors import Refused
from insights.digest import count_words
from insights.insight import Kind
from insights.search.meaning.queries import NEAREST
from insights.search.search import (
    Among,
    By,
    Found,
    FoundCall,
    NoMeanings,
    Order,
    Passage,
    Place,
)

router = APIRouter()

PAGE = 20
"""Calls on a page, each with up to three passages."""

ORDERS = {
    Order.RELEVANCE: "those first in which it is said most",
    Order.NEWEST: "newest first",
    Order.NEAREST: "those first that come nearest",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for where, as the address says it; empty asks for nothing."""

    q: Annotated[str, Query(max_length=LONGEST_TEXT)] = ""
    by: By = By.WORDS
    company: Words = None
    account: Words = None
    segment: Words = None
    stage: Words = None
    lead_source: Words = None
    rep: Words = None
    since: Day = ""
    until: Day = ""  # the last day, in UTC as the first
    kind: Kind | Literal[""] = ""
    label: Words = None

    @property
    def filters(self) -> dict[str, str]:
        """What is asked of the calls and quotes."""
        quotes, parties = ("kind", "label"), ("account", "segment", "rep", "company")
        names = (*quotes, *parties, "stage", "lead_source", "since", "until")
        return {name: str(getattr(self, name)) for name in names if getattr(self, name)}

    @property
    def words(self) -> list[str]:
        """The filters said back: account “Hartsoe Home”."""
        said = {"since": "from", "until": "to", "lead_source": "lead source"}
        shown = self.filters | ({"kind": kind_words(Kind(self.kind))} if self.kind else {})
        return [f"{said.get(name, name)} “{value}”" for name, value in shown.items()]

    @property
    def among(self) -> Among:
        """The calls meant."""
        return Among(
            company=self.company or None,
            account=self.account or None,
            segment=self.segment or None,
            stage=self.stage or None,
            rep=self.rep or None,
            lead_source=self.lead_source or None,
            since=midnight(self.since) if self.since else None,
            until=midnight(self.until) + timedelta(1) if self.until else None,
            kind=self.kind or None,
            label=self.label or None,
        )

    def address(self, **more: str) -> str:
        """The address that asks this, or with something else."""
        asked = {"q": self.q, "by": self.by.value} | self.filters | more
        if asked["by"] == By.WORDS:
            del asked["by"]
        return f"/search?{urlencode(asked)}"


@router.get("/search")
def search_page(
    here: Here, user: Reader, asked: Annotated[Asked, Depends()], after: str = ""
) -> Response:
    """What was found, or how to look for it."""
    place = decode(after or None, Place)
    found, wrong = None, None
    with here.pool.connection() as conn:
        known = known_names(conn)
        if asked.q.strip():
            try:
                veiled = is_veiled(here, user)
                most = PAGE if asked.by is By.WORDS else NEAREST
                found = find(conn, asked.by, asked.q, asked.among, place, most, veiled=veiled)
            except Refused as error:
                wrong = error
    return page(
        "search.html",
        user,
        status=wrong.status if wrong else 200,
        sought=asked.q,
        asked=asked,
        found=found,
        headline=_headline(asked, found) if found else "",
        wrong=str(wrong) if wrong else "",
        by_meaning=asked.by is By.MEANING,
        without_meanings=isinstance(wrong, NoMeanings),
        known=known,
        more=asked.address(after=encode(found.more)) if found and found.more else "",
        first="" if after else asked.address(),
        **_constants(),
    )


def _constants() -> dict[str, Any]:
    return {
        "pieces": pieces,
        "passage_path": passage_path,
        "Order": Order,
        "ORDERS": ORDERS,
        "NEAREST": NEAREST,
    }


def _headline(asked: Asked, found: Found) -> str:
    """ "4 passages in 3 calls say price"; how many, where that was counted."""
    if found.order is Order.NEAREST:
        return _nearest(asked, found)
    if not found.calls:
        return f"No call says {asked.q}"
    if found.in_calls is None or found.in_turns is None:
        return f"Many calls say {asked.q}: the latest first"
    passages = count_words(found.in_turns, "passage")
    says = "says" if found.in_turns == 1 else "say"
    return f"{passages} in {count_words(found.in_calls, 'call')} {says} {asked.q}"


def _nearest(asked: Asked, found: Found) -> str:
    if not found.calls:
        return f"Nothing that was said comes near to “{asked.q}”"
    passages = count_words(found.in_turns or 0, "passage")
    comes = "comes" if found.in_turns == 1 else "come"
    calls = count_words(found.in_calls or 0, "call")
    return f"{passages} in {calls} {comes} near to “{asked.q}”"


def pieces(passage: Passage) -> Iterator[tuple[str, bool]]:
    """A passage's text in pieces, each with whether it is one of the words found."""
    at = 0
    for mark in passage.marks:
        yield passage.text[at : mark.start], False
        yield passage.text[mark.start : mark.end], True
        at = mark.end
    yield passage.text[at:], False


def passage_path(call: FoundCall, passage: Passage) -> str:
    """The call's page, at the second and the turn of a passage."""
    heard = call.sound and passage.start is not None
    second = f"?t={passage.start:.1f}" if heard else ""
    return f"/calls/{call.call_id}{second}#turn-{passage.turn}"
