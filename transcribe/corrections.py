"""What a person corrects in a transcript; the insights follow."""

from collections.abc import Mapping

from ingest import queries as calls
from ingest.base.db import Connection
from ingest.base.errors import BadMetadata, Refused
from ingest.calls import Call, CallDetails, CallState
from transcribe import queries
from transcribe.language_names import NAMES
from transcribe.transcript import Speaker


class Busy(Refused):
    """A worker has the call, and would not see what is changed now."""

    code = "call-busy"
    status = 409


def set_speakers(conn: Connection, call_id: int, speakers: Mapping[int, Speaker]) -> Call:
    """Say whose the call's voices of those numbers are, and have it mined again; the caller
    commits, and rings. Raises NotFound, or Busy with nothing written."""
    state = queries.hold_call(conn, call_id)
    if state in (CallState.HEARING, CallState.MINING):
        raise Busy(f"Call {call_id} is being worked on: try again in a moment.")
    queries.set_speakers(conn, call_id, speakers)
    if state in (CallState.DONE, CallState.FAILED):
        return calls.retry(conn, call_id, CallState.HEARD)
    return calls.get_call(conn, call_id)


def hear_again(conn: Connection, call_id: int, language: str | None) -> Call:
    """Have the call heard afresh in this language (ISO 639-1), or for None in what is detected;
    words that a person has put right go with the transcript. The caller commits, and rings.

    Raises NotFound; BadMetadata for a language that is not known; Busy where the call is on its
    way, and Refused where there is no sound, with nothing written.
    """
    state = queries.hold_call(conn, call_id)
    if state not in (CallState.DONE, CallState.FAILED):
        raise Busy(f"Call {call_id} is {state}: wait until it is done or has failed.")
    if language is not None and language not in NAMES:
        raise BadMetadata(f"No language {language!r} is known: write two letters such as en.")
    call = calls.retry(conn, call_id, CallState.WAITING)
    clear = () if language else ("language",)
    return calls.update_details(conn, call.id, CallDetails(language=language), clear)
