"""A transcript: values only.

Times are seconds from the start of the recording, on its own clock: a stretch that could not
be decoded keeps its length.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Speaker(StrEnum):
    """Which side speaks."""

    SELLER = "seller"
    BUYER = "buyer"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Word:
    """One word as heard, without blanks around it."""

    text: str
    start: float
    end: float
    probability: float = 1.0


@dataclass(frozen=True, slots=True)
class Turn:
    """What one speaker says without a break. `text` is its words joined by one blank each;
    a turn brought as text, without sound, has no words and its times may be None."""

    speaker: Speaker
    text: str
    start: float | None = None
    end: float | None = None
    words: tuple[Word, ...] = ()
    channel: int = 0
    name: str | None = None
    voice: int = 0  # as told apart by channel or by sound; below 0 where nothing tells

    def word_spans(self) -> Iterator[tuple[int, int, Word]]:
        """Yield each word with its character span [start, end) in `text`."""
        at = 0
        for word in self.words:
            yield at, at + len(word.text), word
            at += len(word.text) + 1

    def seconds_of(self, start_char: int, end_char: int) -> tuple[float | None, float | None]:
        """When the characters [start_char, end_char) were said; the turn's times without words."""
        said = [word for at, to, word in self.word_spans() if at < end_char and to > start_char]
        return (said[0].start, said[-1].end) if said else (self.start, self.end)


@dataclass(frozen=True, slots=True)
class Voice:
    """One of a call's voices, and whose it is."""

    number: int
    speaker: Speaker
    confidence: float | None = None  # that the side is right, by what is said; None: not judged
    by_person: bool = False  # somebody set the side


@dataclass(frozen=True, slots=True)
class Transcript:
    """One call's words and what made them."""

    turns: tuple[Turn, ...]
    seconds: float  # length of the recording
    engine: str = ""  # "faster-whisper 1.2.1"; "imported" for a transcript brought as text
    model: str = ""  # "base int8"
    language: str | None = None  # ISO 639-1: the buyer's, or of most speech
    missing_seconds: float = 0.0  # sound that could not be decoded
    vocabulary: tuple[str, ...] = ()  # names the engine was told to expect
    parameters: dict[str, Any] = field(default_factory=dict)  # the engine's options, as JSON
    voices: tuple[Voice, ...] = ()  # by number; none where nothing was heard or told apart

    def language_of(self, turn: Turn) -> str | None:
        """The language its channel was heard in."""
        by_channel: dict[str, str] = self.parameters.get("languages", {})
        return by_channel.get(str(turn.channel), self.language)

    @property
    def foreign_seconds(self) -> dict[str, float]:
        """Speech left out because it is in another language than was expected, by that language."""
        found: dict[str, float] = self.parameters.get("foreign_seconds", {})
        return found

    @property
    def overlap_seconds(self) -> float:
        """For how long several voices speak at once on one channel: words said then may lack."""
        return float(self.parameters.get("overlap_seconds", 0.0))

    @property
    def misheard(self) -> bool:
        """Whether most of it was left out, as it is in another language than was expected."""
        return self.language in self.foreign_seconds
