"""Words put right: a turn's text edited, and that taken back."""

from fastapi import APIRouter

from api.context import Context, Here
from api.edit_schemas import EditedTurn, TurnEdit
from api.rest.parameters import Bringer, Id, Turn
from api.schemas import EditOut, TurnOut
from api.users import User
from api.veil import must_see, shown_edits, veil
from ingest.base.db import Connection
from ingest.tasks import relay
from insights.edits.queries import edit_turn, undo_edit
from transcribe import queries as transcripts
from transcribe.edits.queries import edits_of

router = APIRouter(prefix="/calls/{call_id}/turns/{turn}", tags=["Calls"])


@router.patch("")
def change_words(here: Here, user: Bringer, call_id: Id, turn: Turn, said: TurnEdit) -> EditedTurn:
    """Put right what was misheard. Words that stay keep their times, the call is mined again, and
    the original is kept. Confirmed insights go with their words, and cannot lose them."""
    with here.whole.connection() as conn:
        must_see(here, user, conn, call_id, turn)
        edit_turn(conn, call_id, turn, said.text, user.id, said.seen)
        answer = _edited(here, user, conn, call_id, turn)
    relay(here.whole)
    return answer


@router.post("/undo")
def undo(here: Here, user: Bringer, call_id: Id, turn: Turn) -> EditedTurn:
    """Take the last edit of these words back."""
    with here.whole.connection() as conn:
        undo_edit(conn, call_id, turn, user.id)
        answer = _edited(here, user, conn, call_id, turn)
    relay(here.whole)
    return answer


def _edited(here: Context, user: User, conn: Connection, call_id: int, turn: int) -> EditedTurn:
    hide = veil(here, user, conn, [call_id])
    said = hide.transcript(call_id, transcripts.load(conn, call_id)).turns[turn]
    edits = shown_edits(here, user, conn, call_id, edits_of(conn, call_id))
    edit = next((edit for edit in edits if edit.turn == turn), None)
    return EditedTurn(
        **TurnOut.model_validate(said).model_dump(),
        edit=EditOut.model_validate(edit) if edit else None,
    )
