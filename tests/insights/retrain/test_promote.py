"""Which reader is in use: promoted whole or not at all, and never one that cannot be used."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ingest.base.errors import BadSetup
from ingest.base.settings import Settings
from insights import tasks
from insights.model.promote import (
    Busy,
    back_to_shipped,
    in_use,
    making,
    promote,
    promoted,
    usable,
)
from insights.model.reader import HERE, Reader

FILES = ("reader.onnx.gz", "tokenizer.json", "card.json")
SHIPPED = Reader.load(HERE).version
GENERATION = SHIPPED.partition("-")[0]
FIRST, SECOND, THIRD = (f"{GENERATION}-{n * 8}" for n in "abc")


def make(folder: Path, version: str) -> Path:
    """Files as a training writes them; nobody here reads a call with them."""
    folder.mkdir(parents=True)
    card = json.loads((HERE / "card.json").read_text())
    for name in FILES[:2]:
        (folder / name).write_bytes(version.encode() * 9)
        card["sha256"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    (folder / "card.json").write_text(json.dumps({**card, "version": version}))
    return folder


def promote_one(home: Path, version: str) -> None:
    with making(home) as (scratch, _):
        assert promote(home, make(scratch / "model", version)) == version


def test_without_a_promotion_the_shipped_reader_is_used(settings: Settings) -> None:
    assert promoted(settings.home) is None
    assert in_use(settings.home) == HERE
    assert Reader.load().version == SHIPPED
    assert back_to_shipped(settings.home) is None


def test_a_promoted_reader_is_used_until_one_goes_back(settings: Settings) -> None:
    promote_one(settings.home, FIRST)
    assert (promoted(settings.home), Reader.load().version) == (FIRST, FIRST)
    promote_one(settings.home, SECOND)
    promote_one(settings.home, SECOND)  # the same again
    assert Reader.load().version == SECOND
    assert back_to_shipped(settings.home) == SECOND
    assert Reader.load().version == SHIPPED


def test_only_the_one_before_is_kept_beside_it(settings: Settings) -> None:
    for version in (FIRST, SECOND, THIRD):
        promote_one(settings.home, version)
    models = {path.name for path in (settings.home / "model").iterdir()}
    assert models == {"current", "lock", SECOND, THIRD}
    assert (settings.home / "model").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", FILES)
def test_an_altered_one_is_told_and_not_used(settings: Settings, name: str) -> None:
    promote_one(settings.home, FIRST)
    file = settings.home / "model" / FIRST / name
    file.write_bytes(file.read_bytes()[:-10])
    assert Reader.load().version == SHIPPED
    with pytest.raises(BadSetup, match=r"earshot retrain --back-to-shipped"):
        usable(settings.home, FIRST)
    promote_one(settings.home, FIRST)
    assert Reader.load().version == FIRST, "promoted again, it is whole"


def test_one_of_another_generation_is_not_used(settings: Settings) -> None:
    promote_one(settings.home, "1-aaaaaaaa")
    assert Reader.load().version == SHIPPED
    with pytest.raises(BadSetup, match="another version of Earshot"):
        usable(settings.home, "1-aaaaaaaa")


@pytest.mark.parametrize("said", ["", "..", "../../elsewhere", "2-zz", FIRST, "\x00", "2-a\n2-b"])
def test_a_broken_pointer_is_not_followed(settings: Settings, said: str) -> None:
    promote_one(settings.home, SECOND)
    (settings.home / "model" / "current").write_text(said)
    assert Reader.load().version == SHIPPED


def test_one_under_another_name_is_not_used(settings: Settings) -> None:
    promote_one(settings.home, FIRST)
    (settings.home / "model" / FIRST).rename(settings.home / "model" / SECOND)
    with pytest.raises(BadSetup, match=f"holds version {FIRST}"):
        usable(settings.home, SECOND)


def test_two_do_not_retrain_at_once(tmp_path: Path) -> None:
    with (
        making(tmp_path) as (scratch, _),
        pytest.raises(Busy, match="already"),
        making(tmp_path),
    ):
        pass
    assert not scratch.exists()


def test_killed_half_way_nothing_is_promoted_and_what_it_left_is_cleared(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from insights.model.promote import making\n"
        f"with making(Path({str(tmp_path)!r})) as (scratch, _):\n"
        "    (scratch / 'calls').write_text('what was said'); print('here', flush=True)\n"
        "    time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
    assert (tmp_path / "model" / "making" / "calls").exists()
    assert promoted(tmp_path) is None
    with making(tmp_path) as (scratch, _):
        assert list(scratch.iterdir()) == []


def test_whoever_reads_meanwhile_sees_the_one_or_the_other(settings: Settings) -> None:
    """A process promotes two in turn; every look finds a whole reader."""
    versions = (FIRST, SECOND)
    promote_one(settings.home, FIRST)
    process = subprocess.Popen(
        [sys.executable, "-c", _TAKING_TURNS, str(settings.home), *versions],
        stdin=subprocess.PIPE,
    )
    seen = set()
    ends = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < ends:
        seen.add(Reader.load().version)
    process.communicate()
    assert process.returncode == 0
    assert seen <= set(versions)


_TAKING_TURNS = """
import sys
from pathlib import Path
from tests.insights.retrain.test_promote import promote_one
for version in sys.argv[2:] * 2:
    promote_one(Path(sys.argv[1]), version)
"""


def test_a_worker_takes_up_another_reader_with_its_next_call(settings: Settings) -> None:
    tasks._miner_with.cache_clear()
    first = tasks._miner()
    assert tasks._miner() is first, "loaded once"
    promote_one(settings.home, FIRST)
    assert (first.version, tasks._miner().version) == (SHIPPED, FIRST)
    back_to_shipped(settings.home)
    assert tasks._miner().version == SHIPPED
    tasks._miner_with.cache_clear()
