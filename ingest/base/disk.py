"""What has to survive a power cut, and what is left undone where there is no room."""

import errno
import os
from pathlib import Path


def to_disk(path: Path) -> None:
    """Make sure that a file, or a folder's list of names, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def is_full(error: Exception) -> bool:
    """Whether it was raised because a disk, or what its user may have of it, is full."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
