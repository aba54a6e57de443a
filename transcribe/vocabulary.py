"""Which names the engine is told to expect: pure.

Whisper takes a prompt of at most 223 tokens before what it writes; names in it are heard better.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import dropwhile, groupby

from transcribe.lexicon.words import is_common

PROMPT_TOKENS = 223  # half of Whisper's text, less the token that opens the prompt
SHORTEST = 3  # letters: "PF" or "DW" in a prompt is heard where it was not said

_CLAUSES = re.compile(r"[^\w\s'’&-]")


@dataclass(frozen=True, slots=True)
class Rival:
    """A rival of the catalogue, and how often it was heard of."""

    name: str
    aliases: tuple[str, ...] = ()
    by_account: int = 0  # the account's latest calls that name it
    lately: int = 0  # the company's latest calls that name it


@dataclass(frozen=True, slots=True)
class Expected:
    """What is known before a call is heard."""

    company: str | None = None
    product: str | None = None
    account: str | None = None
    rep: str | None = None
    title: str = ""  # of the call: it may name the buyer
    rivals: tuple[Rival, ...] = ()  # in the catalogue's order


def relevant(expected: Expected) -> tuple[str, ...]:
    """Names by how likely the call says them: who sells and buys, and their people; then rivals,
    first those that the account has spoken of, then those lately in talk; then their aliases."""
    rivals = sorted(expected.rivals, key=lambda rival: (-rival.by_account, -rival.lately))
    ordered = [
        expected.company,
        expected.product,
        expected.account,
        expected.rep,
        *in_title(expected.title),
        *(rival.name for rival in rivals),
        *(alias for rival in rivals for alias in rival.aliases),
    ]
    return tuple(_distinct(name for name in ordered if name))


def in_title(title: str) -> Iterator[str]:
    """Yield the names in a call's title: words with capitals, from the first that is no common
    one on, which says what kind of call it is ("Discovery with Ada Lund")."""
    for clause in _CLAUSES.split(title):
        for named, words in groupby(clause.split(), key=_in_name):
            name = list(dropwhile(is_common, words)) if named else []
            if name and not name[0].isupper() and not any(map(str.isdigit, name[0])):
                yield " ".join(name)


def _in_name(word: str) -> bool:
    return word[0].isupper() or word == "&"


def _distinct(names: Iterable[str]) -> Iterator[str]:
    """Names that say something new: no second time, no part of one before, no two letters."""
    taken: list[str] = []
    for name in (" ".join(name.split()) for name in names):
        key = name.casefold()
        if sum(c.isalpha() for c in key) < SHORTEST or any(key in other for other in taken):
            continue
        taken.append(key)
        yield name


def fit(
    names: Iterable[str], tokens: Callable[[str], int], limit: int = PROMPT_TOKENS
) -> tuple[str, ...]:
    """As many names, from the first on, as a prompt of `limit` tokens holds."""
    kept: list[str] = []
    for name in names:
        if tokens(prompt([*kept, name])) > limit:
            break
        kept.append(name)
    return tuple(kept)


def prompt(names: Iterable[str]) -> str:
    """The names as a sentence the engine may have heard before."""
    return " " + ", ".join(names) + "."
