"""Control groups as they are found in the wild, and broken."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.base.cores import cores, group_share, share_v1, share_v2


@pytest.mark.parametrize(
    ("written", "share"),
    [
        ("150000 100000\n", 1.5),
        ("max 100000\n", None),
        ("50000", 0.5),  # the period may be left out: it is 100,000
        ("0 100000", None),
        ("100000 0", None),
        ("-1 100000", None),
        ("1e5 100000", None),
        ("٣ ١", None),
        ("", None),
    ],
)
def test_version_2(written: str, share: float | None) -> None:
    assert share_v2(written) == share


@pytest.mark.parametrize(
    ("quota", "period", "share"),
    [("200000\n", "100000\n", 2.0), ("-1\n", "100000\n", None), ("", "", None), ("1", "", None)],
)
def test_version_1(quota: str, period: str, share: float | None) -> None:
    assert share_v1(quota, period) == share


@given(st.text(), st.text())
def test_nonsense_is_no_limit_and_no_error(first: str, second: str) -> None:
    for share in (share_v2(first), share_v1(first, second)):
        assert share is None or share > 0


@given(st.integers(1, 10**7), st.integers(1, 10**6))
def test_both_versions_agree(quota: int, period: int) -> None:
    assert share_v2(f"{quota} {period}") == share_v1(str(quota), str(period)) == quota / period


def process(folder: Path, cgroup: str, *mounts: str) -> Path:
    """A process's folder under /proc."""
    folder.mkdir(exist_ok=True)
    (folder / "cgroup").write_text(cgroup)
    (folder / "mountinfo").write_text("".join(f"{mount}\n" for mount in mounts))
    return folder


def v2(point: Path, root: str = "/") -> str:
    return f"30 23 0:26 {root} {point} rw,nosuid - cgroup2 cgroup2 rw"


def v1(point: Path, root: str = "/") -> str:
    return f"31 23 0:27 {root} {point} rw shared:9 - cgroup cgroup rw,cpu,cpuacct"


def limit(group: Path, written: str) -> None:
    group.mkdir(parents=True, exist_ok=True)
    if " " in written:
        (group / "cpu.max").write_text(written)
    else:
        (group / "cpu.cfs_quota_us").write_text(written)
        (group / "cpu.cfs_period_us").write_text("100000\n")


def test_a_container_with_a_namespace_of_its_own(tmp_path: Path) -> None:
    limit(tmp_path / "group", "250000 100000")
    assert group_share(process(tmp_path / "self", "0::/\n", v2(tmp_path / "group"))) == 2.5


def test_the_narrowest_of_nested_groups_counts(tmp_path: Path) -> None:
    limit(tmp_path / "g" / "user.slice", "100000 100000")
    limit(tmp_path / "g" / "user.slice" / "inner" / "most", "max 100000")
    proc = process(tmp_path / "self", "0::/user.slice/inner/most\n", v2(tmp_path / "g"))
    assert group_share(proc) == 1.0
    limit(tmp_path / "g" / "user.slice" / "inner", "50000 100000")
    assert group_share(proc) == 0.5


def test_a_container_of_version_1_sees_its_group_at_the_mount(tmp_path: Path) -> None:
    limit(tmp_path / "cpu", "300000")
    cgroup = "5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n"
    assert group_share(process(tmp_path / "self", cgroup, v1(tmp_path / "cpu", "/docker/abc"))) == 3


def test_both_versions_at_once(tmp_path: Path) -> None:
    limit(tmp_path / "one" / "a", "400000")
    limit(tmp_path / "two" / "b", "200000 100000")
    mounts = (v1(tmp_path / "one"), v2(tmp_path / "two"))
    assert group_share(process(tmp_path / "self", "3:cpu:/a\n0::/b\n", *mounts)) == 2


@pytest.mark.parametrize(
    ("cgroup", "mount"),
    [
        ("", ""),
        ("0::/\n", ""),
        ("0::/../..\n", "30 23 0:26 / {} rw - cgroup2 cgroup2 rw"),
        ("nonsense\n:\n::\n", "nonsense - nonsense\n - \n"),
        ("0::/gone\n", "30 23 0:26 / {} rw - cgroup2 cgroup2 rw"),
        ("1:name=systemd:/x\n", "30 23 0:26 / {} rw - cgroup cgroup rw,name=systemd"),
    ],
)
def test_what_cannot_be_read_is_no_limit(tmp_path: Path, cgroup: str, mount: str) -> None:
    assert group_share(process(tmp_path / "self", cgroup, mount.format(tmp_path))) is None


def test_a_system_without_control_groups_has_no_limit(tmp_path: Path) -> None:
    assert group_share(tmp_path / "nothing") is None


def test_part_of_a_core_is_one_and_a_wide_group_gives_no_more_than_there_is(tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    free = cores(tmp_path / "nothing")
    proc = process(tmp_path / "self", "0::/\n", v2(tmp_path / "group"))
    for written, expected in (("50000 100000", 1), ("99900000 100000", free)):
        limit(tmp_path / "group", written)
        assert cores(proc) == expected


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity here")
def test_a_real_process_is_held_to_its_affinity() -> None:
    program = (
        "import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]); "
        "from ingest.base.cores import cores; print(cores())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.strip() == b"1"
