"""Silero's voice activity detector over a stream."""

import numpy as np
import numpy.typing as npt

from transcribe.listening import Detector
from transcribe.windows import FRAME, Samples

FAINTER = np.float32(0.1)
"""Silero hears speech in the telephone band far better when it is played to it faintly: on our
8 kHz sample it misses 83 % of the buyer's sound as recorded and by its own thresholds, 23 % at a
tenth of the loudness, 1.4 % with ours as well. Other speech and sounds fare the same either way."""
CONTEXT = 64  # samples before a frame that Silero takes along


def new_detector() -> Detector:
    """A detector for one stream: it keeps its state between calls."""
    from faster_whisper.vad import get_vad_model

    session = get_vad_model().session
    hidden, cell = (np.zeros((1, 1, 128), np.float32) for _ in range(2))
    before: npt.NDArray[np.float32] = np.zeros(CONTEXT, np.float32)

    def detect(samples: Samples) -> npt.NDArray[np.float32]:
        nonlocal hidden, cell, before
        sound = samples.astype(np.float32) * (FAINTER / 32768)
        frames = sound.reshape(-1, FRAME)
        contexts = np.concatenate([before[None], frames[:-1, -CONTEXT:]])
        before = frames[-1, -CONTEXT:].copy()
        given = np.concatenate([contexts, frames], axis=1)
        found, hidden, cell = session.run(None, {"input": given, "h": hidden, "c": cell})
        probabilities: npt.NDArray[np.float32] = found.reshape(-1)
        return probabilities

    return detect
