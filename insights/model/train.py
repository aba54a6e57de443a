"""Train the reader from scratch and say what it reached.

    pip install '.[train]'
    python -m insights.model.train --calls insights/training/calls --wishes insights/training/wishes

Fits the network that ships and writes it with its card into --out. What turns its scores into
probabilities and decisions is chosen on readings of companies that it has not seen: those of
--validation, from which nothing else is learnt; without it, every sixth company of the training
calls, which is then left out of the training.
"""

import argparse
import hashlib
import json
import logging
import random
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from insights.model import alike
from insights.model.card import render
from insights.model.encoding import Encoding
from insights.model.examples import (
    Call,
    MentionTruth,
    PartTruth,
    masked_examples,
)
from insights.model.export import write_card, write_model
from insights.model.figures import measure, read_calls
from insights.model.fit import Recipe, fit, themes
from insights.model.measure import (
    Numbers,
    best_threshold,
    fit_scale,
    fit_temperature,
    left_out_f1,
)
from insights.model.net import TURN_SCORES, WORD_SCORES, Base, Whole, meanings
from insights.model.reader import HERE, Reader
from insights.model.wishes import Wishes, read_wishes
from insights.themes.rules import DOUBTFUL, SURE

log = logging.getLogger("train")
LEFT_OUT = 6  # without validation calls, one company in so many takes their part
APART = 8  # one company's wishes in so many are not learnt from
UNCHOSEN = {
    "version": "unchosen",
    "thresholds": dict.fromkeys(("objection", "request", "rival"), 0.5),
    "scales": {},
}
GENERATION = 4  # of the inputs and outputs: a reader of another one cannot use the model


@dataclass(frozen=True, slots=True)
class Unseen:
    """A call's scores by a network that had not seen its company, beside the truth; one row a
    part of a turn, or a mention."""

    group: str  # the company
    turns: Numbers  # (parts, 2 + categories)
    mentions: Numbers  # (mentions, 1 + stances)
    of_turns: list[PartTruth]
    of_mentions: list[MentionTruth]


def apart(calls: Sequence[Call]) -> tuple[list[Call], list[Call]]:
    """The calls to learn from and those to choose on; a company is whole on one side."""
    held = set(sorted({call.group for call in calls})[::LEFT_OUT])
    return [c for c in calls if c.group not in held], [c for c in calls if c.group in held]


def wishes_apart(folders: Sequence[Path]) -> tuple[list[Wishes], list[Wishes]]:
    """The wishes to learn from, and those of every eighth company, to measure on."""
    wishes = [of for folder in folders for of in read_wishes(folder)]
    held = wishes[::APART]
    return [of for of in wishes if of not in held], held


def _encoding(base: Base) -> Encoding:
    return Encoding(Tokenizer.from_str(json.dumps(base.tokenizer)))


def read(reader: Reader, encoding: Encoding, call: Call) -> Unseen:
    """What the shipped files make of a call, beside its labels."""
    rng = random.Random(0)  # noqa: S311 - no secret
    turns: list[tuple[Any, PartTruth]] = []
    mentions: list[tuple[Any, MentionTruth]] = []
    for example in masked_examples(call, encoding, rng):
        of_parts, of_pieces, *_ = reader.run(example.window)
        told = zip(of_parts, example.parts, strict=True)
        turns += [(score, part) for score, part in told if part.judged]
        mentions += [(of_pieces[mention.at, 2:], mention) for mention in example.mentions]
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


def checksum(folders: Sequence[Path]) -> str:
    """Of the training calls, as the card names them."""
    files = [path for folder in folders for path in sorted(folder.glob("*.json"))]
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]


def train(options: argparse.Namespace) -> None:
    began, recipe = time.monotonic(), Recipe(epochs=options.epochs)
    calls = [call for folder in options.calls for call in read_calls(folder)]
    if options.validation:
        others = list(read_calls(options.validation))
    else:
        calls, others = apart(calls)
    options.out.mkdir(parents=True, exist_ok=True)
    wishes, other_wishes = wishes_apart(options.wishes)
    base, names = Base(), themes(calls, wishes)
    encoding = _encoding(base)
    net = fit(base, encoding, calls, wishes, recipe, options.seed, log.info)
    write_model(Whole(base.words, meanings(base, names), net), base, options.out)
    write_card({**UNCHOSEN, "themes": names}, options.out)
    reader = Reader.load(options.out)
    chosen = learnt([read(reader, encoding, call) for call in others])
    if other_wishes:
        cosines = alike.pairs(reader, encoding, other_wishes)
        chosen["wishes"] = alike.figures(*cosines, bounds=(DOUBTFUL, SURE))
    made = {
        "data": checksum([*options.calls, *options.wishes]),
        "calls": len(calls),
        "seed": options.seed,
        "minutes": round((time.monotonic() - began) / 60),
        "recipe": asdict(recipe),
    }
    describe({**made, **chosen, "themes": names}, others, options.out)


def describe(card: dict[str, Any], others: Sequence[Call], out: Path) -> None:
    """Write the card, with what the shipped files reach on other calls where there are some."""
    model = (out / "reader.onnx.gz").read_bytes()
    decides = json.dumps([card["scales"], card["thresholds"]]).encode()
    card = {"version": f"{GENERATION}-{hashlib.sha256(model + decides).hexdigest()[:8]}", **card}
    write_card(card, out)
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
    parser.add_argument("--calls", type=Path, nargs="+", required=True, help="labelled calls")
    parser.add_argument("--wishes", type=Path, nargs="*", default=[], help="wishes in other words")
    parser.add_argument("--validation", type=Path, help="folder of other labelled calls")
    parser.add_argument("--out", type=Path, default=HERE, help="folder for the model")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=Recipe().epochs)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    train(parser.parse_args())


if __name__ == "__main__":
    main()
