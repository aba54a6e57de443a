"""The same wish in other words: what teaches the reader which wishes mean the same.

A file a company (`insights/training/wishes/*.json`); its format stands in the README there.
"""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.base.errors import Refused
from insights.insight import PERSON, Insight, Kind, Quote
from insights.model.augment import printed
from insights.model.examples import Call
from transcribe.transcript import Speaker, Turn

PRINTED = 0.35  # share of the conversations that are as a recogniser prints them


@dataclass(frozen=True, slots=True)
class Saying:
    """One buyer's wish: the seller's words before it, or none; the whole turn; the clause."""

    asked: str
    said: str
    quote: str


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is wished of one company: each theme in the words of several buyers."""

    company: str
    themes: dict[str, tuple[Saying, ...]]


def read_wishes(folder: Path) -> list[Wishes]:
    """A folder's companies by file name. Raises Refused, which names the file, for a broken one."""
    return [_read(path) for path in sorted(folder.glob("*.json"))]


def _read(path: Path) -> Wishes:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        themes = {
            theme["theme"]: tuple(Saying(**saying) for saying in theme["sayings"])
            for theme in found["themes"]
        }
        for saying in (saying for sayings in themes.values() for saying in sayings):
            if not saying.quote.strip() or saying.quote not in saying.said:
                raise Refused(f"{path}: the quote is not in the turn: {saying.quote!r}.")
        return Wishes(found["company"], themes)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Refused(f"{path}: is no file of wishes ({type(error).__name__} {error}).") from error


def conversations(wishes: Wishes, rng: random.Random) -> Iterator[Call]:
    """Yield calls that together hold each saying once. No call holds a theme twice, so that no
    wish is told by another; and of nothing but the themes do they say what is true."""
    waiting = {name: rng.sample(all_, len(all_)) for name, all_ in wishes.themes.items()}
    while waiting:
        said = [(theme, sayings.pop()) for theme, sayings in waiting.items()]
        waiting = {theme: sayings for theme, sayings in waiting.items() if sayings}
        rng.shuffle(said)
        call = _call(wishes.company, said)
        yield printed(call, rng) if rng.random() < PRINTED else call


def _call(company: str, said: Sequence[tuple[str, Saying]]) -> Call:
    turns: list[Turn] = []
    truth: list[Insight] = []
    for theme, saying in said:
        if saying.asked:
            turns.append(Turn(Speaker.SELLER, saying.asked))
        start = saying.said.index(saying.quote)
        quote = Quote(saying.quote, start, start + len(saying.quote))
        truth.append(Insight(len(turns), Kind.FEATURE_REQUEST, theme, quote, 1.0, PERSON, ""))
        turns.append(Turn(Speaker.BUYER, saying.said))
    return Call(company, tuple(turns), tuple(truth), (), known=frozenset())
