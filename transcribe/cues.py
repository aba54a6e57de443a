"""A transcript as cues, to be read while it plays: pure.

Their lengths are those that subtitlers hold: two lines of 42 characters, one to seven seconds.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ingest.base.errors import BadMetadata
from transcribe.timing import share_out
from transcribe.transcript import Speaker, Transcript, Turn, Word

CUE_CHARACTERS = 84
CUE_SECONDS = 7.0
SENTENCE_CHARACTERS = 42  # from here on a cue ends with its sentence
SENTENCE_ENDS = (".", "?", "!", "…")
PAUSE_SECONDS = 1.5  # after so long a silence the words behind it are shown by themselves
LEAST_MS = 1000  # a cue stays so long, unless the same voice goes on sooner


@dataclass(frozen=True, slots=True)
class Line:
    """What one voice says."""

    name: str  # empty where it is not known whose voice it is
    text: str


@dataclass(frozen=True, slots=True)
class Cue:
    """What is shown at a time: milliseconds."""

    start: int
    end: int
    lines: tuple[Line, ...]


def name_of(turn: Turn) -> str:
    """Who speaks, in one line: the name, or else the side."""
    return " ".join((turn.name or "").split()) or turn.speaker.value.capitalize()


def runs(turn: Turn) -> Iterator[tuple[Word, ...]]:
    """A turn's words, a cue's worth each. Words of a turn that has none by itself share its time
    by their lengths. Raises BadMetadata for a turn without times."""
    run: list[Word] = []
    for word in turn.words or _shared_out(turn):
        if run and _full(run, word):
            yield tuple(run)
            run = []
        run.append(word)
    if run:
        yield tuple(run)


def cues(transcript: Transcript) -> list[Cue]:
    """One voice's words each, in the order in which they begin; two voices may overlap.

    Raises BadMetadata for a transcript without times.
    """
    found = [_cue(turn, run) for turn in transcript.turns for run in runs(turn)]
    said = [cue for cue in found if cue.lines[0].text]
    return _stay(sorted(said, key=lambda cue: cue.start))


def one_at_a_time(cues: Iterable[Cue]) -> list[Cue]:
    """The same for players that show one cue at a time: none overlaps the next.

    What is said into a cue, or begins almost with it, becomes another line of it; else the
    earlier one ends where the next begins.
    """
    shown: list[Cue] = []
    for cue in cues:
        last = shown[-1] if shown else None
        if last is None or cue.start >= last.end:
            shown.append(cue)
        elif cue.end <= last.end or cue.start - last.start < LEAST_MS:
            end = max(last.end, cue.end)
            shown[-1] = replace(last, end=end, lines=last.lines + cue.lines)
        else:
            shown[-1] = replace(last, end=cue.start)
            shown.append(cue)
    return shown


def _shared_out(turn: Turn) -> list[Word]:
    if turn.start is None or turn.end is None:
        raise BadMetadata("This transcript has no times: ask for its text, not for subtitles.")
    return share_out(turn.text.split(), turn.start, turn.end)


def _full(run: Sequence[Word], word: Word) -> bool:
    characters = sum(len(said.text) + 1 for said in run)
    sentence_ended = run[-1].text.endswith(SENTENCE_ENDS) and characters >= SENTENCE_CHARACTERS
    return (
        sentence_ended
        or characters + len(word.text) > CUE_CHARACTERS
        or word.end - run[0].start > CUE_SECONDS
        or word.start - run[-1].end > PAUSE_SECONDS
    )


def _cue(turn: Turn, run: Sequence[Word]) -> Cue:
    start = max(round(run[0].start * 1000), 0)
    end = max(round(run[-1].end * 1000), start + 1)
    unknown = turn.speaker is Speaker.UNKNOWN and not turn.name
    text = " ".join(" ".join(word.text for word in run).split())
    return Cue(start, end, (Line("" if unknown else name_of(turn), text),))


def _stay(cues: Sequence[Cue]) -> list[Cue]:
    """Each as long as it takes to be read, while the same voice says nothing more."""
    following: dict[str, int] = {}
    longer: list[Cue] = []
    for cue in reversed(cues):
        name = cue.lines[0].name
        until = min(cue.start + LEAST_MS, following.get(name, cue.start + LEAST_MS))
        longer.append(replace(cue, end=max(cue.end, until)))
        following[name] = cue.start
    return longer[::-1]
