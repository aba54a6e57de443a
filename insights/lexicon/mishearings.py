"""What our ear makes of words: text printed again with the mishearings learnt from spoken calls."""

import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from insights.lexicon.alignment import key

MISHEARINGS = Path(__file__).with_name("mishearings.json")
LONGEST = 3  # words heard wrong together: what is longer is a sentence gone wrong, and rare
DOUBT = 3  # times a word may have been heard right unseen: one mishearing is no rule


@dataclass(frozen=True, slots=True)
class Misheard:
    """What a stretch of words is heard as, where it is heard wrong."""

    chance: float  # that it is heard wrong
    heard: tuple[str, ...]  # words joined by blanks; "" where they are lost
    times: tuple[int, ...]  # each was heard


@cache
def learnt() -> dict[str, Misheard]:
    """By the words said, as `key` writes them, joined by blanks."""
    counts = json.loads(MISHEARINGS.read_text(encoding="utf-8"))
    return {
        stretch: Misheard(sum(heard.values()) / (said + DOUBT), tuple(heard), tuple(heard.values()))
        for stretch, (said, heard) in counts.items()
    }


def misheard(words: Sequence[str], rng: random.Random, badly: float) -> Iterator[list[str]]:
    """Yield what is heard for each word: none, one or more. `badly`: times as often as learnt."""
    keys, at = [key(word) for word in words], 0
    while at < len(words):
        for length in range(min(LONGEST, len(words) - at), 0, -1):
            known = learnt().get(" ".join(keys[at : at + length]))
            if known and rng.random() < known.chance * badly:
                heard = rng.choices(known.heard, known.times)[0]
                yield from _as_written(words[at : at + length], heard.split())
                at += length
                break
        else:
            yield [words[at]]
            at += 1


def _as_written(said: Sequence[str], heard: list[str]) -> Iterator[list[str]]:
    """The words heard shared out among those said, with the capital and the stop that stood
    there; one figure for several words stands at the first."""
    if heard and said[0][:1].isupper():
        heard[0] = heard[0].capitalize()
    if heard and (stop := re.search(r"[.,;:!?]+$", said[-1])):
        heard[-1] += stop.group()
    last = len(said) - 1
    for n in range(len(said)):
        yield heard[n:] if n == last else heard[n : n + 1]
