"""What is on the line when nobody speaks, made from formulas with fixed seeds: sounds of floats in
-1 to 1 at 16 kHz, as `samples` makes int16 of them.
"""

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


def typing(seconds: float) -> Sound:
    """A keyboard on the desk: bursts of keys, each struck and let go, with the table under it."""
    random = np.random.default_rng(6)
    sound = silence(seconds)
    at = 0.3
    while at < seconds - 0.5:
        for after, loud in ((0.0, 0.35), (random.uniform(0.06, 0.1), 0.15)):
            place = round((at + after) * RATE)
            ring = np.arange(800)
            thud = np.sin(ring / RATE * 2 * np.pi * random.uniform(120, 200)) * np.exp(-ring / 250)
            click = random.normal(0, 1, 800) * np.exp(-ring / 80)
            sound[place : place + 800] += loud * (0.5 * thud + 0.5 * click)
        at += random.uniform(0.09, 0.25) if random.random() > 0.1 else random.uniform(0.7, 2.0)
    return sound


def wind(seconds: float) -> Sound:
    """Wind into a microphone: a low rumble that swells."""
    gusts = 0.55 + 0.45 * np.sin(2 * np.pi * 0.23 * clock(seconds)) * tones(clock(seconds), 0.07)
    return band(seconds, 20, 500, seed=7) * gusts * 0.25


def breathing(seconds: float) -> Sound:
    """In and out, every four seconds, close to the microphone."""
    phase = clock(seconds) % 4
    breath_in = np.exp(-(((phase - 0.8) / 0.35) ** 2))
    breath_out = np.exp(-(((phase - 2.4) / 0.55) ** 2))
    return (
        band(seconds, 700, 3000, seed=8) * breath_in + band(seconds, 300, 1800, seed=9) * breath_out
    ) * 0.15


def fax(seconds: float) -> Sound:
    """A fax machine's calling tone, its answer, and the squeal of its modem (ITU-T T.30, V.21)."""
    time = clock(seconds)
    phase = time % 12
    calling: Sound = tones(time, 1100) * (phase < 0.5)
    answer = tones(time, 2100) * ((phase >= 2) & (phase < 5))
    bits = np.random.default_rng(10).integers(0, 2, len(time) * 300 // RATE + 1)
    pitch = np.where(bits[np.arange(len(time)) * 300 // RATE] == 1, 1650.0, 1850.0)
    squeal: Sound = np.sin(2 * np.pi * np.cumsum(pitch) / RATE) * (phase >= 6)
    return (calling + answer + squeal) * 0.25


def modem(seconds: float) -> Sound:
    """The hiss of a faster modem: noise about a carrier of 1800 Hz."""
    return band(seconds, 600, 3000, seed=11) * 0.2


def voicemail_beep(seconds: float) -> Sound:
    """A beep of 1000 Hz every ten seconds, on a line that hums."""
    time = clock(seconds)
    return tones(time, 1000) * (time % 10 < 0.6) * 0.3 + line_hum(seconds)


def hummed_tune(seconds: float) -> Sound:
    """Hold music whose melody is all but a voice: a glottal buzz with vibrato through the
    resonances of vowels that glide, over chords, without a consonant."""
    time = clock(seconds)
    note = np.array([118, 132, 157, 148, 132, 118, 105, 118])[(time * 3).astype(int) % 8]
    phase = 2 * np.pi * np.cumsum(note * (1 + 0.01 * np.sin(2 * np.pi * 5.5 * time))) / RATE
    first, second = 500 + 250 * tones(time, 0.9), 1400 + 600 * tones(time, 0.53)
    sound = silence(seconds)
    for overtone in range(1, 25):
        pitch = overtone * note
        vowel = np.exp(-(((pitch - first) / 180) ** 2))
        vowel += 0.5 * np.exp(-(((pitch - second) / 220) ** 2))
        sound += np.sin(overtone * phase) * vowel / overtone
    within = (time * 3) % 1
    struck = np.minimum(np.minimum(within * 8, (1 - within) * 6), 1)
    return sound * struck * 0.2 + chords(seconds) * 0.5


def band(seconds: float, low: float, high: float, seed: int) -> Sound:
    """Noise between two pitches, of an effective loudness of 1."""
    noise = np.random.default_rng(seed).normal(0, 1, round(seconds * RATE))
    spectrum = np.fft.rfft(noise)
    pitch = np.fft.rfftfreq(len(noise), 1 / RATE)
    spectrum[(pitch < low) | (pitch > high)] = 0
    kept = np.fft.irfft(spectrum, len(noise))
    return kept / max(float(np.sqrt(np.mean(np.square(kept)))), 1e-9)


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
        typing,
        wind,
        breathing,
        fax,
        modem,
        voicemail_beep,
        hummed_tune,
    )
}


def at_loudness(sound: Sound, decibels: float) -> Sound:
    """The sound with its highest peak at `decibels` below full scale; silence stays silent."""
    peak = float(np.abs(sound).max(initial=0.0))
    return sound * (10 ** (decibels / 20) / peak) if peak else sound


def samples(sound: Sound) -> Samples:
    return (np.clip(sound, -1, 1) * 32767).astype(np.int16)


def telephone(sound: Sound) -> Sound:
    """What a telephone line leaves of it: 300 to 3400 Hz."""
    spectrum = np.fft.rfft(sound)
    pitch = np.fft.rfftfreq(len(sound), 1 / RATE)
    spectrum[(pitch < 300) | (pitch > 3400)] = 0
    return np.fft.irfft(spectrum, len(sound))
