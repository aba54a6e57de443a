"""Which names the engine is told to expect: pure.

Whisper takes a prompt of at most 223 tokens before what it writes; names in it are heard better.
"""

from collections.abc import Callable, Iterable, Iterator

PROMPT_TOKENS = 223  # half of Whisper's text, less the token that opens the prompt
SHORTEST = 3  # letters: "PF" or "DW" in a prompt is heard where it was not said


def relevant(
    company: str | None,
    product: str | None,
    account: str | None,
    rivals: Iterable[str],
    aliases: Iterable[str],
) -> tuple[str, ...]:
    """Names by how likely a call says them: who sells and buys, then rivals, then their aliases."""
    ordered = [company, product, account, *rivals, *aliases]
    return tuple(_distinct(name for name in ordered if name))


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
