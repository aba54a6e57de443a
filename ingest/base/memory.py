"""How much memory this process may use: the machine's, or what its control group leaves it."""

import os
from contextlib import suppress
from pathlib import Path

from ingest.base.cores import PROC, groups

MIB = 2**20
LIMITS = ("memory.max", "memory.limit_in_bytes")  # of version 2, and 1, of control groups


def memory_mib(proc: Path = PROC) -> int:
    """MiB that may be held at once; of a limit beyond what the machine has, the machine's."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = [limit for group in groups("memory", proc) if (limit := _limit(group)) is not None]
    return min([machine, *limits]) // MIB


def _limit(group: Path) -> int | None:
    """Its bytes; None where it sets no limit, or the file holds nonsense."""
    for name in LIMITS:
        with suppress(OSError, ValueError):
            told = int((group / name).read_text("ascii"))
            return told if told > 0 else None
    return None
