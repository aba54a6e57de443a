"""Words as data: the dictionary of ordinary ones, and the groups that the rules tell apart."""

import tomllib
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
_ENDINGS = (("s", ""), ("es", ""), ("ies", "y"), ("ed", ""), ("ed", "e"), ("ing", ""), ("ing", "e"))


@cache
def _ordinary() -> frozenset[str]:
    return frozenset((HERE / "words.txt").read_text(encoding="utf-8").split())


def is_ordinary(word: str) -> bool:
    """Whether an English dictionary has the word, or its base form, as no proper name."""
    word = word.casefold()
    bases = (word[: -len(end)] + base for end, base in _ENDINGS if word.endswith(end))
    return word in _ordinary() or any(base in _ordinary() for base in bases)


@cache
def group(name: str) -> frozenset[str]:
    """The words of one group of `groups.toml`, lower case."""
    groups = tomllib.loads((HERE / "groups.toml").read_text(encoding="utf-8"))
    return frozenset(groups[name].split())
