"""How many words are heard where nobody speaks: hallucinated words a silent minute.

Each of `noises`' sounds is played on two channels, as it is and through a telephone line, at
several loudnesses one after the other, to an ear that expects some names.
"""

import tempfile
import wave
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from transcribe.noises import NOISES, RATE, Samples, at_loudness, samples, telephone
from transcribe.transcript import Transcript

LOUDNESSES = (-3.0, -20.0, -40.0)  # dB full scale, the peak: clipping, usual, hardly there
NAMES = ("Haulwright", "Kowal Transport", "Roadlark", "Anchor & Tully")
LINES = 2


@dataclass(frozen=True, slots=True)
class Invented:
    """What was heard in one sound."""

    noise: str
    minutes: float  # of all lines and loudnesses
    words: tuple[str, ...]

    @property
    def words_a_minute(self) -> float:
        return len(self.words) / self.minutes


def evaluate_silence(
    hear: Callable[[Path], Transcript], seconds: float = 60.0, noises: Iterable[str] = NOISES
) -> tuple[Invented, ...]:
    """Let `hear` hear each of the noises for `seconds` at each loudness, by two lines at once."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "line.wav")
        return tuple(_invented(hear, path, noise, seconds) for noise in noises)


def _invented(
    hear: Callable[[Path], Transcript], path: Path, noise: str, seconds: float
) -> Invented:
    write_wav(path, line(noise, seconds))
    words = tuple(word.text for turn in hear(path).turns for word in turn.words)
    return Invented(noise, LINES * len(LOUDNESSES) * seconds / 60, words)


def line(noise: str, seconds: float) -> Samples:
    """(2, n): the sound wide, and behind a telephone line half the time later."""
    sound = NOISES[noise](seconds)
    wide, narrow = (
        np.concatenate([at_loudness(heard, loud) for loud in LOUDNESSES])
        for heard in (sound, telephone(sound))
    )
    return samples(np.stack([wide, np.roll(narrow, len(narrow) // 2)]))


def write_wav(path: Path, sound: Samples) -> None:
    """Write (channels, n) at RATE."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(sound))
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.ascontiguousarray(sound.T).tobytes())
