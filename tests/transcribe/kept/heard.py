"""Heard batches, made up."""

from collections import Counter

from hypothesis import strategies as st

from transcribe.decoder import Heard
from transcribe.doubles import SoundedWord
from transcribe.kept.batch import HeardBatch

TIMES = st.floats(0, 1e6)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
WORDS = st.builds(SoundedWord, TEXTS, TIMES, TIMES, st.floats(0, 1), st.floats(-200, 0))


@st.composite
def batches(draw: st.DrawFn) -> HeardBatch:
    """Any batch that an engine may make."""
    words = draw(st.lists(st.lists(WORDS, max_size=4), max_size=3))
    tracks = draw(st.tuples(*[st.integers(-1, 7)] * len(words)))
    counts = draw(st.dictionaries(TEXTS, st.integers(0, 10_000), max_size=3))
    heard = Heard(words, Counter(counts), Counter(draw(st.dictionaries(TEXTS, st.integers(1)))))
    return HeardBatch("0f" * 32, draw(TIMES), tracks, heard)


def said(track: int, *phrases: tuple[float, str]) -> tuple[int, list[SoundedWord]]:
    """A window's track and words: each phrase from its second on, four words a second."""
    words = [
        SoundedWord(text, start + n / 4, start + n / 4 + 0.2)
        for start, phrase in phrases
        for n, text in enumerate(phrase.split())
    ]
    return track, words


def batch(settled: float, *windows: tuple[int, list[SoundedWord]]) -> HeardBatch:
    """A batch of such windows, after which so much of the recording is heard."""
    tracks = tuple(track for track, _ in windows)
    return HeardBatch(
        "0f" * 32, settled, tracks, Heard([w for _, w in windows], Counter(), Counter())
    )
