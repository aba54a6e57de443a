"""Fitting the network to labelled calls (torch; in bfloat16 where the processor is faster so)."""

import copy
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from insights.insight import Kind
from insights.model.augment import otherwise
from insights.model.encoding import MARKS, Encoding, Window
from insights.model.examples import Call, Example, examples, masked_examples
from insights.model.net import Base, Net, from_base, meanings
from insights.model.wishes import Wishes, conversations

LENGTHS = 32  # a batch's length is a multiple: torch keeps a kernel and its memory for each one


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a network is fitted."""

    epochs: int = 4
    batch: int = 4  # windows a step, of some fifteen turns each
    rate: float = 6e-5  # of the top layer; each layer below learns `fade` times as fast
    head_rate: float = 6e-4
    fade: float = 0.9
    still: int = 2  # layers, from below, that stay as the base has them: they know words, not sales
    warmup: float = 0.1  # share of the steps
    decay: float = 0.01
    masked: float = 0.8  # share of the calls, in an epoch, that are read with names masked
    smooth: float = 0.02  # label smoothing
    words: float = 0.5  # weight of the word pieces' loss
    category: float = 2.0
    mention: float = 0.5
    wish: float = 0.05  # its loss is some ten times the others
    saying: float = 0.3  # the same where nothing else is learnt
    sharp: float = 0.07  # temperature of the wishes' contrast
    average: float = 0.99  # of the weights over the steps, which is what is kept


@dataclass(frozen=True, slots=True)
class Known:
    """Themes, by their place in `meanings`, (themes, width)."""

    places: dict[str, int]
    meanings: Tensor


def themes(calls: Sequence[Call], wishes: Sequence[Wishes]) -> list[str]:
    """All that is wished in some calls and sayings."""
    found = {i.label for call in calls for i in call.truth if i.kind is Kind.FEATURE_REQUEST}
    return sorted(found.union(*(of.themes for of in wishes)))


def fit(
    base: Base,
    encoding: Encoding,
    calls: Sequence[Call],
    wishes: Sequence[Wishes],
    recipe: Recipe,
    seed: int,
    say: Callable[[str], None],
) -> Net:
    """Fit the encoder and its heads end to end."""
    torch.manual_seed(seed)
    rng = random.Random(seed)  # noqa: S311 - no secret
    words = nn.Embedding.from_pretrained(base.words)
    names = themes(calls, wishes)
    known = Known({name: n for n, name in enumerate(names)}, meanings(base, names))
    net = from_base(base).train()
    for part in (net.places, net.norm, net.distances, *net.layers[: recipe.still]):
        part.requires_grad_(False)
    first = _batches(calls, wishes, encoding, recipe, random.Random(seed))  # noqa: S311 - no secret
    steps = len(first) * recipe.epochs
    optimiser = torch.optim.AdamW(
        _groups(net, recipe), weight_decay=recipe.decay, fused=True, betas=(0.9, 0.98)
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda n: min((n + 1) / (recipe.warmup * steps), max(0.0, 1 - n / steps))
    )
    kept: Net = copy.deepcopy(net)
    for epoch in range(recipe.epochs):
        losses: list[float] = []
        batches = _batches(calls, wishes, encoding, recipe, rng)
        for n, batch in enumerate(batches, 1):
            loss = _loss(net, words, known, batch, recipe)
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimiser.step()
            optimiser.zero_grad()
            schedule.step()
            _average(kept, net, recipe.average)
            losses.append(loss.item())
            if n % max(1, len(batches) // 10) == 0 or n == len(batches):
                done = f"epoch {epoch + 1} of {recipe.epochs}, {100 * n // len(batches)} %"
                say(f"{done}: loss {np.mean(losses):.3f}")
    kept.eval()
    return kept


def _groups(net: Net, recipe: Recipe) -> list[dict[str, object]]:
    """Parameters with their learning rates: the lower a layer, the slower."""
    top = len(net.layers) - 1

    def rate(name: str) -> float:
        part, _, rest = name.partition(".")
        if part in ("carries", "weighs", "objection", "request", "category", "wish"):
            return recipe.head_rate
        return float(recipe.rate * recipe.fade ** (top - int(rest.split(".")[0])))

    learning = [(name, p) for name, p in net.named_parameters() if p.requires_grad]
    return [{"params": [p], "lr": rate(name)} for name, p in learning]


def _average(kept: Net, net: Net, share: float) -> None:
    with torch.no_grad():
        ours, theirs = list(kept.parameters()), list(net.parameters())
        torch._foreach_lerp_(ours, theirs, 1 - share)


def _batches(
    calls: Sequence[Call],
    wishes: Sequence[Wishes],
    encoding: Encoding,
    recipe: Recipe,
    rng: random.Random,
) -> list[list[Example]]:
    """One epoch: calls otherwise than they stand, sayings in other company; windows of like
    length together."""
    names = sorted({c.name for call in calls for c in call.competitors})
    windows: list[Example] = []
    for call in calls:
        seen, cut = otherwise(call, names, rng), rng.randrange(9)
        if rng.random() < recipe.masked:
            windows += masked_examples(seen, encoding, rng, cut)
        else:
            windows += examples(seen, encoding, cut)
    for of in wishes:
        for call in conversations(of, rng):
            windows += examples(call, encoding)
    batches = list(_alike(windows, recipe.batch, rng))
    rng.shuffle(batches)
    return batches


def _alike(examples: list[Example], size: int, rng: random.Random) -> Iterator[list[Example]]:
    rng.shuffle(examples)
    for chunk in range(0, len(examples), size * 16):
        some = sorted(examples[chunk : chunk + size * 16], key=lambda e: len(e.window.ids))
        yield from (some[n : n + size] for n in range(0, len(some), size))


def inputs(windows: Sequence[Window]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Windows padded to one length: ids (batch, length), judged (batch, some), member (batch,
    parts, some) and mask (batch, length). At least the last place of each is padding, which is
    what padding of the judged points to."""
    length = -(-(max(len(w.ids) for w in windows) + 1) // LENGTHS) * LENGTHS
    some = -(-max(len(w.judged) for w in windows) // LENGTHS) * LENGTHS
    ids = torch.zeros(len(windows), length, dtype=torch.long)
    judged = torch.full((len(windows), some), length - 1)
    member = torch.zeros(len(windows), max(len(w.parts) for w in windows), some)
    mask = torch.zeros(len(windows), length)
    for row, window in enumerate(windows):
        ids[row, : len(window.ids)] = torch.tensor(window.ids)
        judged[row, : len(window.judged)] = torch.tensor(window.judged)
        mask[row, : len(window.ids)] = 1.0
        for n, part in enumerate(window.parts):
            member[row, n, part.at - MARKS : part.at + part.count] = 1.0
    return ids, judged, member, mask


@cache
def _is_bfloat16_faster() -> bool:
    """Whether the processor multiplies faster in bfloat16 than in float32. Measured, since what it
    says of itself does not tell: with AMX several times as fast, with AVX-512 BF16 alone slower,
    and where it is only imitated seventy times as slow."""
    return _seconds_of_products(torch.bfloat16) < _seconds_of_products(torch.float32)


def _seconds_of_products(kind: torch.dtype) -> float:
    """The least seconds of a few products as large as a layer's."""
    some, layer = torch.ones(512, 768, dtype=kind), torch.ones(768, 3072, dtype=kind)
    times: list[float] = []
    for _ in range(5):
        began = time.perf_counter()
        _ = some @ layer
        times.append(time.perf_counter() - began)
    return min(times)


def _loss(
    net: Net, words: nn.Embedding, known: Known, batch: Sequence[Example], recipe: Recipe
) -> Tensor:
    ids, judged, member, mask = inputs([e.window for e in batch])
    with torch.autocast("cpu", torch.bfloat16, enabled=_is_bfloat16_faster()):
        turns, pieces, wishes = net(words(ids), judged, member, mask)
    loss = _loss_of_parts(turns.float(), batch, recipe)
    loss = loss + recipe.words * _loss_of_pieces(pieces.float(), batch)
    loss = loss + _loss_of_wishes(wishes.float(), known, batch, recipe)
    return loss + recipe.mention * _loss_of_mentions(pieces.float(), batch, recipe)


def _loss_of_parts(turns: Tensor, batch: Sequence[Example], recipe: Recipe) -> Tensor:
    rows = [
        (row, n, part)
        for row, example in enumerate(batch)
        for n, part in enumerate(example.parts)
        if part.judged
    ]
    if not rows:
        return turns.sum() * 0.0
    at = torch.tensor([row for row, _, _ in rows]), torch.tensor([n for _, n, _ in rows])
    truth = torch.tensor([[part.objection, part.request] for _, _, part in rows])
    truth = truth * (1 - 2 * recipe.smooth) + recipe.smooth
    known = torch.tensor([part.known for _, _, part in rows]).float()
    loss = functional.binary_cross_entropy_with_logits(turns[at][:, :2], truth, known) * 2
    category = torch.tensor([part.category for _, _, part in rows])
    if (category >= 0).any():
        kinds = functional.cross_entropy(
            turns[at][:, 2:], category, ignore_index=-1, label_smoothing=0.05, reduction="sum"
        )
        loss = loss + recipe.category * kinds / len(rows)
    return loss


def _loss_of_pieces(pieces: Tensor, batch: Sequence[Example]) -> Tensor:
    scores = [
        pieces[row, part.at : part.at + part.count, :2]
        for row, example in enumerate(batch)
        for part in example.window.parts
    ]
    held = [told for example in batch for part in example.parts for told in part.carries]
    known = [part.known for e in batch for part in e.parts for _ in part.carries]
    loss = functional.binary_cross_entropy_with_logits(
        torch.cat(scores), torch.tensor(held), torch.tensor(known).float()
    )
    return loss * 2


def _loss_of_wishes(
    wishes: Tensor, known: Known, batch: Sequence[Example], recipe: Recipe
) -> Tensor:
    """A wish shall lie nearer to its own theme than to all others (InfoNCE, van den Oord, 2018)."""
    rows = [
        (row, n, known.places[part.theme], recipe.wish if part.judged else recipe.saying)
        for row, example in enumerate(batch)
        for n, part in enumerate(example.parts)
        if part.theme
    ]
    if not rows:
        return wishes.sum() * 0.0
    row, n, theme, weight = (torch.tensor(some) for some in zip(*rows, strict=True))
    near = wishes[row, n] @ known.meanings.T / recipe.sharp
    return (functional.cross_entropy(near, theme, reduction="none") * weight).mean()


def _loss_of_mentions(pieces: Tensor, batch: Sequence[Example], recipe: Recipe) -> Tensor:
    rows = [(row, mention) for row, example in enumerate(batch) for mention in example.mentions]
    if not rows:
        return pieces.sum() * 0.0
    at = torch.tensor([row for row, _ in rows]), torch.tensor([m.at for _, m in rows])
    rival = torch.tensor([m.rival for _, m in rows]) * (1 - 2 * recipe.smooth) + recipe.smooth
    loss = functional.binary_cross_entropy_with_logits(pieces[at][:, 2], rival)
    stance = torch.tensor([m.stance for _, m in rows])
    if (stance >= 0).any():
        loss = loss + functional.cross_entropy(
            pieces[at][:, 3:], stance, ignore_index=-1, label_smoothing=0.05
        )
    return loss
