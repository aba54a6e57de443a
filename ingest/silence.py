"""A recording with parts of it silenced, to be served to those who may not hear them.

Sound is decoded and laid in time as for hearing (ingest.audio), so that the silence falls where the
words were heard: as 16-bit WAV, which a player can enter anywhere. The file is kept in the spool,
from where it goes after a day, so that a listener who jumps about does not wait at each jump.
"""

import os
import tempfile
import wave
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from threading import Lock

import numpy as np

from ingest.audio import RATE, Block, blocks
from ingest.base.errors import Unavailable
from ingest.store import Store
from ingest.timeline import Samples

MARGIN_SECONDS = 0.2
"""Silenced before and after: a word's times are heard to about so much."""

MOST_CHANNELS = 2
"""More are mixed into one: six hours of them would not fit into a WAV file."""

Spans = Sequence[tuple[float, float]]

_one_at_a_time = Lock()


def silenced_copy(store: Store, recording: str, spans: Spans, spool: Path) -> Path:
    """The recording (its SHA-256 in hex) as a WAV file in `spool`, silent during `spans`: seconds
    from its start. Raises NotFound, Unavailable; as `ingest.audio.blocks` for what is no sound."""
    what = sha256(repr(sorted(spans)).encode()).hexdigest()[:16]
    kept = spool / f"silenced-{recording}-{what}.wav"
    with _one_at_a_time:  # a player asks for several parts at once
        if not kept.exists():
            with store.local_copy(recording) as path:
                _write(path, spans, kept)
    return kept


def copied(spool: Path) -> set[str]:
    """The recordings (SHA-256 in hex) of which `silenced_copy` keeps something here."""
    return {path.name.split("-")[1] for path in spool.glob("silenced-*.wav")}


def forget_copies(recording: str, spool: Path) -> None:
    """Remove what `silenced_copy` kept of a recording here."""
    for path in spool.glob(f"silenced-{recording}-*.wav"):
        path.unlink(missing_ok=True)


def silence(block: Block, spans: Spans, rate: int) -> Samples:
    """A block's samples, shape (channels, n), with nothing to be heard during the spans."""
    samples = block.samples.copy()
    for start, end in spans:
        first = max(0, int((start - MARGIN_SECONDS - block.start) * rate))
        last = int((end + MARGIN_SECONDS - block.start) * rate) + 1
        samples[:, first : max(0, last)] = 0
    return samples


def _write(path: Path, spans: Spans, kept: Path) -> None:
    """Write the copy beside its place, then put it there whole."""
    try:
        kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=kept.parent, prefix="silencing-") as file:
            with wave.open(file, "wb") as out:
                out.setsampwidth(2)
                out.setframerate(RATE)
                for block in blocks(path):
                    samples = _at_most_two(silence(block, spans, RATE))
                    if not out.tell():
                        out.setnchannels(len(samples))
                    out.writeframesraw(samples.T.astype("<i2").tobytes())
            file.flush()
            with suppress(FileExistsError):  # another process was quicker
                os.link(file.name, kept)
    except OSError as error:
        raise Unavailable(
            f"The sound cannot be written under {kept.parent} ({error.strerror}): make room there "
            "and play it again."
        ) from error


def _at_most_two(samples: Samples) -> Samples:
    if len(samples) <= MOST_CHANNELS:
        return samples
    mixed: Samples = samples.mean(axis=0, keepdims=True).astype(np.int16)
    return mixed
