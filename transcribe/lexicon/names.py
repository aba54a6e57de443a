"""Where a name may have been said: exactly, or as a recogniser misheard it. Pure.

This only proposes: whether a rival is meant is decided in the insights room, and whether a word
was misheard in `near_misses.py`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from transcribe.lexicon.sound import VOWELS, alike, phones
from transcribe.lexicon.words import is_ordinary

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
JOINTS = re.compile(r"(?<=[a-z])(?=[A-Z])")  # between the parts of "SiteKraal"
POSSESSIVE = re.compile(r"(?:['’]s|s['’]?|['’])$")
PLURALS = ("s", "es")
LEAST_ALIKE = 0.78  # below, hardly one in a hundred proposals is a name misheard
ROUGHLY_ALIKE = 0.6  # of the rough keys, by which most word groups are ruled out quickly
HOMOPHONE = 0.99  # of what sounds the same: never quite 1, as "hot line" may be one
LEAST_PHONES = 5  # of a name that can be found by sound: shorter ones sound like anything
MOST_WORDS = 3  # more than the name has, that a recogniser makes of it: "a tree vo"

# Sounds that recognisers mix up, for the quick comparison: every vowel is one sound.
_ROUGH = str.maketrans(
    {**dict.fromkeys(VOWELS, "a"), **dict(zip("bdgvzSZcjTNmw", "ptkfssssstnnv", strict=True))}
)


class Named(Protocol):
    """A rival, or whoever else goes by several names."""

    @property
    def name(self) -> str: ...
    @property
    def aliases(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Alias:
    """One way to say a name."""

    rival: str  # the catalogue's name
    words: tuple[str, ...]  # lower case, without joints, hyphens and possessives
    sound: str  # phones
    full: bool  # the catalogue's name itself, or an alias of two words or more
    ordinary: bool  # made of dictionary words only, so that it may be meant as such
    article: bool  # the catalogue writes it with "the"
    small: bool  # the catalogue writes it without a capital, so that case tells nothing

    @property
    def solid(self) -> str:
        return "".join(self.words)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Characters [start, end) of a turn that may name a rival."""

    turn: int
    start: int
    end: int
    alias: Alias
    likeness: float  # 1 when written as the catalogue writes it, else how alike it sounds


def aliases(rivals: Iterable[Named]) -> tuple[Alias, ...]:
    """Every way to say each rival, the longest first."""
    found: dict[tuple[str, str], Alias] = {}
    for rival in rivals:
        for name in (rival.name, *rival.aliases):
            words = _words(name)
            if words:
                alias = Alias(
                    rival=rival.name,
                    words=words,
                    sound="".join(phones(part) for part in _parts(name)),
                    full=name == rival.name or len(words) > 1,
                    ordinary=all(is_ordinary(word) for word in words),
                    article=name.casefold().startswith("the "),
                    small=name == name.lower(),
                )
                found.setdefault((rival.name, alias.solid), alias)
    return tuple(sorted(found.values(), key=lambda alias: (-len(alias.solid), alias.rival)))


def _parts(name: str) -> list[str]:
    spelled = JOINTS.sub(" ", name).replace("&", " and ")
    return [bare(match.group()) for match in WORD.finditer(spelled)]


def _words(name: str) -> tuple[str, ...]:
    words = [bare(match.group()) for match in WORD.finditer(name.replace("&", " and "))]
    return tuple(words[1:] if words[:1] == ["the"] and len(words) > 1 else words)


def bare(word: str) -> str:
    """Lower case, and without a possessive's ending written with an apostrophe."""
    return re.sub(r"['’](?:s)?$", "", word.casefold()).replace("'", "").replace("’", "")


def _words_in(text: str) -> list[tuple[int, int, str]]:
    return [(m.start(), m.end(), m.group()) for m in WORD.finditer(text)]


class NameFinder:
    """Finds candidates for the rivals of one catalogue."""

    def __init__(self, rivals: Iterable[Named]) -> None:
        self.aliases = aliases(rivals)
        self._solid: dict[str, list[Alias]] = {}
        for alias in self.aliases:
            for form in (alias.solid, *(alias.solid + end for end in PLURALS)):
                self._solid.setdefault(form, []).append(alias)
        self._longest = max((len(a.words) for a in self.aliases), default=0) + 1
        self._sounding = [a for a in self.aliases if len(a.sound) >= LEAST_PHONES]
        self._rough = [a.sound.translate(_ROUGH) for a in self._sounding]

    def candidates(self, texts: Sequence[str]) -> list[Candidate]:
        """All that may be a name in these turns; spans of one rival do not overlap."""
        return [
            one
            for turn, text in enumerate(texts)
            for one in disjoint(sorted(self.proposed(turn, text), key=_rank))
        ]

    def proposed(self, turn: int, text: str) -> Iterator[Candidate]:
        """All that may be a name in one turn, also where candidates overlap."""
        words = _words_in(text)
        yield from self._exact(turn, text, words)
        yield from self._by_sound(turn, words)

    def exact(self, texts: Sequence[str]) -> list[Candidate]:
        """Only what is written as the catalogue writes it."""
        return [
            candidate
            for turn, text in enumerate(texts)
            for candidate in self._exact(turn, text, _words_in(text))
        ]

    def _exact(
        self, turn: int, text: str, words: Sequence[tuple[int, int, str]]
    ) -> Iterator[Candidate]:
        spelled = [bare(word) for _, _, word in words]
        for first in range(len(words)):
            for last in range(first, min(first + self._longest + 1, len(words))):
                solid = "".join(spelled[first : last + 1])
                if "&" in text[words[first][0] : words[last][1]]:
                    solid = "".join(_words(text[words[first][0] : words[last][1]]))
                for alias in self._solid.get(solid, ()):
                    if spelled[last] in PLURALS and solid != alias.solid:
                        continue  # "Marlbrook S": a lone "s" is no part of the name
                    yield Candidate(turn, words[first][0], words[last][1], alias, 1.0)

    def _by_sound(self, turn: int, words: Sequence[tuple[int, int, str]]) -> Iterator[Candidate]:
        if not self._sounding or not words:
            return
        sounds = [phones(bare(word)) for _, _, word in words]
        groups = [
            (first, last, "".join(sounds[first : last + 1]))
            for first in range(len(words))
            for last in range(first, min(first + self._longest + MOST_WORDS, len(words)))
        ]
        rough = process.cdist(
            [sound.translate(_ROUGH) for _, _, sound in groups],
            self._rough,
            scorer=Levenshtein.normalized_similarity,
            score_cutoff=ROUGHLY_ALIKE,
            dtype=np.float32,
        )
        for group, column in np.argwhere(rough > 0):
            first, last, sound = groups[group]
            alias = self._sounding[column]
            likeness = alike(sound, alias.sound)
            if likeness >= LEAST_ALIKE:
                likeness = min(likeness, HOMOPHONE)
                yield Candidate(turn, words[first][0], words[last][1], alias, likeness)


def disjoint(ranked: Iterable[Candidate]) -> list[Candidate]:
    """Of one turn's candidates, the best first, those that overlap none before them, in the turn's
    order: a word names one rival only."""
    kept: list[Candidate] = []
    for one in ranked:
        if all(one.end <= other.start or other.end <= one.start for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda c: c.start)


def _rank(one: Candidate) -> tuple[float, int, float, int, int]:
    """The likest first, then the longest. What sounds the same is as good as written: "Rhode lark"
    is Road Lark rather than the Lark."""
    like = -min(one.likeness, HOMOPHONE)
    return like, -len(one.alias.sound), -one.likeness, one.start - one.end, one.start
