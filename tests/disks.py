"""Real disks that are soon full: small file systems in memory."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def tiny_disk(kib: int) -> Iterator[Path]:
    """An empty file system of so many KiB that any user may write; skips where none is mounted."""
    folder = Path(tempfile.mkdtemp(prefix="tiny-"))
    folder.chmod(0o755)
    command = ("mount", "-t", "tmpfs", "-o", f"size={kib}k,mode=0777", "tmpfs", str(folder))
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        done = subprocess.CompletedProcess(command, 1, "", "there is no mount command")
    if done.returncode:
        folder.rmdir()
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()


def fill(disk: Path) -> Path:
    """Take all room that is left; the file that does."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12):
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError:
                continue
    return filler
