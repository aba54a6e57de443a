"""What was heard twice and said once, or never: pure.

Whole tracks are looked at here, once all their words are there: the gates see but one window.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from math import inf
from operator import itemgetter

from transcribe.gates import FAINT, LOOP_TIMES, LOOP_WORDS, Reason, plain, sureness
from transcribe.transcript import Word

BREATH = 0.7  # seconds: a longer pause ends what is said at a time
SOONER, LATER = 0.3, 0.8  # seconds around a word in which its echo is heard
FAINTER = 12.0  # dB: what comes back over a line is 15 to 40 below what was said
SENTENCE = 3  # words
MATCHING = 0.5  # share of a faint stretch's words that are the other's: the rest is heard wrong


@dataclass(frozen=True, slots=True)
class SoundedWord(Word):
    """A word as it is while it is being heard; nobody asks for its loudness later."""

    level: float = 0.0  # dB full scale


def once(words: Mapping[int, Sequence[Word]]) -> tuple[dict[int, list[Word]], Counter[str]]:
    """The words of each track, in time's order, that were said there, and how many others were
    dropped for which reason. Only of SoundedWords can it be told that they are an echo."""
    kept: dict[int, list[Word]] = {}
    counts: Counter[str] = Counter()
    for track, said in words.items():
        others = [word for other, heard in words.items() if other != track for word in heard]
        echoed = echoes(said, sorted(others, key=_start))
        own = [word for at, word in enumerate(said) if at not in echoed]
        repeated = repeats(own)
        kept[track] = [_bare(word) for at, word in enumerate(own) if at not in repeated]
        counts += Counter({Reason.ECHO: len(echoed), Reason.LOOP: len(repeated)})
    return kept, counts


def echoes(said: Sequence[Word], others: Sequence[Word]) -> frozenset[int]:
    """The places of words that are an echo of the others' words: much fainter, at nearly the same
    time, and most of them the same. Both in time's order."""
    starts = [word.start for word in others]

    def near(word: Word) -> Sequence[Word]:
        first = bisect_left(starts, word.start - LATER)
        return others[first : bisect_left(starts, word.start + SOONER)]

    found: set[int] = set()
    for places in _runs([_faint(word, near(word)) for word in said]):
        if sum(_says(said[at], near(said[at])) for at in places) >= MATCHING * len(places):
            found.update(places)
    return frozenset(found)


def _runs(marks: Sequence[bool]) -> Iterator[list[int]]:
    """Stretches of places that are all marked."""
    for yes, run in groupby(enumerate(marks), key=itemgetter(1)):
        if yes:
            yield [at for at, _ in run]


def _faint(word: Word, others: Sequence[Word]) -> bool:
    levels = [other.level for other in others if isinstance(other, SoundedWord)]
    loudest = max(levels, default=-inf)
    return isinstance(word, SoundedWord) and loudest - word.level >= FAINTER


def _says(word: Word, others: Sequence[Word]) -> bool:
    return plain(word.text) in {plain(other.text) for other in others}


def repeats(said: Sequence[Word]) -> frozenset[int]:
    """The places of words that say one thing pause after pause, as `gates.loops` counts it: it is
    what the model makes of a sound that goes on, first and last. A listener may say "yes" so often,
    where it is sure; a sentence nobody does."""
    found: set[int] = set()
    for _, group in groupby(_breaths(said), key=lambda places: _text(said, places)):
        same = list(group)
        places = [at for run in same for at in run]
        made_up = len(same[0]) >= SENTENCE or sureness([said[at] for at in places]) < FAINT
        if len(same) >= LOOP_TIMES and len(places) >= LOOP_WORDS and made_up:
            found.update(places)
    return frozenset(found)


def _breaths(said: Sequence[Word]) -> Iterator[list[int]]:
    """The places of words that are said without a pause."""
    run: list[int] = [0] if said else []
    for at, (before, word) in enumerate(pairwise(said), 1):
        if word.start - before.end > BREATH:
            yield run
            run = []
        run.append(at)
    if run:
        yield run


def _text(said: Sequence[Word], places: Sequence[int]) -> str:
    return plain(" ".join(said[at].text for at in places))


def _bare(word: Word) -> Word:
    return Word(word.text, word.start, word.end, word.probability)


def _start(word: Word) -> float:
    return word.start
