"""A call: hear it, read it, and see what the buyer said that matters."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from api.auth import needs
from api.context import Here
from api.pages import words
from api.pages.marking import Mark, Piece, pieces, word_times
from api.pages.queries import has_transcript
from api.pages.site import page
from api.users import Right, User
from ingest.base.db import Connection
from ingest.base.errors import NotFound
from ingest.calls import Call
from ingest.queries import get_call
from insights.digest import label_words
from insights.insight import Kind, MiningNote, Review
from insights.queries import insights_of, mining_note
from insights.stored import StoredInsight
from transcribe import queries as transcripts
from transcribe.transcript import Speaker, Transcript, Turn

router = APIRouter()
Reader = Annotated[User, Depends(needs(Right.READ))]

SIDES = {Speaker.SELLER: "Seller", Speaker.BUYER: "Buyer", Speaker.UNKNOWN: "Speaker"}
TRACK = 1000
"""Width of the player's track in its own units."""
THINNEST = 4


@dataclass(frozen=True, slots=True)
class Shown:
    """An insight as listed beside the transcript and marked on the player's track."""

    id: int
    turn: int
    kind: Kind
    tag: str  # "Objection: Price"
    note: str  # a rival's stance
    quote: str
    who: str
    confidence: float
    start: float | None  # seconds
    x: int | None  # on the track; None without times
    width: int

    @property
    def lane(self) -> int:
        """Each kind has its own, so that the hue is not all that tells them apart."""
        return list(Kind).index(self.kind)


@dataclass(frozen=True, slots=True)
class TurnShown:
    """A turn as read."""

    side: str
    side_words: str
    who: str  # empty where the same speaker goes on
    start: float | None
    times: str
    pieces: tuple[Piece, ...]


@router.get("/calls/{call_id}")
def call_page(here: Here, user: Reader, call_id: int) -> Response:
    """The whole call."""
    with here.pool.connection() as conn:
        call = get_call(conn, call_id)
        transcript = _transcript(conn, call_id)
        found = _found(conn, call_id)
        how = mining_note(conn, call_id)
    return page(
        "call.html",
        user,
        call=call,
        transcript=transcript,
        turns=list(_turns(transcript, found)) if transcript else [],
        insights=[_shown(i, call) for i in found],
        missing=max(call.missing_seconds, transcript.missing_seconds if transcript else 0),
        playable=call.audio_sha256 is not None,
        **_state(call, transcript is not None, found, how),
    )


@router.get("/calls/{call_id}/live")
def call_live(here: Here, user: Reader, call_id: int) -> Response:
    """What changes while the call is on its way."""
    with here.pool.connection() as conn:
        call = get_call(conn, call_id)
        has_words = has_transcript(conn, call_id)
        how = mining_note(conn, call_id)
        state = _state(call, has_words, _found(conn, call_id), how)
    return page("call_state.html", user, call=call, **state)


def _found(conn: Connection, call_id: int) -> list[StoredInsight]:
    """The call's insights in the order they were said, without those a person rejected."""
    return [i for i in insights_of(conn, call_id) if i.review is not Review.REJECTED]


def _transcript(conn: Connection, call_id: int) -> Transcript | None:
    try:
        return transcripts.load(conn, call_id)
    except NotFound:
        return None


def _state(
    call: Call, has_words: bool, found: Sequence[StoredInsight], how: MiningNote | None
) -> dict[str, Any]:
    counts = {kind: sum(i.kind is kind for i in found) for kind in Kind}
    told = words.listed([text for _, text in words.kinds_counted(counts)])
    what = "recording and every word of it are" if has_words else "recording is"
    return {
        "underway": call.state in words.ON_THE_WAY,
        "answer": f"{told}." if told else "No objection, competitor or feature request was found.",
        "notes": how.sentences if how else [],
        "kept": f"The {what} kept, and no other call is touched.",
    }


def _shown(insight: StoredInsight, call: Call) -> Shown:
    start, end = insight.start, insight.end
    x = width = None
    if start is not None and call.seconds > 0:
        x = min(round(TRACK * start / call.seconds), TRACK - THINNEST)
        width = round(TRACK * ((end or start) - start) / call.seconds)
    return Shown(
        id=insight.id,
        turn=insight.turn,
        kind=insight.kind,
        tag=f"{_KIND_TAGS[insight.kind]}: {label_words(insight.kind, insight.label)}",
        note=_note(insight),
        quote=insight.quote,
        who=insight.speaker_name or SIDES[insight.speaker],
        confidence=insight.confidence,
        start=start,
        x=x,
        width=max(width or 0, THINNEST),
    )


_KIND_TAGS = {
    Kind.OBJECTION: "Objection",
    Kind.COMPETITOR: "Competitor",
    Kind.FEATURE_REQUEST: "Feature request",
}


def _note(insight: StoredInsight) -> str:
    unlisted = "not in the catalogue" if insight.unlisted else None
    return ", ".join(part for part in (insight.stance, unlisted) if part)


def _turns(transcript: Transcript, found: Sequence[StoredInsight]) -> Iterator[TurnShown]:
    before: tuple[Speaker, str | None] | None = None
    for position, turn in enumerate(transcript.turns):
        speaker = (turn.speaker, turn.name)
        marks = [_mark(i) for i in found if i.turn == position]
        yield _turn(turn, marks, goes_on=speaker == before)
        before = speaker


def _turn(turn: Turn, marks: Sequence[Mark], goes_on: bool) -> TurnShown:
    side = SIDES[turn.speaker]
    return TurnShown(
        side=turn.speaker.value,
        side_words=side,
        who="" if goes_on else turn.name or side,
        start=turn.start,
        times=word_times(turn),
        pieces=tuple(pieces(turn.text, marks)),
    )


def _mark(insight: StoredInsight) -> Mark:
    said = {
        Kind.OBJECTION: f"{label_words(insight.kind, insight.label)} objection",
        Kind.COMPETITOR: f"Competitor, {insight.stance}",
        Kind.FEATURE_REQUEST: "Feature request",
    }[insight.kind]
    return Mark(insight.id, insight.kind, said, insight.char_start, insight.char_end)
