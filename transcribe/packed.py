"""The small networks that ship with Earshot: packed, known by checksum, run by onnxruntime."""

import gzip
import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from ingest.base.errors import BadSetup

Given = TypeVar("Given")
Made = TypeVar("Made")


def abreast(work: Callable[[Given], Made], items: Iterable[Given], threads: int) -> Iterator[Made]:
    """What is made of each item, in order, by so many threads; few items are held at a time.

    Networks this small gain little from threads that share one run.
    """
    running: deque[Future[Made]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for item in items:
            running.append(pool.submit(work, item))
            if len(running) > 2 * threads:
                yield running.popleft().result()
        yield from (future.result() for future in running)


def session(model: Path, sha256: str) -> Any:
    """An onnxruntime session of a packed model, run by whichever thread asks. Raises BadSetup where
    the model is missing or altered."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
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
