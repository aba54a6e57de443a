"""Learn `mishearings.json`, what our ear makes of which words, from calls and their prints.

    python -m insights.lexicon.learn_mishearings insights/training/calls \\
        insights/training/printed insights/lexicon/heard.json

What was said is aligned with what was heard; of each stretch of up to three words that was heard
wrong it is counted how often it was said, and as what it was heard: sound-alikes, names, numbers as
figures, short words lost. `../model/augment.py` prints the other calls by these counts.
"""

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from insights.lexicon.alignment import key, stretches
from insights.lexicon.mishearings import LONGEST, MISHEARINGS

SHORT = 4  # letters of a word that may be lost; a longer one lost was noise


@dataclass(frozen=True, slots=True)
class Pair:
    """What was said, and what was heard of it: words."""

    said: tuple[str, ...]
    heard: tuple[str, ...]


def pairs(calls: Mapping[str, Any], prints: Iterable[Any]) -> Iterator[Pair]:
    """Yield each printed turn beside what was said in it. `calls` by id, prints as in their files.

    A turn whose words were given to a neighbour, or invented, teaches nothing: it is left out.
    """
    for call in prints:
        said = calls[call["id"].removesuffix("-printed")]["turns"]
        for turn in call["turns"]:
            pair = Pair(_words(said[turn["turn_said"]]["text"]), _words(turn["text"]))
            if abs(len(pair.said) - len(pair.heard)) <= LONGEST + len(pair.said) // 2:
                yield pair


def sentences(heard: Iterable[Mapping[str, Any]]) -> Iterator[Pair]:
    """Yield the entries of `heard.json`."""
    for entry in heard:
        yield Pair(_words(" ".join(entry["said"])), _words(entry["heard"]))


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in text.split() if key(word))


def mishearings(heard: Iterable[Pair]) -> dict[str, Any]:
    """Of each stretch heard wrong: [times said, {as heard: times}], "" where it was lost."""
    said: Counter[str] = Counter()
    wrong: dict[str, Counter[str]] = defaultdict(Counter)
    for pair in heard:
        keys = [key(word) for word in pair.said]
        for length in range(1, LONGEST + 1):
            said.update(" ".join(keys[n : n + length]) for n in range(len(keys) - length + 1))
        for s in stretches(pair.said, pair.heard):
            stretch = keys[s.said : s.said_to]
            printed = [
                word.lower().strip(".,;:!?\"'-…") for word in pair.heard[s.heard : s.heard_to]
            ]
            if not s.right and _tells(stretch, printed):
                wrong[" ".join(stretch)][" ".join(printed)] += 1
    return {
        stretch: [said[stretch], dict(sorted(wrong[stretch].items()))] for stretch in sorted(wrong)
    }


def _tells(said: list[str], heard: list[str]) -> bool:
    """Whether a mishearing may happen to the same words elsewhere. Each word keeps a word, so that
    no quote loses all of its own; but a number may become one figure, and a short word be lost."""
    if not 0 < len(said) <= LONGEST or len(heard) > LONGEST + 1:
        return False
    if not heard:
        return len(said) == 1 and len(said[0]) <= SHORT
    figure = len(heard) == 1 and any(c.isdigit() for c in heard[0])
    return all(heard) and (figure or len(heard) >= len(said))


def main(calls: Path, prints: Path, heard: Path) -> None:
    """Write what was learnt beside this file."""
    spoken = {call["id"]: call for call in _read(calls.glob("*.json"))}
    found = mishearings(
        [*pairs(spoken, _read(sorted(prints.glob("*.json")))), *sentences(*_read([heard]))]
    )
    lines = (f"{json.dumps(stretch)}: {json.dumps(counts)}" for stretch, counts in found.items())
    MISHEARINGS.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def _read(files: Iterable[Path]) -> Iterator[Any]:
    return (json.loads(path.read_text(encoding="utf-8")) for path in files)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*map(Path, sys.argv[1:]))
