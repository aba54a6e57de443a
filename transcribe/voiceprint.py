"""Voiceprints: a stretch of speech as a vector that is near others of the same voice.

The model is CAM++ (Wang et al., "CAM++: A Fast and Efficient Network for Speaker Verification
Using Context-Aware Masking", 2023), run by onnxruntime; `model/card.md` says where it is from.
"""

from collections.abc import Iterable
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from transcribe.packed import abreast, session
from transcribe.windows import RATE, Samples

Vectors = npt.NDArray[np.float32]

MODEL = Path(__file__).parent / "model" / "campplus.onnx.gz"
SHA256 = "1fc729015d8f1529720bf6efd55bde6b3624b6efd8fa2b847a984fb152dd219e"
MELS = 80
SHORTEST = int(0.4 * RATE)  # samples: less says nothing about a voice; it is repeated up to here
SIZE = 192  # of a voiceprint
FULL_SCALE = np.float32(32768)
TINY = np.float32(1e-9)


class Voiceprinter:
    """The model, loaded with its first use, in the process that uses it."""

    def __init__(self, threads: int = 1, model: Path = MODEL) -> None:
        self._threads, self._model = threads, model

    def of(self, sounds: Iterable[Samples]) -> Vectors:
        """The voiceprint of each sound (at RATE), as (sounds, SIZE) vectors of length 1.

        Raises BadSetup where the model is missing or altered.
        """
        run = self._session.run
        found = abreast(
            lambda sound: run(None, {"features": features(sound)[None]})[0][0],
            sounds,
            self._threads,
        )
        vectors: Vectors = np.array([*found], np.float32).reshape(-1, SIZE)
        unit: Vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), TINY)
        return unit

    @cached_property
    def _session(self) -> Any:
        return session(self._model, SHA256)


def features(sound: Samples) -> Vectors:
    """Kaldi's log-mel filter banks of a sound, (frames, MELS), less their mean over time."""
    from kaldi_native_fbank import OnlineFbank

    if len(sound) < SHORTEST:
        sound = np.resize(sound, SHORTEST)  # repeated; of no sound at all, silence
    bank = OnlineFbank(_options())
    bank.accept_waveform(RATE, sound.astype(np.float32) / FULL_SCALE)
    bank.input_finished()
    frames = np.stack([bank.get_frame(n) for n in range(bank.num_frames_ready)])
    level: Vectors = frames - frames.mean(axis=0)
    return level


@cache
def _options() -> Any:
    from kaldi_native_fbank import FbankOptions

    options = FbankOptions()
    options.frame_opts.samp_freq = RATE
    options.frame_opts.dither = 0
    options.mel_opts.num_bins = MELS
    return options
