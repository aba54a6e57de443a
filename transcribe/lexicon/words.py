"""The dictionary of ordinary English words."""

import calendar
import re
from functools import cache
from pathlib import Path

WORDS = Path(__file__).with_name("words.txt")
LATER = Path(__file__).with_name("later.txt")
_ENDINGS = (("s", ""), ("es", ""), ("ies", "y"), ("ed", ""), ("ed", "e"), ("ing", ""), ("ing", "e"))

_CLITIC = re.compile(r"(?:n['’]t|['’](?:s|d|m|ll|re|ve))$")
_DOUBLED = re.compile(r"([a-z])\1(?:ed|ing|er)$")
_CALENDAR = frozenset(name.casefold() for name in (*calendar.day_name, *calendar.month_name))


@cache
def _ordinary() -> frozenset[str]:
    return frozenset(WORDS.read_text(encoding="utf-8").split())


def is_ordinary(word: str) -> bool:
    """Whether an English dictionary has the word, or its base form, as no proper name."""
    word = word.casefold()
    bases = (word[: -len(end)] + base for end, base in _ENDINGS if word.endswith(end))
    return word in _ordinary() or any(base in _ordinary() for base in bases)


@cache
def _later() -> frozenset[str]:
    return frozenset(LATER.read_text(encoding="utf-8").split())


def is_common(word: str) -> bool:
    """Whether a word says nothing of its own: ordinary, also as "I'd", "isn't" or "stopped", of
    the calendar, or too short to be told from others."""
    return all(map(_is_common, _CLITIC.sub("", word.casefold()).split("-")))


def _is_common(stem: str) -> bool:
    known = stem in _CALENDAR or stem.removesuffix("s") in _later()
    return len(stem) <= 2 or known or any(map(is_ordinary, (stem, _DOUBLED.sub(r"\1", stem))))
