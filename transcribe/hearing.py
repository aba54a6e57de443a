"""How a recording was heard: what the ear did besides writing down words. Values, and their JSON.

It is kept in a transcript's `parameters`, as `parameters` writes them; rows of older versions,
which counted what was dropped without the reason, are read as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from transcribe.gates import Reason

UNTOLD = "untold"  # dropped by a version that did not note why
REASONS = (*(reason.value for reason in Reason), UNTOLD)


@dataclass(frozen=True, slots=True)
class Hearing:
    """What was heard how."""

    windows: int = 0  # stretches of speech, up to 30 seconds each
    redecoded: int = 0  # of them decoded again, because the first decoding made no sense
    reheard: int = 0  # of them heard again in part, because speech got no words
    speech_seconds: float | None = None  # found, of all tracks together; None where not noted
    dropped: Mapping[str, int] = field(default_factory=dict)  # words not believed, by REASONS

    @property
    def dropped_words(self) -> int:
        """Words not believed, for whatever reason."""
        return sum(self.dropped.values())

    @classmethod
    def counted(cls, counts: Mapping[str, int], rate: int) -> "Hearing":
        """From what the decoder counts: its windows, their `samples` at `rate`, and the words
        dropped under each reason's name."""
        return cls(
            windows=counts.get("windows", 0),
            redecoded=counts.get("redecoded", 0),
            reheard=counts.get("reheard", 0),
            speech_seconds=round(counts.get("samples", 0) / rate, 2),
            dropped={reason: counts[reason] for reason in REASONS if counts.get(reason)},
        )

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> "Hearing":
        """From a transcript's `parameters`; what is not in them is nought."""
        untold = int(parameters.get("words_dropped", 0))
        return cls(
            windows=int(parameters.get("windows", 0)),
            redecoded=int(parameters.get("windows_redecoded", 0)),
            reheard=int(parameters.get("windows_reheard", 0)),
            speech_seconds=parameters.get("speech_seconds"),
            dropped={**parameters.get("words_dropped_by_reason", {})}
            or ({UNTOLD: untold} if untold else {}),
        )

    @property
    def parameters(self) -> dict[str, Any]:
        """As JSON, flat but for the reasons."""
        return {
            "windows": self.windows,
            "windows_redecoded": self.redecoded,
            "windows_reheard": self.reheard,
            "speech_seconds": self.speech_seconds,
            "words_dropped": self.dropped_words,
            "words_dropped_by_reason": dict(self.dropped),
        }


@dataclass(frozen=True, slots=True)
class HeardWeek:
    """What one model did with the calls held in one week."""

    week: date  # its Monday, UTC
    engine: str
    model: str
    calls: int
    seconds: float  # their length
    missing_seconds: float  # of it, sound that could not be decoded
    words: int  # heard and believed
    windows: int
    redecoded: int  # of them
    dropped: Mapping[str, int]  # words, by REASONS

    @property
    def redecoded_share(self) -> float:
        """Of the windows; 0 where they were not counted yet."""
        return self.redecoded / self.windows if self.windows else 0.0
