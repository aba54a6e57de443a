"""Who the embedded servers run as: PostgreSQL refuses to run as root."""

import os
import pwd
import shutil
import stat
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.base.errors import BadSetup

ACCOUNTS = ("earshot", "nobody")
"""Root hands the servers to the first of these that the machine has; no account is made."""

BASES = ("/var/cache", "/var/tmp", "/tmp")  # noqa: S108 - owner and mode are checked
"""Where root puts programs that lie where the account cannot enter, say under /root."""

NOEXEC = getattr(os, "ST_NOEXEC", 0)
"""The flag of a file system that no program can be run from; unknown on macOS."""


@dataclass(frozen=True, slots=True)
class Account:
    """A server's user; the ids are None where it is simply ours."""

    uid: int | None = None
    gid: int | None = None

    def options(self) -> dict[str, Any]:
        """What `subprocess` needs to run a program as this account."""
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Give `path` to this account."""
        if self.uid is None or self.gid is None:
            return
        try:
            os.chown(path, self.uid, self.gid)
        except OSError as error:
            raise BadSetup(
                f"PostgreSQL refuses to run as root, and {path} cannot be given to user "
                f"{self.uid} ({error.strerror}): run Earshot as an ordinary user."
            ) from error


def account_for(data: Path) -> Account:
    """The account that runs the server of the folder `data`: its owner, where it is there."""
    if os.geteuid() != 0:
        return Account()
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    for name in ACCOUNTS:
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(entry.pw_uid, entry.pw_gid)
    raise BadSetup(
        "PostgreSQL refuses to run as root, and this machine has no account named "
        f"{' or '.join(ACCOUNTS)}: run Earshot as an ordinary user, or add one of these."
    )


def open_to_all(path: Path) -> bool:
    """Whether any user may come to `path` and read it."""
    path = path.resolve()
    return bool(path.stat().st_mode & stat.S_IROTH) and all(
        folder.stat().st_mode & stat.S_IXOTH for folder in path.parents
    )


def reachable(
    packages: Path, parts: Sequence[str], witness: str, name: str, account: Account
) -> Path:
    """Where `account` can run the programs in `parts` of `packages`: there, or in a copy `name`.

    `witness` is a file of theirs that the account has to read. No permission is loosened: what
    lies behind a closed door, such as root's home, is copied out once.
    """
    if account.uid is None or open_to_all(packages / witness):
        return packages
    copy = _public_folder() / name
    if not (copy / witness).exists():
        with tempfile.TemporaryDirectory(dir=copy.parent) as workshop:
            fresh = Path(workshop) / name
            for part in parts:
                if (packages / part).exists():
                    shutil.copytree(packages / part, fresh / part, symlinks=True)
            _open(fresh)
            with suppress(OSError):  # another process was faster
                fresh.rename(copy)
    return copy


def _open(tree: Path) -> None:
    """Let everyone read and run what lies in our copy `tree`."""
    for path in [tree, *tree.rglob("*")]:
        if not path.is_symlink():
            runs = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
            path.chmod(0o755 if runs else 0o644)


def _public_folder() -> Path:
    """A folder of root's that everyone may enter and run programs from."""
    for base in map(Path, BASES):
        folder = base / "earshot"
        with suppress(OSError):
            folder.mkdir(mode=0o755, exist_ok=True)
            found = folder.lstat()
            ours = stat.S_ISDIR(found.st_mode) and found.st_uid == 0 and not found.st_mode & 0o022
            runs = not os.statvfs(folder).f_flag & NOEXEC
            if ours and runs and open_to_all(folder):
                return folder
    raise BadSetup(
        f"The account that runs PostgreSQL can enter neither {sys.prefix} nor a copy in "
        f"{', '.join(BASES)}: install Earshot where every user may read, or run it as an "
        "ordinary user."
    )
