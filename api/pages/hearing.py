"""How a call was heard, in words: pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from api.pages.words import clock
from transcribe.gates import Reason
from transcribe.hearing import UNTOLD, Hearing
from transcribe.transcript import Transcript

IMPORTED = "imported"
LEAST_SECONDS = 0.05  # what would read as 0.0
WHY: Mapping[str, str] = {
    Reason.NO_SPEECH: "nobody seemed to speak",
    Reason.POOR: "noise put into words",
    Reason.STOCK: "phrases that the model writes into silence",
    Reason.FAST: "faster than anybody speaks",
    Reason.LOOP: "the same over and over",
    Reason.PROMPT: "names it was told to listen for, and nobody said",
    Reason.ECHO: "the other side’s voice, faintly on this side’s channel",
    UNTOLD: "for reasons that were not noted then",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing to say of how a call was heard."""

    label: str
    text: str


def hearing_lines(transcript: Transcript) -> tuple[Line, ...]:
    """What to say below a transcript; nothing of one that was brought as text."""
    if transcript.engine in ("", IMPORTED):
        return ()
    hearing = Hearing.of(transcript.parameters)
    lines = (
        Line("Heard by", ", ".join(part for part in (transcript.engine, transcript.model) if part)),
        Line("Language", transcript.language or ""),
        Line("Speech", _speech(hearing, transcript)),
        Line("Names listened for", ", ".join(transcript.vocabulary)),
        Line("Decoded again", _again(hearing)),
        Line("Dropped", _dropped(hearing)),
        Line("Missing", _missing(transcript.missing_seconds)),
        Line("At once", _at_once(transcript.overlap_seconds)),
    )
    return tuple(line for line in lines if line.text)


def _speech(hearing: Hearing, transcript: Transcript) -> str:
    if hearing.speech_seconds is None:
        return ""
    channels = len({turn.channel for turn in transcript.turns})
    both = ", all channels together" if channels > 1 else ""
    return f"{clock(hearing.speech_seconds)} of {clock(transcript.seconds)} minutes{both}"


def _again(hearing: Hearing) -> str:
    if not hearing.redecoded and not hearing.reheard:
        return "nothing"
    return "; ".join(
        f"{_count(times, 'stretch', 'stretches')} {why}"
        for times, why in (
            (hearing.redecoded, "that made no sense at first"),
            (hearing.reheard, "in which speech had got no words"),
        )
        if times
    )


def _dropped(hearing: Hearing) -> str:
    if not hearing.dropped_words:
        return "nothing"
    most = sorted(hearing.dropped.items(), key=lambda item: -item[1])
    told = (f"{_count(words, 'word', 'words')}: {WHY[reason]}" for reason, words in most)
    return "; ".join(told)


def _missing(seconds: float) -> str:
    if seconds < LEAST_SECONDS:
        return "nothing"
    return f"{seconds:.1f} s of the sound could not be decoded"


def _at_once(seconds: float) -> str:
    if round(seconds) < 1:
        return ""
    return f"{seconds:.0f} s of several voices on one channel: some words said then may be missing"


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
