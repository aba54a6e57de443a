"""What is on the line when nobody speaks, made at test time: (n,) int16 at 16 kHz."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
Sound = NDArray[np.float64]
Samples = NDArray[np.int16]


def clock(seconds: float) -> Sound:
    return np.arange(round(seconds * RATE)) / RATE


def tones(time: Sound, *pitches: float | Sound) -> Sound:
    return sum((np.sin(2 * np.pi * pitch * time) for pitch in pitches), np.zeros(len(time)))


def silence(seconds: float) -> Sound:
    return np.zeros(round(seconds * RATE))


def ring_tone(seconds: float) -> Sound:
    """North America's: two seconds of 440 and 480 Hz, four of silence."""
    time = clock(seconds)
    return tones(time, 440, 480) * (time % 6 < 2) * 0.2


def british_ring_tone(seconds: float) -> Sound:
    """400 and 450 Hz: 0.4 seconds on, 0.2 off, 0.4 on, two off."""
    time = clock(seconds)
    on = (time % 3 < 0.4) | ((time % 3 >= 0.6) & (time % 3 < 1.0))
    return tones(time, 400, 450) * on * 0.2


def busy_tone(seconds: float) -> Sound:
    time = clock(seconds)
    return tones(time, 480, 620) * (time % 1 < 0.5) * 0.2


def keypad(seconds: float) -> Sound:
    """DTMF: four keys a second."""
    time = clock(seconds)
    key = (time * 4).astype(int) % 4
    low, high = np.array([697, 770, 852, 941])[key], np.array([1209, 1336, 1477, 1336])[key]
    return tones(time, low, high) * ((time * 4) % 1 < 0.5) * 0.2


def hold_music(seconds: float) -> Sound:
    """A melody over chords, with overtones and a pulse."""
    time = clock(seconds)
    note = np.array([262, 330, 392, 440, 349, 294, 392, 523])[(time * 2).astype(int) % 8]
    plucked = np.exp(-((time * 2) % 1) * 2)
    tune = sum((tones(time, note * k) / k for k in (1, 2, 3)), silence(seconds)) * plucked * 0.2
    return tune + chords(seconds) + drum(seconds)


def melody(seconds: float) -> Sound:
    """The melody alone: the sound nearest to a voice among these."""
    return hold_music(seconds) - chords(seconds) - drum(seconds)


def chords(seconds: float) -> Sound:
    time = clock(seconds)
    bar = (time / 2).astype(int) % 4
    voices = np.array([(262, 330, 392), (220, 262, 330), (175, 220, 262), (196, 247, 294)])[bar]
    parts = [tones(time, voices[:, v] * k) / k**1.5 for v in range(3) for k in (1, 2, 3)]
    return sum(parts, silence(seconds)) * 0.06


def drum(seconds: float) -> Sound:
    since = clock(seconds) % 0.5
    noise = np.random.default_rng(5).normal(0, 0.1, len(since))
    return noise * np.exp(-since * 60)


def white_noise(seconds: float) -> Sound:
    return np.random.default_rng(1).normal(0, 0.05, round(seconds * RATE))


def line_hum(seconds: float) -> Sound:
    return tones(clock(seconds), 50, 100, 150, 250) * 0.03 + white_noise(seconds) * 0.02


def key_clicks(seconds: float) -> Sound:
    sound = silence(seconds)
    random = np.random.default_rng(2)
    for at in random.integers(0, len(sound) - 400, round(seconds * 3)):
        sound[at : at + 300] += random.normal(0, 0.3, 300) * np.exp(-np.arange(300) / 60)
    return sound


NOISES: dict[str, Callable[[float], Sound]] = {
    noise.__name__: noise
    for noise in (
        silence,
        ring_tone,
        british_ring_tone,
        busy_tone,
        keypad,
        hold_music,
        melody,
        chords,
        white_noise,
        line_hum,
        key_clicks,
    )
}


def samples(sound: Sound) -> Samples:
    return (np.clip(sound, -1, 1) * 32767).astype(np.int16)


def telephone(sound: Sound) -> Sound:
    """What a telephone line leaves of it: 300 to 3400 Hz."""
    spectrum = np.fft.rfft(sound)
    pitch = np.fft.rfftfreq(len(sound), 1 / RATE)
    spectrum[(pitch < 300) | (pitch > 3400)] = 0
    return np.fft.irfft(spectrum, len(sound))
