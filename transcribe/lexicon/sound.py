"""How a written English word sounds, roughly: a key for names that a recogniser misheard.

"Tidewall" comes out of a recogniser as "tied wall", "Foxglove" as "fox love". Words are spelled
into phones, one character each, by the learnt rules of `sounds.json`:

    p b t d k g f v s z m n l r w y h     as written
    S Z c j T N R                         ship, measure, church, judge, thin (and then), sing, fur
    a e i o u                             cat, bed, sit, hot (and law), cut (and about, put)
    A E I O U W Y                         say, see, eye, go, boot, now, boy
"""

import json
from functools import cache, lru_cache
from pathlib import Path

SOUNDS = Path(__file__).parent / "sounds.json"
CONTEXTS = ((0, 0), (1, 0), (0, 1), (1, 1), (1, 2), (2, 1), (2, 2), (2, 3), (3, 2), (3, 3), (4, 4))
"""How many letters a rule sees to the left and right, from the narrowest to the widest."""

VOWELS = frozenset("aeiouAEIOUWYR")
_PAIRS = ("td", "kg", "pb", "sz", "fv", "SZ", "cj", "cS", "tT", "dT", "mn", "nN", "lr", "wv", "sT",
          "fT", "zT", "sS", "zZ", "kc", "jZ", "jd", "tc")  # fmt: skip
_NEAR_VOWELS = ("ae", "ei", "iE", "eA", "uo", "oO", "uU", "OU", "au", "iu", "eu", "oW", "Ru", "aA",
                "Ro", "oY", "IY", "WO", "RO", "Re")  # fmt: skip
_WEAK = frozenset("hryw")  # dropped and added most easily
_NEAR = {frozenset(pair) for pair in (*_PAIRS, *_NEAR_VOWELS)}


def context(word: str, i: int, width: int) -> str:
    """Letter `i` of a word with its neighbours, the word's ends being blanks."""
    left, right = CONTEXTS[width]
    padded = f"    {word}    "
    at = i + 4
    return f"{padded[at - left : at]}|{word[i]}|{padded[at + 1 : at + 1 + right]}"


@cache
def _rules() -> dict[str, str]:
    rules: dict[str, str] = json.loads(SOUNDS.read_text(encoding="utf-8"))
    return rules


@lru_cache(maxsize=50_000)
def phones(word: str) -> str:
    """A word's phones; letters outside a to z are silent. "tied" → "tId"."""
    letters = "".join(c for c in word.casefold() if "a" <= c <= "z")
    return "".join(_sound(letters, i) for i in range(len(letters)))


def _sound(word: str, i: int) -> str:
    rules = _rules()
    for width in range(len(CONTEXTS) - 1, -1, -1):
        sound = rules.get(context(word, i, width))
        if sound is not None:
            return sound
    return ""


@lru_cache(maxsize=50_000)  # the same words are said again and again
def alike(a: str, b: str) -> float:
    """How alike two phone strings sound: 1 for the same, 0 for nothing in common.

    An edit distance in which near sounds and weak ones cost less, by the longer one's length.
    """
    if not a or not b:
        return 0.0
    row = [0.0]
    for y in b:
        row.append(row[-1] + _drop(y))
    for x in a:
        last, row = row, [row[0] + _drop(x)]
        for j, y in enumerate(b, 1):
            row.append(min(last[j] + _drop(x), row[-1] + _drop(y), last[j - 1] + _swap(x, y)))
    return max(0.0, 1.0 - row[-1] / max(len(a), len(b)))


@cache
def _swap(x: str, y: str) -> float:
    if x == y:
        return 0.0
    if frozenset((x, y)) in _NEAR:
        return 0.3
    return 0.6 if x in VOWELS and y in VOWELS else 1.0


@cache
def _drop(x: str) -> float:
    return 0.5 if x in _WEAK or x in VOWELS else 0.9
