"""Voices on one track told apart by their sound: pure, from voiceprints to whose each word is.

Speech is cut into short stretches, each with its voiceprint. Two groups of stretches are two
voices where they are less alike than either is to itself; so a bad line, on which all voices
sound alike, has no bound of its own. Which voice says a word is then settled over all words
together, so that a voice changes where a sentence ends or somebody pauses. Everything here grows
linearly with the length of the call.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from transcribe.speakers import MIXED_PAUSE, SENTENCE_ENDS
from transcribe.transcript import Word

Numbers = npt.NDArray[np.float32]
Labels = npt.NDArray[np.intp]

STRETCH = 1.5  # seconds: long enough for a voice, short enough for one speaker
RUN_PAUSE = 0.5  # seconds: no stretch reaches over a longer pause
ALIKE = 0.8  # one voice's halves are alike by 0.9 and more, two voices by 0.73 and less
LEAST_SECONDS = 4.0  # of a voice: of less speech, what is no voice looks like one
MOST_VOICES = 8
ROUNDS = 20  # of moving stretches between two groups; they settle in a few

SHARPNESS = 40.0  # what a second's difference of 1 between two voices' likeness weighs …
CHANGE = 1.0  # … against a change of voice at the end of a sentence or after a pause …
INTERRUPTION = 10.0  # … and within a sentence
SPEAKING = 0.2  # what a voice's speaking while a word is said weighs, as a likeness
SHORTEST_WORD = 0.1  # seconds, for the weight of a word whose times are hardly apart


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some speech: [start, end) in seconds."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.end - self.start


def stretches(words: Sequence[Word]) -> list[Stretch]:
    """The speech that the words, in time's order, were said in, cut into even stretches."""
    return [stretch for run in _runs(words) for stretch in _cut(run)]


def _runs(words: Sequence[Word]) -> Iterator[Stretch]:
    if not words:
        return
    start, end = words[0].start, words[0].end
    for word in words[1:]:
        if word.start - end > RUN_PAUSE:
            yield Stretch(start, end)
            start = word.start
        end = max(end, word.end)
    yield Stretch(start, end)


def _cut(run: Stretch) -> Iterator[Stretch]:
    count = max(1, round(run.seconds / STRETCH))
    for n in range(count):
        yield Stretch(
            run.start + run.seconds * n / count, run.start + run.seconds * (n + 1) / count
        )


def voices(spoken: Sequence[Stretch], prints: Numbers) -> Numbers:
    """The voices in the stretches' voiceprints, (stretches, size), each of length 1: their mean
    voiceprints, (voices, size), the one that speaks first coming first.

    Groups are split in two for as long as the halves are two voices (bisecting k-means: Steinbach,
    Karypis and Kumar, 2000). Without any speech there is no voice.
    """
    if not len(prints):
        return prints
    seconds = np.array([stretch.seconds for stretch in spoken])
    settled: list[Labels] = []
    open_groups: list[Labels] = [np.arange(len(prints))]
    while open_groups:
        group = open_groups.pop()
        half = _halved(prints[group])
        parts = (group[half], group[~half])
        enough = min(seconds[part].sum() for part in parts) >= LEAST_SECONDS
        room = len(settled) + len(open_groups) + 2 <= MOST_VOICES
        if enough and room and alike(*(prints[part] for part in parts)) < ALIKE:
            open_groups += parts
        else:
            settled.append(group)
    settled.sort(key=lambda group: int(group.min()))
    return np.stack([_mean(prints[group]) for group in settled])


def _halved(prints: Numbers) -> npt.NDArray[np.bool_]:
    """One of two groups: those on one side of the middle, then moved to the nearer mean."""
    centred = prints - prints.mean(axis=0)
    _, directions = np.linalg.eigh(centred.T @ centred)
    half: npt.NDArray[np.bool_] = centred @ directions[:, -1] > 0
    for _ in range(ROUNDS):
        if half.all() or not half.any():
            break
        nearer = prints @ (_mean(prints[half]) - _mean(prints[~half])) > 0
        if (nearer == half).all():
            break
        half = nearer
    return half


def _mean(prints: Numbers) -> Numbers:
    mean: Numbers = prints.mean(axis=0)
    unit: Numbers = mean / max(float(np.linalg.norm(mean)), 1e-9)
    return unit


def alike(one: Numbers, other: Numbers) -> float:
    """How alike two groups of voiceprints are, where 1 is as alike as either is to itself: the
    cosine between them, corrected for what two stretches of one voice differ (Spearman, 1904)."""
    within = _likeness(one) * _likeness(other)
    if within <= 0:
        return 1.0
    between = float(one.mean(axis=0) @ other.mean(axis=0))
    return between / math.sqrt(within)


def _likeness(prints: Numbers) -> float:
    """The mean cosine between different voiceprints of a group; 0 for a single one."""
    count = len(prints)
    total = prints.astype(np.float64).sum(axis=0)
    return float(total @ total - count) / (count * (count - 1)) if count > 1 else 0.0


def voice_of_words(
    words: Sequence[Word],
    spoken: Sequence[Stretch],
    prints: Numbers,
    found: Numbers,
    speaking: Numbers | None = None,
) -> list[int]:
    """Which of the voices `found` says each word: the cheapest way through all words, where every
    change of voice has its price (Viterbi, 1967). `speaking` is the share of each word's time in
    which each voice was heard to speak, (words, voices), where that is known."""
    if len(found) < 2 or not words:
        return [0] * len(words)
    lengths = np.array([max(word.end - word.start, SHORTEST_WORD) for word in words])
    likeness = _likeness_of_words(words, spoken, prints @ found.T)
    if speaking is not None:
        likeness = likeness + SPEAKING * speaking
    likeness = SHARPNESS * lengths[:, None] * likeness
    best = likeness[0]
    came_from: list[Labels] = []
    for (before, word), gain in zip(pairwise(words), likeness[1:], strict=True):
        changed = best.max() - _price(before, word)
        came_from.append(np.where(best >= changed, np.arange(len(found)), int(best.argmax())))
        best = np.maximum(best, changed) + gain
    voice = int(best.argmax())
    path = [voice]
    for back in reversed(came_from):
        voice = int(back[voice])
        path.append(voice)
    return path[::-1]


def _price(before: Word, word: Word) -> float:
    paused = word.start - before.end > MIXED_PAUSE
    return CHANGE if paused or before.text.endswith(SENTENCE_ENDS) else INTERRUPTION


def _likeness_of_words(
    words: Sequence[Word], spoken: Sequence[Stretch], likeness: Numbers
) -> npt.NDArray[np.float64]:
    """What speaks for each voice saying each word, (words, voices): the likeness of the stretch
    around its middle and, the nearer to its border, of the next one as well."""
    middles = np.array([(stretch.start + stretch.end) / 2 for stretch in spoken])
    at = np.array([(word.start + word.end) / 2 for word in words])
    blended: npt.NDArray[np.float64] = np.stack(
        [np.interp(at, middles, of_voice) for of_voice in likeness.T], axis=1
    )
    return blended
