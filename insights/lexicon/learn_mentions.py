"""Learn `mentions.json` from labelled calls, and say by cross-validation how good it is.

    python -m insights.lexicon.learn_mentions insights/training/calls insights/lexicon/heard.json

Examples are the candidates of `names.py`: a rival where the turn is labelled with it. To the
calls' own catalogues come all other companies' rivals, whose names occur in the ordinary sense
only; each call printed with capitals is taken once more without, as a recogniser prints; and
sentences that a recogniser really printed show how names are misheard (README.md).
"""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from insights.detectors.base import Doc
from insights.detectors.mentions import WEIGHTS, features, is_cased
from insights.insight import Competitor, Kind
from insights.labels import LabelledCall, read_folder
from insights.miner import load_pipeline
from transcribe.lexicon.names import NameFinder

PENALTY = 0.5  # of squared weights; chosen by cross-validation over companies
STEPS = 60  # of Newton's method, far beyond convergence
FOLDS = 8
DRILLS = frozenset({"drill, exact", "drill, misheard"})
"""Marks of the sentences that were spoken: they are full of names, and how much fuller than calls
are, these marks learn; at run time nothing is a drill."""

Parse = Callable[[str], Doc]

Example = tuple[str, dict[str, float], bool]  # the company, what is looked at, whether a rival


def examples(calls: Sequence[LabelledCall]) -> Iterator[Example]:
    """Yield the candidates of all calls, as printed and without capitals."""
    parse = load_pipeline()
    everyone = {rival.name: rival for call in calls for rival in call.competitors}
    for call in calls:
        texts = [turn.text for turn in call.transcript.turns]
        prints = [texts, [_uncased(text) for text in texts]] if is_cased(texts) else [texts]
        for printed in prints:
            yield from _examples(call, printed, list(everyone.values()), parse)


def heard_examples(path: Path, calls: Sequence[LabelledCall]) -> Iterator[Example]:
    """Yield the candidates of the sentences that were spoken and heard."""
    parse = load_pipeline()
    rivals = {rival.name: rival for call in calls for rival in call.competitors}
    of_company = {call.company: call.competitors for call in calls}
    for entry in json.loads(path.read_text(encoding="utf-8")):
        meant = [rivals[name] for name in entry["rivals"]]
        others = {r.name: r for company in entry["company"] for r in of_company[company]}
        for also_said in NameFinder(others.values()).exact(entry["said"]):
            others.pop(also_said.alias.rival, None)
        finder = NameFinder({**others, **{r.name: r for r in meant}}.values())
        for text in (entry["heard"], _uncased(entry["heard"])):
            for seen, rival in _heard(set(entry["rivals"]), text, finder, parse):
                yield entry["company"][0], seen, rival


def _heard(
    meant: set[str], text: str, finder: NameFinder, parse: Parse
) -> Iterator[tuple[dict[str, float], bool]]:
    """Each candidate in what was heard; of a rival that was said, the likest is it."""
    found = finder.candidates([text])
    likest: dict[str, float] = {}
    for one in found:
        name = one.alias.rival
        likest[name] = max(one.likeness, likest.get(name, 0.0))
    doc, cased = parse(text), is_cased([text])
    for one in found:
        rival = one.alias.rival in meant and one.likeness == likest[one.alias.rival]
        drill = "drill, exact" if one.likeness == 1 else "drill, misheard"
        yield {**features(one, text, doc, cased), drill: 1.0}, rival


def _uncased(text: str) -> str:
    """As a recogniser without capitals and marks prints it; of the same length."""
    return "".join(" " if c in ".,?!;:" else c for c in text.lower()) if text.isascii() else text


def _examples(
    call: LabelledCall, texts: Sequence[str], others: Sequence[Competitor], parse: Parse
) -> Iterator[Example]:
    told = {(i.turn, i.label) for i in call.truth if i.kind is Kind.COMPETITOR}
    own = {rival.name for rival in call.competitors}
    found = NameFinder(call.competitors).candidates(texts)
    taken = {(c.turn, at) for c in found for at in range(c.start, c.end)}
    found += [
        other
        for other in NameFinder(r for r in others if r.name not in own).exact(texts)
        if not any((other.turn, at) in taken for at in range(other.start, other.end))
    ]
    docs = {turn: parse(texts[turn]) for turn in {candidate.turn for candidate in found}}
    cased = is_cased(texts)
    for one in found:
        seen = features(one, texts[one.turn], docs[one.turn], cased)
        yield call.company, seen, (one.turn, one.alias.rival) in told


def fit(rows: Sequence[Example]) -> dict[str, float]:
    """Logistic regression with a ridge, by Newton's method."""
    names = ["bias", *sorted({name for _, found, _ in rows for name in found})]
    at = {name: column for column, name in enumerate(names)}
    x = np.zeros((len(rows), len(names)))
    x[:, 0] = 1.0
    for row, (_, found, _) in enumerate(rows):
        for name, value in found.items():
            x[row, at[name]] = value
    y = np.array([rival for _, _, rival in rows], dtype=float)
    weights = _newton(x, y)
    return {name: round(float(w), 4) for name, w in zip(names, weights, strict=True)}


def _newton(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    ridge = np.full(x.shape[1], PENALTY)
    ridge[0] = 0.01
    weights = np.zeros(x.shape[1])
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-x @ weights))
        slope = x.T @ (p - y) + ridge * weights
        curve = (x * (p * (1 - p))[:, None]).T @ x + np.diag(ridge)
        weights -= np.linalg.solve(curve, slope)
    return weights


def cross_validate(rows: Sequence[Example]) -> list[tuple[float, bool]]:
    """Each candidate's log-odds by weights learnt from other companies."""
    companies = sorted({company for company, _, _ in rows})
    judged = []
    for fold in range(FOLDS):
        held = set(companies[fold::FOLDS])
        weights = fit([row for row in rows if row[0] not in held])
        judged += [
            (weights["bias"] + sum(weights.get(n, 0.0) * v for n, v in found.items()), rival)
            for company, found, rival in rows
            if company in held and not DRILLS & found.keys()
        ]
    return judged


def main(folder: str, heard: str) -> None:
    """Write the weights, and print how good they are on companies not seen."""
    calls = list(read_folder(Path(folder)))
    rows = [*examples(calls), *heard_examples(Path(heard), calls)]
    judged = cross_validate(rows)
    for least in (-1.0, 0.0, 1.0):
        hits = sum(rival for odds, rival in judged if odds >= least)
        found = sum(odds >= least for odds, _ in judged)
        true = sum(rival for _, rival in judged)
        said = f"precision {hits / found:.3f}, recall {hits / true:.3f} of {true} in {len(rows)}"
        print(f"from log-odds {least:+.0f}: {said}")  # noqa: T201
    weights = {name: weight for name, weight in fit(rows).items() if name not in DRILLS}
    WEIGHTS.write_text(json.dumps(weights, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
