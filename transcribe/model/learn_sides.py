"""Learn from labelled calls what sellers say and what buyers say.

    python -m transcribe.model.learn_sides insights/training/calls

Logistic regression on the difference between the two sides' profiles, over whole calls and parts
of calls, so that it is as sure of a part as it may be. Companies held out of the learning, each
once, say how often it is right; the file `sides.json` is written beside this one.
"""

import argparse
import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from transcribe.sides import WEIGHTS, profile, said

COMPANIES = 20  # that a term must come up at: a name or a product does not
PARTS = (6, 12, 24)  # turns of the parts that are cut from each call, beside the whole
FOLDS = 5
DECAY = 1e-5  # pull of the weights towards 0: chosen by the figures of companies held out
STEPS = 400
RATE = 30.0  # profiles are short vectors, so steps are long
LEAST = 0.2  # smaller weights hardly say anything and are left out

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Example:
    """The profiles of both sides in one call or a part of it."""

    company: str
    turns: int
    seller: dict[str, float]
    buyer: dict[str, float]


def examples(calls: Sequence[dict[str, Any]]) -> Iterator[Example]:
    """Each call and some parts of it in which both sides speak; the same each time."""
    rng = random.Random(0)  # noqa: S311 - no secret
    for call in calls:
        turns = call["turns"]
        starts = [0, *(rng.randrange(max(len(turns) - size, 1)) for size in PARTS)]
        for start, size in zip(starts, [len(turns), *PARTS], strict=True):
            part = turns[start : start + size]
            sides = [
                profile(said(t["text"] for t in part if t["speaker"] == side))
                for side in ("rep", "customer")
            ]
            if all(sides):
                yield Example(call["company"]["name"], size, *sides)


def vocabulary(found: Sequence[Example]) -> list[str]:
    """Terms that come up at many companies."""
    at: defaultdict[str, set[str]] = defaultdict(set)
    for example in found:
        for term in (*example.seller, *example.buyer):
            at[term].add(example.company)
    return sorted(term for term, companies in at.items() if len(companies) >= COMPANIES)


def differences(found: Sequence[Example], terms: Sequence[str]) -> Matrix:
    """The seller's profile less the buyer's, (examples, terms)."""
    index = {term: n for n, term in enumerate(terms)}
    rows = np.zeros((len(found), len(terms)))
    for row, example in zip(rows, found, strict=True):
        for side, sign in ((example.seller, 1), (example.buyer, -1)):
            for term, value in side.items():
                if (n := index.get(term)) is not None:
                    row[n] += sign * value
    return rows


def fit(rows: Matrix, decay: float = DECAY) -> Matrix:
    """Weights under which a seller's profile scores above a buyer's: Nesterov's descent."""
    weights, before = np.zeros(rows.shape[1]), np.zeros(rows.shape[1])
    for step in range(STEPS):
        ahead = weights + step / (step + 3) * (weights - before)
        wrong = 1 / (1 + np.exp(np.clip(rows @ ahead, -50, 50)))
        before, weights = weights, ahead + RATE * (wrong @ rows / len(rows) - decay * ahead)
    return weights


def held_out(found: Sequence[Example], rows: Matrix, decay: float = DECAY) -> Matrix:
    """The logit that each example gets from what was learnt of other companies."""
    companies = sorted({example.company for example in found})
    fold = np.array([companies.index(example.company) % FOLDS for example in found])
    logits = np.zeros(len(found))
    for one in range(FOLDS):
        logits[fold == one] = rows[fold == one] @ fit(rows[fold != one], decay)
    return logits


def figures(found: Sequence[Example], logits: Matrix) -> dict[str, dict[str, float]]:
    """How often it is right, and how often where it is sure, by the length of the part."""
    sizes = Counter(example.turns if example.turns in PARTS else 0 for example in found)
    shown = {}
    for size in sorted(sizes):
        own = np.array([(e.turns if e.turns in PARTS else 0) == size for e in found])
        sure = own & (np.abs(logits) > np.log(0.8 / 0.2))
        shown[f"{size} turns" if size else "whole calls"] = {
            "examples": int(own.sum()),
            "right": round(float((logits[own] > 0).mean()), 4),
            "sure": round(float(sure.sum() / own.sum()), 4),
            "right_where_sure": round(float((logits[sure] > 0).mean()), 4),
            "log_loss": round(float(np.log1p(np.exp(-logits[own])).mean()), 4),
        }
    return shown


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m transcribe.model.learn_sides")
    parser.add_argument("calls", type=Path, help="folder of labelled calls")
    options = parser.parse_args()
    files = sorted(options.calls.glob("*.json"))
    if not files:
        parser.error(f"{options.calls}: no calls are there. Name the folder of the *.json files.")
    found = list(examples([json.loads(file.read_text(encoding="utf-8")) for file in files]))
    terms = vocabulary(found)
    rows = differences(found, terms)
    reached = figures(found, held_out(found, rows))
    learnt = {
        term: round(float(weight), 2)
        for term, weight in zip(terms, fit(rows), strict=True)
        if abs(weight) >= LEAST
    }
    data = {"calls": len(files), "held_out": reached, "terms": learnt}
    WEIGHTS.write_text(json.dumps(data, indent=0, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps(reached, indent=1))  # noqa: T201


if __name__ == "__main__":
    main()
