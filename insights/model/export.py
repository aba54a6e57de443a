"""From a fitted network to the files that ship: ONNX in int8, tokenizer, card."""

import hashlib
import json
import tempfile
from pathlib import Path
from typing import Any

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic

from insights.model.net import Base, Net

HEADS = ("carries", "objection", "request", "category")  # small, and kept in full precision


def write_model(net: Net, base: Base, folder: Path) -> None:
    """Write reader.onnx and tokenizer.json. Weights are int8 a channel, activations int8 with
    the scale of each input (dynamic quantisation)."""
    (folder / "tokenizer.json").write_text(
        json.dumps(base.tokenizer, ensure_ascii=False, separators=(",", ":")), encoding="utf-8"
    )
    with tempfile.TemporaryDirectory() as scratch:
        full = Path(scratch) / "full.onnx"
        ids = torch.tensor([[101, 2054, 102, 2003, 102]])
        torch.onnx.export(
            net.eval(),
            (ids, torch.tensor([[0, 0, 0, 1, 0]])),
            full,
            input_names=["ids", "segments"],
            output_names=["turn", "words"],
            dynamic_axes={name: {1: "length"} for name in ("ids", "segments", "words")},
            opset_version=17,
            dynamo=False,
        )
        heads = [f"/{head}/{op}" for head in HEADS for op in ("MatMul", "Gemm")]
        quantize_dynamic(
            full,
            folder / "reader.onnx",
            op_types_to_quantize=["MatMul", "Gather"],
            per_channel=True,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=heads,
        )


def write_card(card: dict[str, Any], folder: Path) -> None:
    """Write card.json, with the checksums of the files beside it."""
    sums = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in ("reader.onnx", "tokenizer.json")
    }
    text = json.dumps({**card, "sha256": sums}, indent=2, ensure_ascii=False)
    (folder / "card.json").write_text(text + "\n", encoding="utf-8")
