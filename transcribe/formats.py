"""A transcript as text, JSON, WebVTT or SubRip: pure."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any, Literal, get_args

from ingest.base.errors import BadMetadata
from transcribe.transcript import Speaker, Transcript, Turn, Word

Format = Literal["text", "json", "vtt", "srt"]
FORMATS: tuple[Format, ...] = get_args(Format)

CUE_CHARACTERS = 84  # two lines of 42, as subtitlers hold
CUE_SECONDS = 7.0
LEAST_MS = 1  # a cue has to end after it starts


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
            **{**data, "turns": turns, "vocabulary": tuple(data.get("vocabulary", ()))}
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
        f"{_stamp(turn.start)}{_name(turn)}: {' '.join(turn.text.split())}\n"
        for turn in transcript.turns
    )
    return "".join(lines)


def _stamp(seconds: float | None) -> str:
    if seconds is None:
        return ""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"[{hours}:{minute:02}:{second:02}] "


def _name(turn: Turn) -> str:
    return " ".join((turn.name or turn.speaker.value.capitalize()).split())


@dataclass(frozen=True, slots=True)
class _Cue:
    """What is shown at a time."""

    start: int  # milliseconds
    end: int
    name: str
    text: str


def _vtt(transcript: Transcript) -> str:
    cues = (
        f"\n{_clock(cue.start, '.')} --> {_clock(cue.end, '.')}\n"
        f"<v {_escaped(cue.name)}>{_escaped(cue.text)}\n"
        for cue in _cues(transcript)
    )
    return "".join(["WEBVTT\n", *cues])


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _srt(transcript: Transcript) -> str:
    cues = (
        f"{number}\n{_clock(cue.start, ',')} --> {_clock(cue.end, ',')}\n"
        f"{_arrowless(cue.name)}: {_arrowless(cue.text)}\n"
        for number, cue in enumerate(_cues(transcript), 1)
    )
    return "\n".join(cues)


def _arrowless(text: str) -> str:
    """SubRip knows no escape, and its arrow would be read as a time."""
    while "-->" in text:
        text = text.replace("-->", "->")
    return text


def _clock(milliseconds: int, point: str) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours:02}:{minute:02}:{second:02}{point}{rest:03}"


def _cues(transcript: Transcript) -> list[_Cue]:
    """Short cues, in the order in which they appear."""
    cues = [cue for turn in transcript.turns for cue in _cues_of(turn)]
    return sorted(cues, key=lambda cue: cue.start)


def _cues_of(turn: Turn) -> Iterator[_Cue]:
    if turn.start is None or turn.end is None:
        raise BadMetadata("This transcript has no times: ask for text or json, not for subtitles.")
    if not turn.words:
        yield _cue(turn, turn.start, turn.end, turn.text)
        return
    run: list[Word] = []
    for word in turn.words:
        if run and _full(run, word):
            yield _cue_of_words(turn, run)
            run = []
        run.append(word)
    yield _cue_of_words(turn, run)


def _full(run: list[Word], word: Word) -> bool:
    characters = sum(len(said.text) + 1 for said in run) + len(word.text)
    return characters > CUE_CHARACTERS or word.end - run[0].start > CUE_SECONDS


def _cue_of_words(turn: Turn, run: list[Word]) -> _Cue:
    return _cue(turn, run[0].start, run[-1].end, " ".join(word.text for word in run))


def _cue(turn: Turn, start: float, end: float, text: str) -> _Cue:
    first = max(round(start * 1000), 0)
    last = max(round(end * 1000), first + LEAST_MS)
    return _Cue(first, last, _name(turn), " ".join(text.split()))


_RENDERERS: dict[Format, Callable[[Transcript], str]] = {
    "text": _text,
    "json": _json,
    "vtt": _vtt,
    "srt": _srt,
}
