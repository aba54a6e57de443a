"""Check labelled calls against the guidelines of README.md.

    python -m insights.training.check insights/training/calls

Prints each fault and the counts; exit 1 where there is a fault.
"""

import collections
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from insights.insight import Category, Kind, Stance

SIDES = ("rep", "customer")
BUYERS_ONLY = (Kind.OBJECTION, Kind.FEATURE_REQUEST)


def faults(call: Any) -> Iterator[str]:
    """Yield one line for each fault of a call, as it was read from its file."""
    if not isinstance(call, Mapping):
        yield "not a JSON object"
        return
    missing = [key for key in ("id", "company", "turns", "insights") if key not in call]
    if missing:
        yield f"no {', '.join(missing)}"
        return
    try:
        yield from _faults_of_turns(call["turns"])
        names = {rival["name"] for rival in call["company"]["competitors"]}
        for insight in call["insights"]:
            where = f"turn {insight.get('turn')}, {insight.get('kind')}"
            yield from (f"{where}: {what}" for what in _faults(insight, call["turns"], names))
        yield from _doubles(call["insights"])
    except (TypeError, KeyError, AttributeError) as error:
        yield f"not in the format: {type(error).__name__} {error}"


def _faults_of_turns(turns: Any) -> Iterator[str]:
    for number, turn in enumerate(turns):
        if turn["speaker"] not in SIDES:
            yield f"turn {number}: speaker {turn['speaker']!r}"
        if not turn["text"].strip():
            yield f"turn {number}: no words"


def _faults(insight: Mapping[str, Any], turns: Any, names: set[str]) -> Iterator[str]:
    number, kind = insight.get("turn"), insight.get("kind")
    if not isinstance(number, int) or not 0 <= number < len(turns):
        yield "no such turn"
        return
    quote = insight.get("quote")
    if not quote or quote not in turns[number]["text"]:
        yield "the quote is not in the turn"
    if kind not in list(Kind):
        yield "unknown kind"
        return
    if kind in BUYERS_ONLY and turns[number]["speaker"] != "customer":
        yield "not the buyer's turn"
    yield from _faults_of_label(Kind(kind), insight, names)


def _faults_of_label(kind: Kind, insight: Mapping[str, Any], names: set[str]) -> Iterator[str]:
    if kind is Kind.OBJECTION and insight.get("category") not in list(Category):
        yield f"category {insight.get('category')!r}"
    if kind is Kind.FEATURE_REQUEST and not insight.get("theme"):
        yield "no theme"
    if kind is Kind.COMPETITOR:
        if insight.get("stance") not in list(Stance):
            yield f"stance {insight.get('stance')!r}"
        if insight.get("name") not in names and not insight.get("unlisted"):
            yield f"{insight.get('name')!r} is not in the catalogue"


def _doubles(insights: Any) -> Iterator[str]:
    """One competitor mention per rival per turn."""
    rivals = [(i.get("turn"), i.get("name")) for i in insights if i.get("kind") == Kind.COMPETITOR]
    for (turn, name), times in collections.Counter(rivals).items():
        if times > 1:
            yield f"turn {turn}, competitor: {name!r} {times} times"


def main(folder: Path) -> int:
    """Print the faults and counts of a folder. Returns the exit status."""
    bad, turns, counts = 0, 0, collections.Counter[str]()
    files = sorted(folder.glob("*.json"))
    for path in files:
        try:
            call = json.loads(path.read_text(encoding="utf-8"))
            found = list(faults(call))
        except (OSError, ValueError) as error:
            call, found = None, [f"cannot be read: {error}"]
        if not found:
            turns += len(call["turns"])
            counts.update(
                ":".join(filter(None, (i["kind"], i.get("category") or i.get("stance"))))
                for i in call["insights"]
            )
        for line in found:
            print(f"{path}: {line}")  # noqa: T201
        bad += len(found)
    print(f"{len(files)} calls, {turns} turns, {counts.total()} mentions, {bad} faults")  # noqa: T201
    print("  ".join(f"{label} {count}" for label, count in sorted(counts.items())))  # noqa: T201
    return 1 if bad or not files else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1])))
