"""The bundled weights are joined once, whole, or there is a plain error."""

import os
import shutil
from pathlib import Path

import pytest

from ingest.base.errors import BadSetup, DiskFull
from ingest.base.settings import Settings
from tests.disks import tiny_disk
from tests.transcribe.conftest import both_at_once
from transcribe import weights
from transcribe.weights import SHA256, model_path


def test_the_weights_are_joined_once(hearing_settings: Settings) -> None:
    folder = model_path(hearing_settings)
    assert {file.name for file in folder.iterdir()} == set(SHA256)
    made = (folder / "model.bin").stat().st_mtime_ns
    assert model_path(hearing_settings) == folder
    assert (folder / "model.bin").stat().st_mtime_ns == made
    assert [entry.name for entry in folder.parent.iterdir()] == ["whisper-base"]  # no half one


JOIN = """
import sys
from pathlib import Path
from ingest.base.settings import Settings
from tests.disks import tiny_disk
from transcribe.weights import model_path
print("ready", flush=True)
sys.stdin.readline()
model_path(Settings(home=Path(sys.argv[1])))
"""


def test_processes_that_join_at_once_agree(tmp_path: Path) -> None:
    both_at_once(JOIN, str(tmp_path))
    assert [entry.name for entry in (tmp_path / "models").iterdir()] == ["whisper-base"]
    model_path(Settings(home=tmp_path))  # whole


@pytest.mark.parametrize("name", sorted(SHA256))
@pytest.mark.parametrize("harm", ["altered", "truncated", "gone", "a folder"])
def test_damage_is_found(hearing_settings: Settings, tmp_path: Path, name: str, harm: str) -> None:
    folder = tmp_path / "models" / "whisper-base"
    shutil.copytree(model_path(hearing_settings), folder, copy_function=os.link)
    content = bytearray((folder / name).read_bytes())
    (folder / name).unlink()
    if harm == "altered":
        content[len(content) // 2] ^= 1
        (folder / name).write_bytes(content)
    elif harm == "truncated":
        (folder / name).write_bytes(content[:-1])
    elif harm == "a folder":
        (folder / name).mkdir()
    with pytest.raises(BadSetup, match=f"{name} is missing or damaged: delete"):
        model_path(Settings(home=tmp_path))


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ((("no_such_wheel", "model.bin.part1"), weights.PARTS[1]), "not installed: reinstall"),
        (((weights.PARTS[0][0], "model.bin.part9"), weights.PARTS[1]), "lacks model.bin.part9"),
        ((weights.PARTS[1], weights.PARTS[1]), "damaged: reinstall"),
    ],
)
def test_missing_or_wrong_wheels_are_named_and_nothing_is_left(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    parts: tuple[tuple[str, str], ...],
    said: str,
) -> None:
    monkeypatch.setattr(weights, "PARTS", parts)
    with pytest.raises(BadSetup, match=said):
        model_path(Settings(home=tmp_path))
    assert list((tmp_path / "models").iterdir()) == []


def test_a_full_disk_is_told_and_leaves_nothing() -> None:
    with tiny_disk(4096) as disk:
        with pytest.raises(DiskFull, match="disk is full"):
            model_path(Settings(home=disk))
        assert list((disk / "models").iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_folder_that_may_not_be_read_is_told(hearing_settings: Settings) -> None:
    model_path(hearing_settings)
    os.seteuid(65534)
    try:
        with pytest.raises(BadSetup, match=r"cannot be read \(Permission denied\): let the user"):
            model_path(hearing_settings)
    finally:
        os.seteuid(0)


def test_a_home_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "home").touch()
    with pytest.raises(BadSetup, match="EARSHOT_HOME"):
        model_path(Settings(home=tmp_path / "home"))


def test_a_named_folder_is_taken_and_an_empty_one_is_not(
    hearing_settings: Settings, tmp_path: Path
) -> None:
    folder = model_path(hearing_settings)
    assert model_path(Settings(whisper_model=str(folder))) == folder
    assert model_path(Settings(whisper_model="large-v3-turbo")) == Path("large-v3-turbo")
    with pytest.raises(BadSetup, match=r"holds no model\.bin"):
        model_path(Settings(whisper_model=str(tmp_path)))
