"""Fitting the network to labelled calls (torch; on a CPU in bfloat16 where it has it)."""

import copy
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from insights.model.augment import otherwise
from insights.model.encoding import Encoding, Window
from insights.model.examples import (
    Call,
    MentionExample,
    TurnExample,
    mention_examples,
    turn_examples,
)
from insights.model.net import Base, Net, from_base

LENGTHS = 32  # a batch's length is a multiple: torch keeps a kernel and its memory for each one


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a network is fitted."""

    epochs: int = 6
    batch: int = 16  # turns a step
    rate: float = 1e-4  # of the top layer; each layer below learns `fade` times as fast
    head_rate: float = 1e-3
    fade: float = 0.9
    warmup: float = 0.1  # share of the steps
    decay: float = 0.01
    something: int = 2  # times that an epoch sees each turn with a label, each time otherwise
    nothing: float = 0.3  # share of the turns without one that it sees
    smooth: float = 0.02  # label smoothing
    words: float = 0.5  # weight of the word pieces' loss
    category: float = 3.0
    mention: float = 1.0
    average: float = 0.99  # of the weights over the steps, which is what is kept


def fit(
    base: Base,
    encoding: Encoding,
    calls: Sequence[Call],
    recipe: Recipe,
    seed: int,
    say: Callable[[str], None],
) -> Net:
    """Fit the encoder and its heads end to end, on one core: two threads wait for each other
    more than they work on steps this small, so whoever has two cores fits two networks."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    rng = random.Random(seed)  # noqa: S311 - no secret
    net = from_base(base).train()
    net.words.weight.requires_grad_(
        False
    )  # few calls: words not seen in them shall keep their place
    steps = len(_batches(calls, encoding, recipe, random.Random(seed))) * recipe.epochs  # noqa: S311
    optimiser = torch.optim.AdamW(
        _groups(net, recipe), weight_decay=recipe.decay, fused=True, betas=(0.9, 0.98)
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda n: min((n + 1) / (recipe.warmup * steps), max(0.0, 1 - n / steps))
    )
    kept: Net = copy.deepcopy(net)
    for epoch in range(recipe.epochs):
        losses = []
        for batch in _batches(calls, encoding, recipe, rng):
            with torch.autocast("cpu", torch.bfloat16):
                loss = _loss(net, batch, recipe)
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimiser.step()
            optimiser.zero_grad()
            schedule.step()
            _average(kept, net, recipe.average)
            losses.append(loss.item())
        say(f"epoch {epoch + 1} of {recipe.epochs}: loss {np.mean(losses):.3f}")
    kept.eval()
    return kept


def _groups(net: Net, recipe: Recipe) -> list[dict[str, object]]:
    """Parameters with their learning rates: the lower a layer, the slower."""
    depth = len(net.layers)

    def rate(name: str) -> float:
        part, _, rest = name.partition(".")
        if part in ("carries", "objection", "request", "category"):
            return recipe.head_rate
        below = depth - 1 - int(rest.split(".")[0]) if part == "layers" else depth
        return recipe.rate * recipe.fade**below

    return [
        {"params": [p], "lr": rate(name)} for name, p in net.named_parameters() if p.requires_grad
    ]


def _average(kept: Net, net: Net, share: float) -> None:
    with torch.no_grad():
        ours, theirs = list(kept.parameters()), list(net.parameters())
        torch._foreach_lerp_(ours, theirs, 1 - share)


Batch = Sequence[TurnExample | MentionExample]


def _batches(
    calls: Sequence[Call], encoding: Encoding, recipe: Recipe, rng: random.Random
) -> list[Batch]:
    """One epoch: calls otherwise than they stand; windows of like length together."""
    names = sorted({c.name for call in calls for c in call.competitors})
    seen = [otherwise(call, names, rng) for call in calls]
    turns = [e for call in seen for e in turn_examples(call, encoding)]
    turns = [e for e in turns if _told(e) or rng.random() < recipe.nothing]
    for _ in range(recipe.something - 1):
        again = [otherwise(call, names, rng) for call in calls]
        turns += [e for call in again for e in turn_examples(call, encoding) if _told(e)]
    mentions = [m for call in seen for m in mention_examples(call, encoding, rng)]
    batches: list[Batch] = [*_alike(turns, recipe.batch, rng), *_alike(mentions, 16, rng)]
    rng.shuffle(batches)
    return batches


def _told(example: TurnExample) -> bool:
    return bool(example.objection or example.request)


def _alike(examples: list[Any], size: int, rng: random.Random) -> Iterator[list[Any]]:
    rng.shuffle(examples)
    for chunk in range(0, len(examples), size * 8):
        some = sorted(examples[chunk : chunk + size * 8], key=lambda e: len(e.window.ids))
        yield from (some[n : n + size] for n in range(0, len(some), size))


def inputs(windows: Sequence[Window]) -> tuple[Tensor, Tensor, Tensor]:
    """Windows padded to one length: ids, segments and mask, each (batch, length)."""
    length = -(-max(len(w.ids) for w in windows) // LENGTHS) * LENGTHS
    ids = torch.zeros(len(windows), length, dtype=torch.long)
    segments, mask = torch.zeros_like(ids), torch.zeros(len(windows), length)
    for row, window in enumerate(windows):
        ids[row, : len(window.ids)] = torch.tensor(window.ids)
        segments[row, : len(window.ids)] = torch.tensor(window.segments)
        mask[row, : len(window.ids)] = 1.0
    return ids, segments, mask


def _loss(net: Net, batch: Batch, recipe: Recipe) -> Tensor:
    turns, words = net(*inputs([e.window for e in batch]))
    of_turns = [e for e in batch if isinstance(e, TurnExample)]
    of_mentions = [e for e in batch if isinstance(e, MentionExample)]  # a batch has one of both
    if of_turns:
        return _turn_loss(turns.float(), words.float(), of_turns, recipe)
    return recipe.mention * _mention_loss(words.float(), of_mentions, recipe)


def _turn_loss(turns: Tensor, words: Tensor, batch: list[TurnExample], recipe: Recipe) -> Tensor:
    truth = torch.tensor([[e.objection, e.request] for e in batch])
    truth = truth * (1 - 2 * recipe.smooth) + recipe.smooth
    loss = functional.binary_cross_entropy_with_logits(turns[:, :2], truth) * 2
    category = torch.tensor([e.category for e in batch])
    if (category >= 0).any():
        kinds = functional.cross_entropy(
            turns[:, 2:], category, ignore_index=-1, label_smoothing=0.05, reduction="sum"
        )
        loss = loss + recipe.category * kinds / len(batch)
    pieces = torch.cat(
        [words[n, e.window.at : e.window.at + e.window.count, :2] for n, e in enumerate(batch)]
    )
    held = torch.tensor([held for e in batch for held in e.carries])
    return loss + recipe.words * functional.binary_cross_entropy_with_logits(pieces, held) * 2


def _mention_loss(words: Tensor, batch: list[MentionExample], recipe: Recipe) -> Tensor:
    scores = words[torch.arange(len(batch)), torch.tensor([e.window.at for e in batch])]
    rival = torch.tensor([e.rival for e in batch])
    rival = rival * (1 - 2 * recipe.smooth) + recipe.smooth
    loss = functional.binary_cross_entropy_with_logits(scores[:, 2], rival)
    stance = torch.tensor([e.stance for e in batch])
    if (stance >= 0).any():
        loss = loss + functional.cross_entropy(
            scores[:, 3:], stance, ignore_index=-1, label_smoothing=0.05
        )
    return loss


def scores(
    net: Net, windows: Sequence[Window]
) -> tuple[NDArray[np.float32], list[NDArray[np.float32]]]:
    """Scores of windows: (windows, TURN_SCORES), and each target's (count, WORD_SCORES)."""
    turns = np.zeros((len(windows), net.category.out_features + 2), dtype=np.float32)
    words: list[Any] = [None] * len(windows)
    order = sorted(range(len(windows)), key=lambda n: len(windows[n].ids))
    with torch.no_grad():
        for n in range(0, len(order), 32):
            rows = order[n : n + 32]
            of_turns, of_words = net(*inputs([windows[row] for row in rows]))
            for row, a, b in zip(rows, of_turns.numpy(), of_words.numpy(), strict=True):
                at = windows[row].at
                turns[row], words[row] = a, b[at : at + windows[row].count].copy()
    return turns, words
