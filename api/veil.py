"""What somebody sees of the calls' words: all of it, or with what is private masked."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from api.context import Context
from api.users import Right, User
from ingest.base.db import Connection
from insights.digest import Mention
from insights.proposals.proposal import Evidence, Proposal
from insights.reviews.rules import Missed, place
from insights.stored import StoredInsight
from transcribe import queries as transcripts
from transcribe.edits.rules import BadEdit, Edit, Misheard
from transcribe.pii.mask import hidden
from transcribe.pii.passages import private_in
from transcribe.pii.queries import veil_over
from transcribe.pii.veil import Veil
from transcribe.transcript import Speaker, Turn

Quoted = TypeVar("Quoted", Mention, Evidence)


def is_veiled(here: Context, user: User) -> bool:
    """Whether what is private is masked for this user."""
    return here.settings.pii == "mask" and not user.may(Right.RAW)


def veil(here: Context, user: User, conn: Connection, call_ids: Iterable[int]) -> Veil:
    """What of these calls is hidden from this user."""
    return veil_over(conn, call_ids) if is_veiled(here, user) else Veil()


def shown_insights(
    here: Context, user: User, conn: Connection, found: Sequence[StoredInsight]
) -> list[StoredInsight]:
    """The insights as this user sees them, their characters counted in the turns so shown."""
    hide = veil(here, user, conn, (insight.call_id for insight in found))
    return insights_behind(hide, found)


def insights_behind(hide: Veil, found: Sequence[StoredInsight]) -> list[StoredInsight]:
    """The insights with what the veil hides masked."""
    return [_insight(hide, insight) for insight in found]


def shown_quotes(
    here: Context, user: User, conn: Connection, found: Sequence[Quoted]
) -> list[Quoted]:
    """Mentions or evidence as this user sees them."""
    hide = veil(here, user, conn, (each.call_id for each in found))
    return [replace(each, quote=hide.quote(each.call_id, each.quote)) for each in found]


def shown_proposals(
    here: Context, user: User, conn: Connection, found: Sequence[Proposal]
) -> list[Proposal]:
    """Proposed names with their evidence as this user sees it."""
    return [
        replace(each, evidence=tuple(shown_quotes(here, user, conn, each.evidence)))
        for each in found
    ]


def meant(here: Context, user: User, conn: Connection, call_id: int, missed: Missed) -> Missed:
    """A missed insight in the turns as they are, where the user chose its words in those shown.
    Raises BadReview where they are not there, NotFound without a transcript."""
    hide = veil(here, user, conn, [call_id])
    if not hide.calls:
        return missed
    shown = hide.transcript(call_id, transcripts.load(conn, call_id))
    turn, quote = place(shown.turns, missed)
    span = hide.plain_span(call_id, turn, quote.start_char, quote.end_char)
    return replace(missed, turn=turn, quote=None, span=span)


def shown_edits(
    here: Context, user: User, conn: Connection, call_id: int, edits: Sequence[Edit]
) -> list[Edit]:
    """A call's edits as this user sees them: an original has no masks of its own yet."""
    if not is_veiled(here, user):
        return list(edits)
    hide = veil(here, user, conn, [call_id])
    return [
        replace(
            edit,
            original=_hidden_alone(edit.original),
            misheard=tuple(
                Misheard(
                    *hide.span(call_id, edit.turn, each.start, each.end),
                    heard=_hidden_alone(each.heard),
                )
                for each in edit.misheard
            ),
        )
        for edit in edits
    ]


def must_see(here: Context, user: User, conn: Connection, call_id: int, turn: int) -> None:
    """Raise BadEdit where some of a turn's words are hidden from this user, who would overwrite
    them with their masks."""
    if turn in veil(here, user, conn, [call_id]).calls.get(call_id, {}):
        raise BadEdit("Some of these words are hidden from you: ask an administrator to edit them.")


def _hidden_alone(text: str) -> str:
    masks = private_in([Turn(Speaker.UNKNOWN, text)]).get(0, ())
    return hidden(text, masks)


def _insight(hide: Veil, insight: StoredInsight) -> StoredInsight:
    start, end = hide.span(insight.call_id, insight.turn, insight.char_start, insight.char_end)
    return replace(
        insight,
        quote=hide.quote(insight.call_id, insight.quote),
        char_start=start,
        char_end=end,
    )
