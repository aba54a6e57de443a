"""The queue of what nobody has reviewed: one insight after another, least sure first.

The least sure ones teach most: there a detector is about as often wrong as right. They say little
of how often it is right on the whole, which `earshot detectors` tells of what was reviewed.
"""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Response
from fastapi.responses import RedirectResponse

from api.context import Context, Here
from api.pages.call import KIND_TAGS, sure, undo_of, verdict_of
from api.pages.marking import passage, shortened
from api.pages.queries import theme_names
from api.pages.site import page
from api.pages.speaking import SIDES
from api.pages.theme import mention
from api.rest.lists import decode, encode
from api.rest.parameters import Id, Reviewer
from api.schemas import BIGINT, Text
from api.users import User
from api.veil import insights_behind, shown_insights, veil
from ingest.base.db import Connection
from insights.digest import label_words
from insights.insight import Kind, Review, Stance
from insights.queries import catalogue, insight
from insights.reviews import queries
from insights.reviews.rules import Backlog, BadReview, Judgement, QueuePosition
from insights.stored import StoredInsight
from transcribe import queries as transcripts
from transcribe.transcript import Transcript

router = APIRouter()
OneKind = Annotated[Kind | None, Form()]

BEFORE, AFTER = 2, 1
"""Turns shown around the quote's: enough to tell a joke from an objection."""
LONGEST = 400  # characters of each


@dataclass(frozen=True, slots=True)
class Heard:
    """A turn beside the quote's."""

    who: str
    text: str


@dataclass(frozen=True, slots=True)
class Task:
    """An insight to be judged, with what was said around it."""

    of: StoredInsight
    question: str
    who: str
    before: tuple[Heard, ...]
    passage: tuple[str, str, str]  # before the quote, the quote, after it; of its own turn
    after: tuple[Heard, ...]

    @property
    def tag(self) -> str:
        return f"{KIND_TAGS[self.of.kind]}: {label_words(self.of.kind, self.of.label)}"

    @property
    def sure(self) -> str:
        return sure(self.of.confidence)


@dataclass(frozen=True, slots=True)
class Told:
    """What was just said, with the way back."""

    id: int
    verdict: str
    quote: str
    undo: Review


@router.get("/review")
def review_page(
    here: Here,
    user: Reviewer,
    kind: Kind | None = None,
    after: str = "",
    at: Annotated[int | None, Query(ge=1, le=BIGINT)] = None,
    done: Annotated[int | None, Query(ge=1, le=BIGINT)] = None,
) -> Response:
    """The next insight after a place in the queue, or the one asked for."""
    return _page(here, user, kind, after=after, at=at, done=done)


@router.post("/review/{insight_id}")
def say(
    here: Here,
    user: Reviewer,
    insight_id: Id,
    verdict: Annotated[Review, Form()],
    label: Annotated[Text | None, Form()] = None,
    stance: Annotated[Stance | None, Form()] = None,
    kind: OneKind = None,
) -> Response:
    """Confirm, relabel or reject; then the next. What is taken back is shown again."""
    try:
        with here.whole.connection() as conn:
            queries.review(conn, insight_id, Judgement(verdict, label, stance), user.id)
            said = insight(conn, insight_id)
    except BadReview as error:
        return _page(here, user, kind, at=insight_id, wrong=str(error))
    if said.review is Review.UNREVIEWED:
        return RedirectResponse(_address(kind, at=insight_id), 303)
    return RedirectResponse(_address(kind, after=_place(said), done=insight_id), 303)


def _page(
    here: Context,
    user: User,
    kind: Kind | None,
    after: str = "",
    at: int | None = None,
    done: int | None = None,
    wrong: str = "",
) -> Response:
    with here.pool.connection() as conn:
        position = decode(after or None, QueuePosition)
        found = insight(conn, at) if at else queries.next_to_review(conn, kind, position)
        transcript = None
        if found:
            found, transcript = _seen(here, user, conn, found)
        said = shown_insights(here, user, conn, [insight(conn, done)])[0] if done else None
        backlogs = queries.backlogs(conn)
        return page(
            "queue.html",
            user,
            status=422 if wrong else 200,
            kind=kind,
            task=_task(found, transcript) if found and transcript else None,
            mention=mention(found) if found else None,
            skip=_address(kind, after=_place(found)) if found else "",
            again=_address(kind),
            skipped=bool(after),
            told=_told(said) if said and said.review is not Review.UNREVIEWED else None,
            backlogs=backlogs,
            all=_sum(backlogs),
            backlog=backlogs[kind] if kind else _sum(backlogs),
            address=_address,
            wrong=wrong,
            **_names(conn, found),
        )


def _seen(
    here: Context, user: User, conn: Connection, found: StoredInsight
) -> tuple[StoredInsight, Transcript]:
    """The insight and its call's words as this user sees them."""
    hide = veil(here, user, conn, [found.call_id])
    [shown] = insights_behind(hide, [found])
    return shown, hide.transcript(found.call_id, transcripts.load(conn, found.call_id))


def _names(conn: Connection, found: StoredInsight | None) -> dict[str, list[str]]:
    """What a label may be called here."""
    if found is None:
        return {"rivals": [], "themes": []}
    return {
        "rivals": [rival.name for rival in catalogue(conn, found.company_id)],
        "themes": theme_names(conn, found.company_id),
    }


def _sum(backlogs: dict[Kind, Backlog]) -> Backlog:
    each = backlogs.values()
    return Backlog(sum(b.waiting for b in each), sum(b.reviewed for b in each))


def _address(kind: Kind | None, **more: object) -> str:
    given = ({"kind": kind.value} if kind else {}) | more
    return f"/review?{urlencode(given)}" if given else "/review"


def _place(found: StoredInsight) -> str:
    return encode(QueuePosition(found.confidence, found.id))


def _told(said: StoredInsight) -> Told:
    return Told(said.id, verdict_of(said), said.quote, undo_of(said))


def _task(found: StoredInsight, transcript: Transcript) -> Task:
    turns = transcript.turns
    heard = [
        Heard(turn.name or SIDES[turn.speaker], shortened(turn.text, LONGEST)) for turn in turns
    ]
    at = found.turn
    text = turns[at].text if at < len(turns) else found.quote
    return Task(
        of=found,
        question=_question(found),
        who=found.speaker_name or SIDES[found.speaker],
        before=tuple(heard[max(0, at - BEFORE) : at]),
        passage=passage(text, found.char_start, found.char_end, LONGEST),
        after=tuple(heard[at + 1 : at + 1 + AFTER]),
    )


def _question(found: StoredInsight) -> str:
    label = label_words(found.kind, found.label)
    return {
        Kind.OBJECTION: f"Does the buyer object here: {label.lower()}?",
        Kind.COMPETITOR: f"Is the rival {label} meant here, and {found.stance}?",
        Kind.FEATURE_REQUEST: f"Does the buyer ask for “{label}” here?",
    }[found.kind]
