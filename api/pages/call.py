"""A call: hear it, read it, and see what the buyer said that matters."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from api.context import Context, Here
from api.pages import words
from api.pages.clip import NoSuchStretch, clip_of, link, shown_in, stretch
from api.pages.heard_in import heard_in
from api.pages.hearing import hearing_lines
from api.pages.keeping import gone_words, kept_words
from api.pages.marking import Mark, Piece, pieces, word_times
from api.pages.queries import theme_names
from api.pages.site import page
from api.pages.speaking import SIDES, labels, speaking
from api.partial import partial_of
from api.rest.calls import transcript_of
from api.rest.parameters import Reader
from api.users import Right, User
from api.veil import insights_behind, is_veiled, shown_edits, veil
from ingest.calls import Call, CallState
from ingest.queries import get_call
from insights.digest import label_words
from insights.insight import PERSON, Kind, MiningNote, Review, Stance
from insights.minable import why_not_mined
from insights.queries import catalogue, insights_of, mining_note
from insights.stored import StoredInsight
from transcribe.edits.queries import by_hand, edits_of
from transcribe.edits.rules import Edit
from transcribe.kept.partial import Partial
from transcribe.talk import talk_of
from transcribe.transcript import Transcript, Turn

router = APIRouter()

EDITABLE = frozenset({CallState.HEARD, CallState.DONE, CallState.FAILED})
"""States in which no worker has the call."""

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
    note: str  # a rival's stance, and what it was before a person relabelled it
    label: str
    stance: Stance | None
    review: Review
    verdict: str  # "Confirmed"; empty where nobody reviewed it
    undo: Review  # what takes the review back
    quote: str
    who: str
    sure: str  # "87 % sure"
    start: float | None  # seconds
    link: str  # to its stretch
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
    text: str
    pieces: tuple[Piece, ...]
    edit: Edit | None
    stretch: str


@dataclass(frozen=True, slots=True)
class Draft:
    """What a reader is writing; where it was refused, to be shown again."""

    wrong: str = ""  # why it, or a review, was refused
    missed: Mapping[str, object] = field(default_factory=dict)  # the fields of a missed insight
    turn: int | None = None  # whose words are put right
    text: str | None = None  # as written so far
    again: str = ""  # the language to hear the call again in, about which it is asked


@dataclass(frozen=True, slots=True)
class Asked:
    """The stretch that a link leads to, as it stands in the address."""

    start: str | None = None
    end: str | None = None


@router.get("/calls/{call_id}")
def call_page(
    here: Here,
    user: Reader,
    call_id: int,
    edit: Annotated[int | None, Query()] = None,
    rehear: str = "",
    start: Annotated[str | None, Query(alias="from")] = None,
    end: Annotated[str | None, Query(alias="to")] = None,
) -> Response:
    """The whole call; `edit` is the turn whose words its reader puts right, `rehear` the language
    in which to hear it again, where that would lose what people put right, `from` and `to` the
    seconds of a stretch that somebody was sent."""
    return whole(here, user, call_id, Draft(turn=edit, again=rehear), Asked(start, end))


def whole(
    here: Context, user: User, call_id: int, draft: Draft = Draft(), asked: Asked = Asked()
) -> Response:
    """The whole call; where a review was refused, with the reason."""
    with here.pool.connection() as conn:
        call = get_call(conn, call_id)
        transcript = transcript_of(conn, call_id)
        so_far = None if transcript else partial_of(here, user, conn, call)
        hide = veil(here, user, conn, [call_id])
        if transcript:
            transcript = hide.transcript(call_id, transcript)
        found = insights_behind(hide, insights_of(conn, call_id))
        how = mining_note(conn, call_id)
        edits = {
            edit.turn: edit
            for edit in shown_edits(here, user, conn, call_id, edits_of(conn, call_id))
        }
        rivals = [rival.name for rival in catalogue(conn, call.company_id)]
        themes = theme_names(conn, call.company_id)
        lost = by_hand(conn, call_id).words if draft.again else ""
        until = kept_words(conn, call, datetime.now(UTC))
    return page(
        "call.html",
        user,
        status=422 if draft.wrong else 200,
        call=call,
        transcript=transcript,
        turns=list(_turns(transcript, _standing(found), edits)) if transcript else [],
        insights=[_shown(i, call) for i in found],
        talk=talk_of(transcript) if transcript else None,
        sides=SIDES,
        missing=max(call.missing_seconds, transcript.missing_seconds if transcript else 0),
        playable=call.audio_sha256 is not None
        and (transcript is not None or not is_veiled(here, user)),
        timed=transcript is not None
        and all(turn.start is not None and turn.end is not None for turn in transcript.turns),
        hearing=hearing_lines(transcript) if transcript else (),
        speaking=speaking(transcript) if transcript else None,
        heard_in=heard_in(transcript) if transcript else None,
        lost=lost,
        draft=draft,
        may_edit=user.may(Right.BRING) and call.state in EDITABLE,
        rivals=rivals,
        themes=themes,
        kept_until=until,
        **_clip(call, transcript, asked),
        **_so_far(call, so_far, is_veiled(here, user)),
        **_state(call, transcript, found, how),
    )


def _clip(call: Call, transcript: Transcript | None, asked: Asked) -> dict[str, Any]:
    """The stretch that a link leads to, its turns, and its place on the track."""
    seconds = max(call.seconds, transcript.seconds if transcript else 0.0)
    wrong, clip = "", None
    try:
        clip = clip_of(asked.start, asked.end, seconds)
    except NoSuchStretch as error:
        wrong = str(error)
    x, width = _on_track(clip.start, clip.end, seconds) if clip else (0, 0)
    return {
        "clip": clip,
        "no_clip": wrong,
        "clipped": set(shown_in(clip, transcript.turns if transcript else ())),
        "clip_x": x,
        "clip_width": width,
    }


@router.get("/calls/{call_id}/live")
def call_live(here: Here, user: Reader, call_id: int) -> Response:
    """What changes while the call is on its way."""
    with here.pool.connection() as conn:
        call = get_call(conn, call_id)
        transcript = transcript_of(conn, call_id)
        so_far = None if transcript else partial_of(here, user, conn, call)
        how = mining_note(conn, call_id)
        state = _state(call, transcript, insights_of(conn, call_id), how)
    told = _so_far(call, so_far, is_veiled(here, user))
    return page("call_live.html", user, call=call, **told, **state)


def _standing(found: Sequence[StoredInsight]) -> list[StoredInsight]:
    """What counts: all but what a person rejected."""
    return [i for i in found if i.review is not Review.REJECTED]


def _state(
    call: Call,
    transcript: Transcript | None,
    found: Sequence[StoredInsight],
    how: MiningNote | None,
) -> dict[str, Any]:
    counts = {kind: sum(i.kind is kind for i in _standing(found)) for kind in Kind}
    told = words.listed([text for _, text in words.kinds_counted(counts)])
    unmined = why_not_mined(transcript, how is not None) if transcript else None
    nothing = "No objection, competitor or feature request was found."
    what = "call is" if call.recording_gone_at else "recording is"
    if transcript:
        what = "recording and every word of it are" if call.audio_sha256 else "transcript is"
    return {
        "sound_gone": gone_words(call),
        "hearable": transcript is not None or call.audio_sha256 is not None,
        "underway": call.state in words.ON_THE_WAY,
        "answer": f"{told}."
        if told
        else "All that was found here is rejected."
        if found
        else (None if how else unmined) or nothing,
        "notes": [
            *([unmined] if unmined and (how or found) else []),
            *(how.sentences if how else []),
        ],
        "kept": f"The {what} kept, and no other call is touched.",
    }


def _so_far(call: Call, so_far: Partial | None, veiled: bool) -> dict[str, Any]:
    """What is shown of a call until it is heard; a worker that goes on where another left it tells
    of less than is kept, at first."""
    turns = so_far.turns if so_far else ()
    return {
        "so_far": list(_turns(Transcript(turns, call.seconds), [], {})),
        "heard_to": max(call.heard_seconds, so_far.seconds if so_far else 0.0),
        "veiled": veiled,
    }


def _shown(insight: StoredInsight, call: Call) -> Shown:
    start, end = insight.start, insight.end
    x, width = None, THINNEST
    if start is not None and call.seconds > 0:
        x, width = _on_track(start, end, call.seconds)
    return Shown(
        id=insight.id,
        turn=insight.turn,
        kind=insight.kind,
        tag=f"{KIND_TAGS[insight.kind]}: {label_words(insight.kind, insight.label)}",
        note=_note(insight),
        label=insight.label,
        stance=insight.stance,
        review=insight.review,
        verdict=verdict_of(insight),
        undo=undo_of(insight),
        quote=insight.quote,
        who=insight.speaker_name or SIDES[insight.speaker],
        sure="" if insight.detector == PERSON else sure(insight.confidence),
        start=start,
        link=link(start, end, f"insight-{insight.id}"),
        x=x,
        width=width,
    )


def _on_track(start: float, end: float | None, seconds: float) -> tuple[int, int]:
    """Where a stretch lies on the track of a call of `seconds`, and how wide; never too thin to be
    seen."""
    x = min(round(TRACK * start / seconds), TRACK - THINNEST)
    return x, max(round(TRACK * ((end or start) - start) / seconds), THINNEST)


def sure(confidence: float) -> str:
    """A detector's confidence in words; none is ever quite sure."""
    return f"{min(confidence * 100, 99):.0f} % sure"


KIND_TAGS = {
    Kind.OBJECTION: "Objection",
    Kind.COMPETITOR: "Competitor",
    Kind.FEATURE_REQUEST: "Feature request",
}


def _note(insight: StoredInsight) -> str:
    unlisted = "not in the catalogue" if insight.unlisted else None
    return ", ".join(part for part in (insight.stance, unlisted, _before(insight)) if part)


def _before(insight: StoredInsight) -> str | None:
    """What a relabelled insight was found as."""
    if insight.found_label is None:
        return None
    label = label_words(insight.kind, insight.found_label)
    stance = f", {insight.found_stance}" if insight.found_stance else ""
    return f"found as “{label}{stance}”"


def verdict_of(insight: StoredInsight) -> str:
    """What a person said of it; empty where nobody did."""
    if insight.review is Review.REJECTED:
        return "Rejected"
    if insight.detector == PERSON:
        return "Added by a person"
    if insight.review is Review.UNREVIEWED:
        return ""
    return "Confirmed" if insight.found_label is None else "Relabelled"


def undo_of(insight: StoredInsight) -> Review:
    """One that a person added has nothing to go back to: it is in or out."""
    if insight.detector != PERSON:
        return Review.UNREVIEWED
    return Review.CONFIRMED if insight.review is Review.REJECTED else Review.REJECTED


def _turns(
    transcript: Transcript, found: Sequence[StoredInsight], edits: Mapping[int, Edit]
) -> Iterator[TurnShown]:
    called = labels(transcript)
    before: tuple[str, str | None] | None = None
    for position, turn in enumerate(transcript.turns):
        speaker = (called.get(turn.voice, SIDES[turn.speaker]), turn.name)
        marks = [_mark(i) for i in found if i.turn == position]
        yield _turn(turn, speaker[0], marks, edits.get(position), goes_on=speaker == before)
        before = speaker


def _turn(
    turn: Turn, side: str, marks: Sequence[Mark], edit: Edit | None, goes_on: bool
) -> TurnShown:
    return TurnShown(
        side=turn.speaker.value,
        side_words=side,
        who="" if goes_on else turn.name or side,
        start=turn.start,
        times=word_times(turn),
        text=turn.text,
        pieces=tuple(pieces(turn.text, marks, edit.misheard if edit else ())),
        edit=edit,
        stretch=stretch(turn.start, turn.end),
    )


def _mark(insight: StoredInsight) -> Mark:
    said = {
        Kind.OBJECTION: f"{label_words(insight.kind, insight.label)} objection",
        Kind.COMPETITOR: f"Competitor, {insight.stance}",
        Kind.FEATURE_REQUEST: "Feature request",
    }[insight.kind]
    return Mark(insight.id, insight.kind, said, insight.char_start, insight.char_end)
