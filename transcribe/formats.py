"""A transcript as text, Markdown, JSON, WebVTT or SubRip: pure."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from html import escape
from math import isfinite
from typing import Any, Literal, get_args

from ingest.base.errors import BadMetadata
from transcribe.cues import Line, cues, name_of, one_at_a_time
from transcribe.transcript import Speaker, Transcript, Turn, Voice, Word

Format = Literal["text", "markdown", "vtt", "srt", "json"]
FORMATS: tuple[Format, ...] = get_args(Format)

MARKS = re.compile(r"[\\`*_\[\]<>&~|$]")
"""What Markdown would read as a mark within a line; `$` opens a formula on some sites."""


def render(transcript: Transcript, form: Format) -> str:
    """The transcript in `form`, ending with a line's end.

    Raises BadMetadata for subtitles of a transcript without times.
    """
    return _RENDERERS[form](transcript)


def parse_json(text: str) -> Transcript:
    """The transcript that `render(…, "json")` wrote. Raises BadMetadata for anything else."""
    try:
        data = json.loads(text)
        turns = tuple(_turn(turn) for turn in data.pop("turns"))
        transcript = Transcript(
            **{
                **data,
                "turns": turns,
                "vocabulary": tuple(data.get("vocabulary", ())),
                "voices": tuple(_voice(voice) for voice in data.get("voices", ())),
            }
        )
        _check(transcript)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise BadMetadata(
            f"This is not an Earshot transcript ({error!r}): write one with --format json."
        ) from error
    return transcript


def _turn(data: Mapping[str, Any]) -> Turn:
    words = tuple(Word(**word) for word in data.get("words", ()))
    return Turn(**{**data, "speaker": Speaker(data["speaker"]), "words": words})


def _voice(data: Mapping[str, Any]) -> Voice:
    return Voice(**{**data, "speaker": Speaker(data["speaker"])})


def _check(transcript: Transcript) -> None:
    for turn in transcript.turns:
        if not isinstance(turn.text, str):
            raise TypeError("a turn's text is no text")
        if turn.words and turn.text != " ".join(word.text for word in turn.words):
            raise ValueError("a turn's text is not its words")
        times = [turn.start, turn.end]
        times += [t for word in turn.words for t in (word.start, word.end, word.probability)]
        if not all(t is None or isfinite(t) for t in times):
            raise ValueError("a time is no number")
    if not isfinite(transcript.seconds):
        raise ValueError("the length is no number")


def _json(transcript: Transcript) -> str:
    return json.dumps(asdict(transcript), ensure_ascii=False, indent=1) + "\n"


def _text(transcript: Transcript) -> str:
    lines = (
        f"{_before(turn.start)}{name_of(turn)}: {' '.join(turn.text.split())}\n"
        for turn in transcript.turns
    )
    return "".join(lines)


def _before(seconds: float | None) -> str:
    return "" if seconds is None else f"[{_clock(seconds)}] "


def _clock(seconds: float) -> str:
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}"


def _markdown(transcript: Transcript) -> str:
    """A paragraph a turn; what was said is never taken for a mark."""
    paragraphs = (
        f"**{_unmarked(name_of(turn))}**{_aside(turn.start)}: {_unmarked(turn.text)}\n"
        for turn in transcript.turns
    )
    return "\n".join(paragraphs)


def _aside(seconds: float | None) -> str:
    return "" if seconds is None else f" ({_clock(seconds)})"


def _unmarked(text: str) -> str:
    return MARKS.sub(r"\\\g<0>", " ".join(text.split()))


def _vtt(transcript: Transcript) -> str:
    shown = (
        f"\n{_stamp(cue.start, '.')} --> {_stamp(cue.end, '.')}\n{_voiced(line)}\n"
        for cue in cues(transcript)
        for line in cue.lines
    )
    return "".join(["WEBVTT\n", *shown])


def _voiced(line: Line) -> str:
    text = escape(line.text, quote=False)
    return f"<v {escape(line.name, quote=False)}>{text}" if line.name else text


def _srt(transcript: Transcript) -> str:
    shown = (
        f"{number}\n{_stamp(cue.start, ',')} --> {_stamp(cue.end, ',')}\n"
        + "".join(f"{_named(line)}\n" for line in cue.lines)
        for number, cue in enumerate(one_at_a_time(cues(transcript)), 1)
    )
    return "\n".join(shown)


def _named(line: Line) -> str:
    """SubRip knows no voices and no escape, and its arrow would be read as a time."""
    text = f"{line.name}: {line.text}" if line.name else line.text
    while "-->" in text:
        text = text.replace("-->", "->")
    return text


def _stamp(milliseconds: int, point: str) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours:02}:{minute:02}:{second:02}{point}{rest:03}"


_RENDERERS: dict[Format, Callable[[Transcript], str]] = {
    "text": _text,
    "json": _json,
    "vtt": _vtt,
    "srt": _srt,
    "markdown": _markdown,
}
