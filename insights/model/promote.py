"""Which reader is in use: the one that came with Earshot, or one retrained here and promoted.

    HOME/model/current      the promoted version's name; absent: the shipped reader is in use
    HOME/model/VERSION/     its files, as training wrote them
    HOME/model/making/      one retraining's scratch, empty between two
    HOME/model/lock         held by the retraining that runs

A version is moved into its place whole and only then named, each in one step of the file system:
whoever is killed in between has promoted nothing, and whoever reads sees the old or the new one.
"""

import fcntl
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ingest.base.disk import to_disk
from ingest.base.errors import BadSetup, EarshotError, Refused
from ingest.base.log import get_logger
from insights.model.reader import HERE, Reader

VERSION = re.compile(r"\d+-[0-9a-f]+")  # its generation, and a checksum: a safe folder name

log = get_logger(__name__)


class Busy(Refused):
    """Another retraining holds this data folder."""

    code = "busy"


def promoted(home: Path) -> str | None:
    """The version that was promoted here; None where the shipped one is in use."""
    try:
        return _current(home).read_text(encoding="utf-8", errors="replace").strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        log.warning("which reader was promoted cannot be read", why=str(error))
        return None


def in_use(home: Path) -> Path:
    """The folder of the reader in use. A promoted one that cannot be used is told in the log,
    and the shipped one is used instead: mining goes on."""
    version = promoted(home)
    if version is None:
        return HERE
    try:
        return usable(home, version)
    except BadSetup as error:
        log.warning("the retrained reader cannot be used: the shipped one is", why=str(error))
        return HERE


def usable(home: Path, version: str) -> Path:
    """The folder of a promoted version. Raises BadSetup where it is absent or altered, or where
    it was made for the inputs and outputs of another Earshot."""
    remedy = "run `earshot retrain`, or `earshot retrain --back-to-shipped`"
    if not VERSION.fullmatch(version):
        raise BadSetup(f"{_current(home)} names no version: {remedy}.")
    folder = _models(home) / version
    try:
        found = Reader.load(folder).version
    except EarshotError as error:
        raise BadSetup(f"{error} Or {remedy}.") from error
    if found != version:
        raise BadSetup(f"{folder} holds version {found}: {remedy}.")
    if _generation(found) != _generation(Reader.load(HERE).version):
        raise BadSetup(f"Reader {version} was made for another version of Earshot: {remedy}.")
    return folder


def promote(home: Path, made: Path) -> str:
    """Put the model in `made`, which is on the disk of `home`, into use; its version. Only the
    one used before is kept beside it: a worker may be about to load that one."""
    version = Reader.load(made).version
    before = promoted(home)
    for file in made.iterdir():
        to_disk(file)
    _put(made, _models(home) / version)
    to_disk(_models(home))
    fresh = _current(home).with_suffix(".new")
    fresh.write_text(version + "\n", encoding="utf-8")
    to_disk(fresh)
    fresh.replace(_current(home))
    to_disk(_models(home))
    for folder in _models(home).iterdir():
        if VERSION.fullmatch(folder.name) and folder.name not in (version, before):
            shutil.rmtree(folder, ignore_errors=True)
    return version


def back_to_shipped(home: Path) -> str | None:
    """Put the shipped reader into use; the version that was in use, None where it was that one."""
    version = promoted(home)
    _current(home).unlink(missing_ok=True)
    return version


@contextmanager
def making(home: Path) -> Iterator[tuple[Path, IO[bytes]]]:
    """Yield an empty folder to make a model in, and the lock that is held until the end, also by
    a process that inherits it. Raises Busy where another one is at it."""
    _make_folder(_models(home))
    with (_models(home) / "lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(f"A retraining runs in {home} already: wait until it has ended.") from None
        scratch = _models(home) / "making"
        try:
            shutil.rmtree(scratch, ignore_errors=True)  # one that was killed left it
            scratch.mkdir(mode=0o700)
            yield scratch, lock
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def _put(made: Path, place: Path) -> None:
    """Move it there, unless the very same is there and whole."""
    try:
        Reader.load(place)
    except BadSetup:
        shutil.rmtree(place, ignore_errors=True)
        made.rename(place)


def _make_folder(folder: Path) -> None:
    try:
        for path in (folder.parent, folder):  # closed to others: it holds what was said
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BadSetup(
            f"Earshot cannot keep its data in {folder.parent} ({error.strerror}): "
            "name a folder that you may write in EARSHOT_HOME."
        ) from error


def _models(home: Path) -> Path:
    return home / "model"


def _current(home: Path) -> Path:
    return _models(home) / "current"


def _generation(version: str) -> str:
    return version.partition("-")[0]
