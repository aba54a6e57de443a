"""The small networks that ship with Earshot: packed, known by checksum, run by onnxruntime."""

import gzip
import hashlib
from pathlib import Path
from typing import Any

from ingest.base.errors import BadSetup


def session(model: Path, sha256: str, threads: int) -> Any:
    """An onnxruntime session of a packed model. Raises BadSetup where it is missing or altered."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(_unpacked(model, sha256), options)


def _unpacked(model: Path, sha256: str) -> bytes:
    try:
        packed = model.read_bytes()
    except OSError as error:
        raise BadSetup(f"{model} cannot be read ({error.strerror}): reinstall Earshot.") from error
    if hashlib.sha256(packed).hexdigest() != sha256:
        raise BadSetup(f"{model} is damaged: reinstall Earshot.")
    return gzip.decompress(packed)
