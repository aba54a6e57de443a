"""How many cores this process may use: the machine's, its affinity's and its control group's.

Python knows the first two; a container's limit on processor time (`docker run --cpus`) is only in
the control groups' files, of which this reads both versions (cgroups(7), proc_pid_mountinfo(5)).
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import NamedTuple

PROC = Path("/proc/self")


def cores(proc: Path = PROC) -> int:
    """Whole cores that this process may keep busy, at least one: part of a core is none."""
    allowed = os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        allowed = len(os.sched_getaffinity(0))
    share = group_share(proc)
    return max(1, allowed if share is None else min(allowed, int(share)))


def group_share(proc: Path = PROC) -> float | None:
    """The least processor time, in cores, that the control groups around the process of `proc`
    are given; None where they set no limit, or the system has none."""
    shares = [share for group in groups("cpu", proc) if (share := _share_of(group)) is not None]
    return min(shares, default=None)


def share_v2(cpu_max: str) -> float | None:
    """The cores of a `cpu.max`, "max 100000" or "150000 100000"; None for no limit or nonsense."""
    quota, _, period = cpu_max.strip().partition(" ")
    return _ratio(quota, period or "100000")


def share_v1(quota: str, period: str) -> float | None:
    """The cores of `cpu.cfs_quota_us` and `cpu.cfs_period_us`; a quota of -1 is no limit."""
    return _ratio(quota.strip(), period.strip())


def _ratio(quota: str, period: str) -> float | None:
    if not (quota.isascii() and quota.isdigit() and period.isascii() and period.isdigit()):
        return None
    return int(quota) / int(period) if int(quota) and int(period) else None


class _Mount(NamedTuple):
    """A hierarchy of control groups, as it is mounted here."""

    root: PurePosixPath  # the group that is seen at `point`
    point: Path
    unified: bool  # version 2


def groups(controller: str, proc: Path = PROC) -> Iterator[Path]:
    """The folders of the process's own group and of those around it, in each hierarchy that may
    limit what `controller` is about."""
    paths = dict(_paths(_text(proc / "cgroup")))
    for mount in _mounts(_text(proc / "mountinfo"), controller):
        path = paths.get("" if mount.unified else controller)
        if path is None:
            continue
        # Seen from a namespace of its own, a group may lie outside what is mounted.
        inside = path.relative_to(mount.root) if path.is_relative_to(mount.root) else path
        group = mount.point / str(inside).lstrip("/")
        yield from (folder for folder in (group, *group.parents) if _within(folder, mount.point))


def _within(folder: Path, point: Path) -> bool:
    return folder.is_relative_to(point) and ".." not in folder.parts


def _paths(cgroup: str) -> Iterator[tuple[str, PurePosixPath]]:
    """Each controller of `/proc/self/cgroup` with its group; version 2's is called ""."""
    for line in cgroup.splitlines():
        _, _, rest = line.partition(":")
        controllers, found, path = rest.partition(":")
        if found:
            yield from ((name, PurePosixPath(path)) for name in controllers.split(","))


def _mounts(mountinfo: str, controller: str) -> Iterator[_Mount]:
    """The hierarchies of `/proc/self/mountinfo` that may set its limits."""
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        where, what = before.split(), after.split()
        if len(where) < 5 or len(what) < 3:
            continue
        unified = what[0] == "cgroup2"
        if unified or (what[0] == "cgroup" and controller in what[2].split(",")):
            yield _Mount(PurePosixPath(where[3]), Path(where[4]), unified)


def _share_of(group: Path) -> float | None:
    either = (
        share_v2(_text(group / "cpu.max")),
        share_v1(_text(group / "cpu.cfs_quota_us"), _text(group / "cpu.cfs_period_us")),
    )
    return next((share for share in either if share is not None), None)


def _text(file: Path) -> str:
    with suppress(OSError, UnicodeDecodeError):
        return file.read_text("ascii")
    return ""
