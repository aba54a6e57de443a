"""Which of a call's words are mined: the detectors know English alone. Pure."""

from dataclasses import replace

from transcribe.language_names import language_name
from transcribe.languages import ENGLISH
from transcribe.transcript import Transcript

MINABLE = f"""(coalesce(transcript.language, '{ENGLISH}') = '{ENGLISH}' and not coalesce(
    jsonb_exists(transcript.parameters -> 'foreign_seconds', transcript.language), false))"""
"""The rule of `minable` in SQL."""


def minable(transcript: Transcript) -> bool:
    """Whether the call is mined: not in another language, nor heard in one that it is not in."""
    return _known(transcript.language) and not transcript.misheard


def _known(language: str | None) -> bool:
    """Whether the detectors know the language; one that nobody tells is taken for English."""
    return language in (None, ENGLISH)


def mined_part(transcript: Transcript) -> Transcript:
    """The transcript with the turns silenced that are in another language; positions stay."""
    return replace(
        transcript,
        turns=tuple(
            turn if _known(transcript.language_of(turn)) else replace(turn, text="", words=())
            for turn in transcript.turns
        ),
    )


def why_not_mined(transcript: Transcript, mined: bool) -> str | None:
    """What of the call is not mined and why, in a sentence; None where all is. `mined`: whether it
    counts as mined, which another language's call does that an earlier release took."""
    if mined and not minable(transcript):
        return None
    because = "Earshot’s detectors know English"
    if transcript.misheard:
        return _misheard(transcript)
    if transcript.language is not None and not _known(transcript.language):
        return f"Transcribed in {language_name(transcript.language)}; not mined: {because}."
    others = {transcript.language_of(turn) for turn in transcript.turns}
    named = sorted(language_name(other) for other in others if other and not _known(other))
    if not named:
        return None
    return f"What is said in {' and '.join(named)} is transcribed and not mined: {because}."


def _misheard(transcript: Transcript) -> str:
    asked = transcript.parameters.get("language_asked")
    expected = language_name(asked) if asked else "another language"
    spoken = language_name(transcript.language or ENGLISH)
    return (
        f"Most of this call sounds like {spoken}, and it was heard as {expected}: those words were "
        f"left out. Where it is {spoken}, have it heard again."
    )
