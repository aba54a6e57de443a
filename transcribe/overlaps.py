"""Voices that speak at once on one track: pure, from who is active to whose a word may be.

A voice that is heard in a window has no name there. It is taken for that voice of the call whose
words, as their sound alone told, lie where it speaks alone.
"""

from collections.abc import Sequence
from itertools import permutations

import numpy as np
import numpy.typing as npt

from transcribe.segmentation import FRAMES, FRAMES_A_SECOND, Activity
from transcribe.transcript import Word

Numbers = npt.NDArray[np.float32]


def voices_at(
    active: Activity, words: Sequence[Word], voice_of: Sequence[int], count: int
) -> Activity:
    """Which of a call's `count` voices speak in each frame, (frames, voices), from those of the
    windows, (windows, FRAMES, SPEAKERS), and the voice that each word was given to."""
    said = np.zeros((len(active) * FRAMES, count), np.bool_)
    for word, voice in zip(words, voice_of, strict=True):
        said[_frames(word), voice] = True
    found = [_named(window, said[n * FRAMES : (n + 1) * FRAMES]) for n, window in enumerate(active)]
    return np.concatenate(found) if found else said


def _named(window: Activity, said: Activity) -> Activity:
    """One window's voices as voices of the call: each another one, as fits their words best."""
    alone = window & (window.sum(axis=1) == 1)[:, None]
    fits = alone.T.astype(np.float32) @ said.astype(np.float32)
    heard = sorted(np.flatnonzero(window.any(axis=0)), key=lambda n: -int(window[:, n].sum()))
    heard = heard[: said.shape[1]]
    named = np.zeros_like(said)
    ways = permutations(range(said.shape[1]), len(heard))
    best = max(ways, key=lambda way: sum(fits[n, v] for n, v in zip(heard, way, strict=True)))
    for n, voice in zip(heard, best, strict=True):
        named[:, voice] = window[:, n]
    return named


def share_of_words(words: Sequence[Word], speaking: Activity) -> Numbers:
    """Of each word's time, the share in which each voice speaks, (words, voices)."""
    shares = [speaking[_frames(word)] for word in words]
    none = np.zeros(speaking.shape[1])
    return np.array([s.mean(axis=0) if len(s) else none for s in shares], np.float32)


def overlap_seconds(speaking: Activity) -> float:
    """For how long more than one voice speaks."""
    return float((speaking.sum(axis=1) > 1).sum() / FRAMES_A_SECOND)


def _frames(word: Word) -> slice:
    first = int(word.start * FRAMES_A_SECOND)
    return slice(first, max(first + 1, int(word.end * FRAMES_A_SECOND)))
