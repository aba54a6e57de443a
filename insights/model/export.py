"""From fitted networks to the files that ship: ONNX in int8, tokenizer, card."""

import hashlib
import json
import tempfile
from pathlib import Path
from typing import Any

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic

from insights.model.net import Base, Several

HEADS = (
    "carries",
    "weighs",
    "objection",
    "request",
    "category",
    "wish",
)  # small: kept in full precision


def write_model(net: Several, base: Base, folder: Path) -> None:
    """Write reader.onnx and tokenizer.json. Weights are int8 a channel, activations int8 with
    the scale of each input (dynamic quantisation)."""
    (folder / "tokenizer.json").write_text(
        json.dumps(base.tokenizer, ensure_ascii=False, separators=(",", ":")), encoding="utf-8"
    )
    with tempfile.TemporaryDirectory() as scratch:
        full = Path(scratch) / "full.onnx"
        torch.onnx.export(
            net.eval(),
            (torch.tensor([[101, 102, 2003, 102, 102]]), torch.tensor([[[0.0, 1, 1, 0, 0]]])),
            full,
            input_names=["ids", "member"],
            output_names=["turns", "words", "themes"],
            dynamic_axes={
                "ids": {1: "length"},
                "member": {1: "parts", 2: "length"},
                "turns": {1: "parts"},
                "words": {1: "length"},
                "themes": {1: "parts"},
            },
            opset_version=17,
            dynamo=False,
        )
        heads = [
            f"/nets.{n}/{head}/{op}"
            for n in range(len(net.nets))
            for head in HEADS
            for op in ("MatMul", "Gemm")
        ]
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
