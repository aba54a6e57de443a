"""Memory as the machine has it and a container may use it."""

from pathlib import Path

import pytest

from ingest.base.memory import memory_mib
from ingest.base.servers import shared_buffers_mib
from tests.ingest.base.test_cores import process, v2


def of_group(tmp_path: Path, name: str, written: str) -> int:
    group = tmp_path / "group"
    group.mkdir()
    (group / name).write_text(written)
    return memory_mib(process(tmp_path / "self", "0::/\n", v2(group)))


def of_machine(tmp_path: Path) -> int:
    return memory_mib(tmp_path / "nothing")


def test_a_container_may_use_its_limit(tmp_path: Path) -> None:
    assert of_group(tmp_path, "memory.max", f"{64 * 2**20}\n") == 64


@pytest.mark.parametrize("written", ["max\n", "", "-1\n", "much", f"{2**63 - 4096}\n"])
def test_without_a_limit_it_is_the_machines(tmp_path: Path, written: str) -> None:
    assert of_group(tmp_path, "memory.max", written) == of_machine(tmp_path) > 256


def test_the_older_control_groups(tmp_path: Path) -> None:
    group = tmp_path / "memory"
    group.mkdir()
    (group / "memory.limit_in_bytes").write_text(f"{96 * 2**20}\n")
    mount = f"31 23 0:27 / {group} rw - cgroup cgroup rw,memory"
    assert memory_mib(process(tmp_path / "self", "4:memory:/\n5:cpu:/x\n", mount)) == 96


@pytest.mark.parametrize(
    ("memory", "buffers"), [(256, 128), (2048, 256), (24_576, 3072), (1_000_000, 8192)]
)
def test_postgresql_keeps_an_eighth_at_hand(memory: int, buffers: int) -> None:
    assert shared_buffers_mib(memory) == buffers
