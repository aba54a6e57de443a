"""What a person corrects in a transcript; the insights follow."""

from collections.abc import Mapping

from ingest import queries as calls
from ingest.base.db import Connection
from ingest.base.errors import BadMetadata, Refused
from ingest.calls import Call, CallDetails, CallState
from transcribe import queries
from transcribe.edits.queries import by_hand
from transcribe.language_names import NAMES
from transcribe.transcript import Speaker


class Busy(Refused):
    """A worker has the call, or will hear it anew: what is changed now would be lost."""

    code = "call-busy"
    status = 409


class WouldLose(Refused):
    """What people put right would be lost by it, and nobody said that it may be."""

    code = "edits-stand"
    status = 409


def set_speakers(conn: Connection, call_id: int, speakers: Mapping[int, Speaker]) -> Call:
    """Say whose the call's voices of those numbers are, and have it mined again; the caller
    commits, and rings. Raises NotFound, or Busy with nothing written."""
    state = queries.hold_call(conn, call_id)
    if state in (CallState.WAITING, CallState.HEARING, CallState.MINING):
        raise Busy(f"Call {call_id} is on its way: try again in a moment.")
    queries.set_speakers(conn, call_id, speakers)
    if state in (CallState.DONE, CallState.FAILED):
        return calls.retry(conn, call_id, CallState.HEARD)
    return calls.get_call(conn, call_id)


def hear_again(
    conn: Connection, call_id: int, language: str | None, *, discard_edits: bool = False
) -> Call:
    """Have the call heard afresh in this language (ISO 639-1), or for None in what is detected;
    what people put right goes with the transcript, where `discard_edits` says that it may. The
    caller commits, and rings.

    Raises NotFound; BadMetadata for a language that is not known; Busy where the call is on its
    way, Refused where there is no sound, and WouldLose, with nothing written.
    """
    state = queries.hold_call(conn, call_id)
    if state not in (CallState.DONE, CallState.FAILED):
        raise Busy(f"Call {call_id} is {state}: wait until it is done or has failed.")
    if language is not None and language not in NAMES:
        raise BadMetadata(f"No language {language!r} is known: write two letters such as en.")
    with conn.transaction():
        call = calls.retry(conn, call_id, CallState.WAITING)
        if not discard_edits and (lost := by_hand(conn, call_id).words):
            raise WouldLose(
                f"Hearing call {call_id} again loses what people put right in it: {lost}. "
                'Send "discard_edits": true to have it heard all the same.'
            )
        clear = () if language else ("language",)
        return calls.update_details(conn, call.id, CallDetails(language=language), clear)
