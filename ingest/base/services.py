"""The servers Earshot brings along: PostgreSQL and Valkey in one data folder.

Any number of commands share them. Who comes first starts them, who leaves last stops them:
each command holds a shared lock on `users.lock` while it runs, which the system lets go even
when the command is killed. A server inherits a lock on its own file and holds it for as long
as one of its processes lives; so a stale process id never counts, and a server left over by a
killed command is found and used again. Both listen on sockets only, in a folder closed to
others, behind a password.
"""

import fcntl
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ingest.base.accounts import Account, account_for
from ingest.base.errors import BadSetup
from ingest.base.servers import Postgres, Server, Site, Valkey
from ingest.base.settings import Settings

SOCKET_FOLDER_BYTES = 103 - len("/.s.PGSQL.5432")
"""Longest path of a folder for sockets: macOS allows a socket's path 103 bytes, Linux 107."""

SOCKETS_NOTE = "sockets"
"""The file that names the folder of the sockets, where that is not under the home."""


@contextmanager
def embedded(settings: Settings) -> Iterator[Settings]:
    """Yield the settings with every server's URL filled in, its server running until the end.

    A server whose URL is set is left to others. Raises BadSetup where one cannot start.
    """
    if settings.database_url and settings.broker_url:
        yield settings
        return
    home = (settings.home / "servers").absolute()
    _make_folder(home)
    with (home / "users.lock").open("ab") as users:
        with _alone(home):
            fcntl.flock(users, fcntl.LOCK_SH)
        try:
            with _alone(home):
                update = _start(home, settings)
            yield settings.model_copy(update=update)
        finally:
            with _alone(home):
                _leave(home, users)


def _make_folder(home: Path) -> None:
    try:
        for folder in (home.parent, home):  # both closed to others, also a home that is new
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (home / "start.lock").touch()
    except OSError as error:
        raise BadSetup(
            f"Earshot cannot keep its data in {home.parent} ({error.strerror}): "
            "name a folder that you may write in EARSHOT_HOME."
        ) from error


def _start(home: Path, settings: Settings) -> dict[str, str]:
    """Start what has no URL; return the URLs."""
    site = _site(home)
    update: dict[str, str] = {}
    if not settings.database_url:
        update["database_url"] = _ensure(Postgres(site))
    if not settings.broker_url:
        update["broker_url"] = _ensure(Valkey(site))
    return update


def _ensure(server: Server) -> str:
    server.ensure()
    return server.url


def _leave(home: Path, users: IO[bytes]) -> None:
    """Stop the servers, unless another command uses them."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    site = _site(home)
    Valkey(site).stop()
    Postgres(site).stop()
    if site.sockets.parent != home:
        shutil.rmtree(site.sockets, ignore_errors=True)
        (home / SOCKETS_NOTE).unlink()


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Hold the start lock: servers are started and stopped by one process at a time."""
    with (home / "start.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _site(home: Path) -> Site:
    data = home / "postgres"
    account = account_for(data)
    return Site(home, data, _sockets(home, account), _secret(home, data), account)


def _secret(home: Path, data: Path) -> str:
    """The servers' password, made once and readable by us alone."""
    file = home / "secret"
    if not file.exists():
        if data.exists():
            raise BadSetup(f"{file}, the password of the database in {data}, is gone: put it back.")
        fresh = file.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_hex(32))
        fresh.rename(file)
    return file.read_text()


def _sockets(home: Path, account: Account) -> Path:
    """The folder of the sockets: under `home` where its path is short enough and the account may
    come there, else a temporary one, whose name is kept."""
    folder = home / "run"
    if account.uid is None and len(os.fsencode(folder)) <= SOCKET_FOLDER_BYTES:
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder
    note = home / SOCKETS_NOTE
    if note.exists() and Path(note.read_text()).is_dir():
        return Path(note.read_text())
    base = min(tempfile.gettempdir(), "/tmp", key=len)  # noqa: S108 - mkdtemp makes it ours
    folder = Path(tempfile.mkdtemp(prefix="earshot-", dir=base))
    account.own(folder)
    note.write_text(str(folder))
    return folder
