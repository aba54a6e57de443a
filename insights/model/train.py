"""Train the reader from scratch and say what it reached.

    pip install '.[train]'
    python -m insights.model.train --calls insights/training/calls --validation DIR

Fits the networks that ship and writes them with their card into --out. What turns its scores into
probabilities and decisions is chosen on readings of companies that it has not seen: those of
--validation, from which nothing else is learnt; without it, those of the training calls, each by
a network fitted without the call's company.
"""

import argparse
import hashlib
import json
import logging
import multiprocessing
import os
import random
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from insights.model.card import render
from insights.model.encoding import Encoding
from insights.model.examples import (
    Call,
    MentionTruth,
    PartTruth,
    examples,
    masked_examples,
)
from insights.model.export import write_card, write_model
from insights.model.figures import measure, read_calls
from insights.model.fit import Recipe, fit, scores, themes
from insights.model.measure import (
    Numbers,
    best_threshold,
    fit_scale,
    fit_temperature,
    left_out_f1,
)
from insights.model.net import TURN_SCORES, WORD_SCORES, Base, Several, from_base, meanings
from insights.model.reader import HERE, Reader

log = logging.getLogger("train")
NETS = 2  # that ship as one: as many as fit into 40 MB, and as two cores train at once
GENERATION = 2  # of the inputs and outputs: a reader of another one cannot use the model


@dataclass(frozen=True, slots=True)
class Unseen:
    """A call's scores by networks that had not seen its company, beside the truth; one row a
    part of a turn, or a mention."""

    group: str  # the company
    turns: Numbers  # (parts, 2 + categories)
    mentions: Numbers  # (mentions, 1 + stances)
    of_turns: list[PartTruth]
    of_mentions: list[MentionTruth]


def folds(calls: Sequence[Call], count: int) -> Iterator[tuple[list[Call], list[Call]]]:
    """Yield (to learn from, to be read) with every company whole in one fold."""
    groups = sorted({call.group for call in calls})
    for n in range(count):
        held = set(groups[n::count])
        yield [c for c in calls if c.group not in held], [c for c in calls if c.group in held]


def fitted(
    name: str, calls: Sequence[Call], recipe: Recipe, seed: int
) -> dict[str, NDArray[np.float32]]:
    """One network's weights by name, from a process of its own."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    base = Base()
    net = fit(base, _encoding(base), calls, recipe, seed, lambda s: log.info("%s: %s", name, s))
    return {name: weight.numpy() for name, weight in net.state_dict().items()}


def _several(
    base: Base, names: Sequence[str], jobs: Sequence[Future[dict[str, NDArray[np.float32]]]]
) -> Several:
    nets = [from_base(base) for _ in jobs]
    for net, job in zip(nets, jobs, strict=True):
        net.load_state_dict({k: torch.from_numpy(v) for k, v in job.result().items()})
    several = Several(base.words, meanings(base, names), nets)
    several.eval()
    return several


def _encoding(base: Base) -> Encoding:
    return Encoding(Tokenizer.from_str(json.dumps(base.tokenizer)))


def read(net: Several, encoding: Encoding, call: Call) -> Unseen:
    """What the networks make of a call, beside its labels."""
    rng = random.Random(0)  # noqa: S311 - no secret
    plain, masked = list(examples(call, encoding)), list(masked_examples(call, encoding, rng))
    of_plain, of_masked = (scores(net, [e.window for e in some]) for some in (plain, masked))
    turns = [
        (score, part)
        for example, (scored, _, _) in zip(plain, of_plain, strict=True)
        for score, part in zip(scored, example.parts, strict=True)
        if part.judged
    ]
    mentions = [
        (pieces[mention.at, 2:], mention)
        for example, (_, pieces, _) in zip(masked, of_masked, strict=True)
        for mention in example.mentions
    ]
    return Unseen(
        call.group,
        np.array([score for score, _ in turns], dtype=float).reshape(-1, TURN_SCORES),
        np.array([score for score, _ in mentions], dtype=float).reshape(-1, WORD_SCORES - 2),
        [part for _, part in turns],
        [mention for _, mention in mentions],
    )


def learnt(unseen: Sequence[Unseen]) -> dict[str, Any]:
    """Scales and thresholds from readings of unseen calls; and what F1 would be if a company's
    threshold were chosen on the others."""
    of_turns = [e for call in unseen for e in call.of_turns]
    of_mentions = [e for call in unseen for e in call.of_mentions]
    turn_groups = [call.group for call in unseen for _ in call.of_turns]
    name_groups = [call.group for call in unseen for _ in call.of_mentions]
    turns = np.concatenate([call.turns for call in unseen])
    mentions = np.concatenate([call.mentions for call in unseen])
    card: dict[str, Any] = {"scales": {}, "thresholds": {}, "f1_left_out": {}}
    for head, score, truth, groups in (
        ("objection", turns[:, 0], np.array([e.objection > 0 for e in of_turns]), turn_groups),
        ("request", turns[:, 1], np.array([e.request > 0 for e in of_turns]), turn_groups),
        ("rival", mentions[:, 0], np.array([e.rival > 0 for e in of_mentions]), name_groups),
    ):
        slope, bias = fit_scale(score, truth)
        probability = 1 / (1 + np.exp(-(slope * score + bias)))
        card["scales"][head] = {"slope": slope, "bias": bias}
        card["thresholds"][head] = round(best_threshold(probability, truth), 3)
        card["f1_left_out"][head] = round(left_out_f1(probability, truth, groups), 3)
    category = [n for n, e in enumerate(of_turns) if e.category >= 0]
    stance = [n for n, e in enumerate(of_mentions) if e.stance >= 0]
    for head, score, kinds in (
        ("category", turns[category, 2:], [of_turns[n].category for n in category]),
        ("stance", mentions[stance, 1:], [of_mentions[n].stance for n in stance]),
    ):
        card["scales"][head] = {"slope": fit_temperature(score, kinds)}
    return card


def checksum(folder: Path) -> str:
    """Of the training calls, as the card names them."""
    files = sorted(folder.glob("*.json"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]


def train(options: argparse.Namespace) -> None:
    began, recipe = time.monotonic(), Recipe(epochs=options.epochs)
    calls = list(read_calls(options.calls))
    others = list(read_calls(options.validation)) if options.validation else []
    parts = [] if others else list(folds(calls, options.folds))
    options.out.mkdir(parents=True, exist_ok=True)
    base, names = Base(), themes(calls)
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.processes, mp_context=spawn) as pool:
        seeds = range(options.seed, options.seed + NETS)
        whole = [pool.submit(fitted, f"net {n}", calls, recipe, n) for n in seeds]
        held = [
            pool.submit(fitted, f"fold {n}", learn, recipe, options.seed)
            for n, (learn, _) in enumerate(parts, 1)
        ]
        net = _several(base, names, whole)
        write_model(net, base, options.out)
        encoding = _encoding(base)
        unseen = [read(net, encoding, call) for call in others]
        for job, (_, left_out) in zip(held, parts, strict=True):
            of_fold = _several(base, names, [job])
            unseen += [read(of_fold, encoding, call) for call in left_out]
    data = {"data": checksum(options.calls), "calls": len(calls)}
    minutes = round((time.monotonic() - began) / 60)
    made = {"seed": options.seed, "minutes": minutes, "recipe": asdict(recipe)}
    describe({**data, **made, **learnt(unseen), "themes": names}, others, options.out)


def describe(card: dict[str, Any], others: Sequence[Call], out: Path) -> None:
    """Write the card, with what the shipped files reach on other calls where there are some."""
    model = (out / "reader.onnx").read_bytes()
    decides = json.dumps([card["scales"], card["thresholds"]]).encode()
    card = {"version": f"{GENERATION}-{hashlib.sha256(model + decides).hexdigest()[:8]}", **card}
    write_card(card, out)
    if others:
        card["validation"] = measure(Reader.load(out), others)
        log.info("reached: %s", json.dumps(card["validation"]))
        write_card(card, out)
    (out / "card.md").write_text(render(card, len(model) / 1e6), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m insights.model.train",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--calls", type=Path, required=True, help="folder of labelled calls")
    parser.add_argument("--validation", type=Path, help="folder of other labelled calls")
    parser.add_argument("--out", type=Path, default=HERE, help="folder for the model")
    parser.add_argument("--folds", type=int, default=3, help="without --validation")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=Recipe().epochs)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    train(parser.parse_args())


if __name__ == "__main__":
    main()
