"""From a fitted network to the files that ship: ONNX in int8, packed; tokenizer, card."""

import hashlib
import json
import tempfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

from insights.model.net import Base, Whole

HEADS = (
    "carries",
    "weighs",
    "objection",
    "request",
    "category",
)  # small: kept in full precision
STEP = 0.33  # of weights, in their standard deviations: some 3.7 bits each once packed
OUTPUTS = {"turns": {1: "parts"}, "words": {1: "some"}, "wishes": {1: "parts"}}


def write_model(net: Whole, base: Base, folder: Path) -> None:
    """Write reader.onnx.gz and tokenizer.json. Activations are int8 with the scale of each input
    (dynamic quantisation); weights are int8 of few levels, so that they pack into half their size:
    even steps and an entropy code lose the least for their bits (Gish and Pierce, 1968)."""
    (folder / "tokenizer.json").write_text(
        json.dumps(base.tokenizer, ensure_ascii=False, separators=(",", ":")), encoding="utf-8"
    )
    with tempfile.TemporaryDirectory() as scratch:
        full, small = Path(scratch) / "full.onnx", Path(scratch) / "small.onnx"
        _write_full(net, full)
        quantize_dynamic(
            full,
            small,
            op_types_to_quantize=["MatMul", "Gather"],
            per_channel=True,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=[f"/net/{part}/{op}" for part in HEADS for op in ("MatMul", "Gemm")]
            + ["/net/distances/Gather"],  # a tiny table, but each layer would widen its rows anew
        )
        model = coarse(onnx.load(small), onnx.load(full), STEP)
    (folder / "reader.onnx.gz").write_bytes(packed(model))


def _write_full(net: Whole, path: Path) -> None:
    torch.onnx.export(
        net.eval(),
        (
            torch.tensor([[0, 2, 2003, 2, 2]]),
            torch.tensor([[1, 2, 3]]),
            torch.tensor([[[1.0, 1, 0]]]),
        ),
        path,
        input_names=["ids", "judged", "member"],
        output_names=[*OUTPUTS, "themes"],
        dynamic_axes={
            "ids": {1: "length"},
            "judged": {1: "some"},
            "member": {1: "parts", 2: "some"},
            "themes": {1: "parts"},
            **OUTPUTS,
        },
        opset_version=17,
        dynamo=False,
    )


def coarse(small: onnx.ModelProto, full: onnx.ModelProto, of_deviation: float) -> bytes:
    """The model in int8, its weights rounded anew to steps of that share of their standard
    deviation."""
    weights = {one.name: numpy_helper.to_array(one) for one in full.graph.initializer}
    ours = {one.name: one for one in small.graph.initializer}
    for name, weight in weights.items():
        if f"{name}_quantized" in ours:
            scale = ours[f"{name}_scale"]
            axis = 0 if scale.dims else None  # a step a channel, or one for the whole table
            step = np.maximum(of_deviation * weight.std(axis), np.abs(weight).max(axis) / 127)
            step = np.maximum(step, 1e-9).astype(np.float32)
            kind, zero = _kind(ours[f"{name}_zero_point"])
            _replace(ours[f"{name}_quantized"], (np.rint(weight / step) + zero).astype(kind))
            _replace(ours[f"{name}_zero_point"], np.full(scale.dims, zero, kind))
            _replace(scale, step)
    raw: bytes = small.SerializeToString()
    return raw


def _kind(zero_point: onnx.TensorProto) -> tuple[type[np.integer[Any]], int]:
    """A weight's type and its level for nothing: a table's is unsigned, a channel's is signed."""
    unsigned = zero_point.data_type == onnx.TensorProto.UINT8
    return (np.uint8, 128) if unsigned else (np.int8, 0)


def packed(raw: bytes) -> bytes:
    """As gzip, by Huffman's code alone: among weights there are no repeats to look for."""
    gzip = zlib.compressobj(9, zlib.DEFLATED, 31, 9, zlib.Z_HUFFMAN_ONLY)
    return gzip.compress(raw) + gzip.flush()


def _replace(tensor: onnx.TensorProto, values: NDArray[Any]) -> None:
    tensor.CopyFrom(numpy_helper.from_array(values.reshape(tuple(tensor.dims)), tensor.name))


def write_card(card: dict[str, Any], folder: Path) -> None:
    """Write card.json, with the checksums of the files beside it."""
    sums = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in ("reader.onnx.gz", "tokenizer.json")
    }
    text = json.dumps({**card, "sha256": sums}, indent=2, ensure_ascii=False)
    (folder / "card.json").write_text(text + "\n", encoding="utf-8")
