"""What the decoder frees is kept for its next batch.

CTranslate2 takes and frees hundreds of MiB a batch, which glibc hands back to the system each time:
the kernel then clears the pages anew, an eighth of hearing's CPU time where this was measured.
Nothing is done where the C library is not glibc, as on macOS.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

TRIM_THRESHOLD, MMAP_MAX, ARENA_MAX = -1, -4, -8  # of malloc.h
MOST = 2**31 - 1  # bytes that mallopt takes


def share() -> None:
    """Threads that begin from now on share one heap, so that what one frees another may use."""
    _set({ARENA_MAX: 1})


@contextmanager
def kept() -> Iterator[None]:
    """While this lasts, the process keeps what it frees; afterwards it is given back."""
    _set({MMAP_MAX: 0, TRIM_THRESHOLD: MOST})
    try:
        yield
    finally:
        _set({MMAP_MAX: 65_536, TRIM_THRESHOLD: 131_072})  # glibc's own
        if _has_glibc():
            ctypes.CDLL(None).malloc_trim(0)


def _set(options: dict[int, int]) -> None:
    if _has_glibc():
        for option, value in options.items():
            ctypes.CDLL(None).mallopt(option, value)


def _has_glibc() -> bool:
    return hasattr(ctypes.CDLL(None), "gnu_get_libc_version")
