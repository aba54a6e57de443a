"""Which of the voices nearby speak at each moment, also several at once.

The model is pyannote's segmentation 3.0 (Plaquet and Bredin, "Powerset multi-class cross entropy
loss for neural speaker diarization", Interspeech 2023), run by onnxruntime; `model/card.md` says
where it is from. It knows voices within a window only: who they are is told elsewhere.
"""

from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from transcribe.packed import abreast, session
from transcribe.windows import RATE, Samples

Activity = npt.NDArray[np.bool_]

MODEL = Path(__file__).parent / "model" / "segmentation.onnx.gz"
SHA256 = "78242f01eef6eaf5214d770c977e1c1bc2099e8c447ce9d4d0ce02fc644bfd27"
WINDOW = 10 * RATE  # samples, as it was trained
FRAMES = 589  # a window
SPEAKERS = 3  # at most, in a window
FRAMES_A_SECOND = FRAMES * RATE / WINDOW
POWERSET = np.array(  # who speaks in each class: nobody, one, two of three
    [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1]], np.bool_
)
FULL_SCALE = np.float32(32768)


class Segmenter:
    """The model, loaded with its first use, in the process that uses it."""

    def __init__(self, threads: int = 1, model: Path = MODEL) -> None:
        self._threads, self._model = threads, model

    def of(self, blocks: Iterable[Samples]) -> Activity:
        """Who speaks in a sound (at RATE), as (windows, FRAMES, SPEAKERS); the last window is
        filled up with silence. Raises BadSetup where the model is missing or altered."""
        run = self._session.run

        def active(window: Samples) -> Activity:
            sound = window.astype(np.float32) / FULL_SCALE
            classes = run(None, {"sound": sound[None, None]})[0][0]
            speaking: Activity = POWERSET[classes.argmax(axis=1)]
            return speaking

        found = abreast(active, windows(blocks), self._threads)
        return np.array([*found], np.bool_).reshape(-1, FRAMES, SPEAKERS)

    @cached_property
    def _session(self) -> Any:
        return session(self._model, SHA256)


def windows(blocks: Iterable[Samples]) -> Iterator[Samples]:
    """Blocks of any length as windows, one after the other, the last one padded."""
    kept = np.zeros(0, np.int16)
    for block in blocks:
        kept = np.concatenate([kept, block])
        while len(kept) >= WINDOW:
            yield kept[:WINDOW]
            kept = kept[WINDOW:]
    if len(kept):
        yield np.pad(kept, (0, WINDOW - len(kept)))
