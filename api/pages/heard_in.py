"""What language a call was heard in, as its page tells it: pure."""

from dataclasses import dataclass

from api.pages.words import length, listed
from transcribe.language_names import language_name
from transcribe.languages import ENGLISH
from transcribe.transcript import Transcript


@dataclass(frozen=True, slots=True)
class HeardIn:
    """What of a call was left out, and the language to hear it again in."""

    told: str  # empty where nothing was left out, or the whole call was
    again: str  # ISO 639-1, to be offered; empty where the call was heard as it should be
    again_name: str


def heard_in(transcript: Transcript) -> HeardIn:
    """A call in another language than was expected is offered in that one, and one that was heard
    in another language than English in English: what was detected may be wrong."""
    again = ""
    if transcript.misheard:
        again = transcript.language or ""
    elif transcript.language not in (None, ENGLISH):
        again = ENGLISH
    told = "" if transcript.misheard else _left_out(transcript)
    return HeardIn(told, again, language_name(again))


def _left_out(transcript: Transcript) -> str:
    found = sorted(transcript.foreign_seconds.items(), key=lambda each: -each[1])
    if not found:
        return ""
    if len(found) == 1:
        [(code, seconds)] = found
        return f"{length(seconds)} in another language ({language_name(code)}?) were left out."
    parts = [f"{length(seconds)} ({language_name(code)}?)" for code, seconds in found]
    return f"Speech in other languages was left out: {listed(parts)}."
