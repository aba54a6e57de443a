"""Names that were nearly heard, put right: pure.

"We came over from Masake" is Mosaiq where the company has such a rival, where both sound alike,
and where the recogniser itself was in doubt. Precision goes before recall: a name put where it was
not said is worse than one misheard, which the miner may still find by its sound.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from rapidfuzz.distance import Indel

from transcribe.edits.rules import rewritten
from transcribe.lexicon.names import WORD, Alias, Candidate, NameFinder, bare, disjoint
from transcribe.lexicon.words import is_common
from transcribe.transcript import Transcript, Turn

LONGEST = 3  # words that one name is misheard as
DOUBT = 0.8  # of the run's least sure word: names heard right are mostly above, near-misses below
LETTERS = 0.5  # likeness of the letters: "I can" sounds a little like Beacon, "Masake" is Mosaiq
# What is made of dictionary words only was mostly said: "all right" sounds like Haulwright, but
# "fox love" is Foxglove.
PLAIN_DOUBT = 0.5
PLAIN_LETTERS = 0.75
PLAIN_SOUND = 0.84
PLAIN_PHONES = 7  # of the name: "take it" is no Tackett

_STOP = re.compile(r"[.,;:!?…]\s")
_POSSESSIVE = re.compile(r"['’]s$")


@dataclass(frozen=True, slots=True)
class _Way:
    """One way to write a name, as `NameFinder` takes it."""

    name: str
    aliases: tuple[str, ...] = ()


class NearMisses:
    """Puts near-misses of some names right. Make it once for a call."""

    def __init__(self, names: Iterable[str]) -> None:
        self._finder = NameFinder(_Way(name) for name in _ways(names))

    def corrected(self, transcript: Transcript) -> Transcript:
        """The transcript with the names that were nearly heard; times stay those of the words
        that were heard. Turns without words of a recogniser stay as they are."""
        turns = tuple(self._turn(turn) if turn.words else turn for turn in transcript.turns)
        return replace(transcript, turns=turns)

    def _turn(self, turn: Turn) -> Turn:
        text = turn.text
        for miss in reversed(self.found(turn)):
            run = text[miss.start : miss.end]
            ending = match.group() if (match := _POSSESSIVE.search(run)) else ""
            text = f"{text[: miss.start]}{miss.alias.rival}{ending}{text[miss.end :]}"
        return turn if text == turn.text else rewritten(turn, text)

    def found(self, turn: Turn) -> list[Candidate]:
        """The near-misses in a turn, in its order, none overlapping another or a name."""
        proposed = list(self._finder.proposed(0, turn.text))
        named = [one for one in proposed if one.likeness == 1]
        missed = [one for one in proposed if one.likeness < 1 and _is_meant(one, turn)]
        kept = disjoint([*named, *sorted(missed, key=_phones_heard, reverse=True)])
        return [one for one in kept if one.likeness < 1]


def _ways(names: Iterable[str]) -> Iterator[str]:
    """Names as they may be said: without an article, and by each part that is no common word."""
    for name in names:
        whole = re.sub(r"^the ", "", " ".join(name.split()), flags=re.IGNORECASE)
        yield whole
        parts = [match.group() for match in WORD.finditer(whole)]
        if len(parts) > 1:
            yield from (part for part in parts if not is_common(part))


def _is_meant(one: Candidate, turn: Turn) -> bool:
    run = turn.text[one.start : one.end]
    words = [match.group() for match in WORD.finditer(run)]
    if len(words) > LONGEST or _STOP.search(run) or one.alias.small:
        return False
    doubt = min(
        word.probability
        for start, end, word in turn.word_spans()
        if start < one.end and end > one.start
    )
    letters = _letters(words, one.alias)
    if not all(is_common(word) for word in words):
        return doubt < DOUBT and letters >= LETTERS
    return (
        len(words) > 1
        and not one.alias.ordinary
        and len(one.alias.sound) >= PLAIN_PHONES
        and doubt < PLAIN_DOUBT
        and letters >= PLAIN_LETTERS
        and one.likeness >= PLAIN_SOUND
    )


def _letters(words: Sequence[str], alias: Alias) -> float:
    solid = "".join(bare(word) for word in words)
    return float(Indel.normalized_similarity(solid, alias.solid))


def _phones_heard(one: Candidate) -> float:
    """Of the name, less those that were not: "a trivel" is Attrivo rather than Trivo, but "Hartso"
    is Hartsoe rather than Hartsoe Home."""
    return len(one.alias.sound) * (2 * one.likeness - 1)
