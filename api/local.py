"""The server that runs in this data folder, as the command line finds it again."""

import fcntl
import json
import os
from dataclasses import dataclass
from pathlib import Path

LOCK = "up.lock"  # held by `earshot up` while it runs


@dataclass(frozen=True, slots=True)
class Server:
    """A running Earshot, as the command line reaches it."""

    url: str
    token: str


def server_file(home: Path) -> Path:
    """Where `up` says how to reach it: readable by its owner only."""
    return home / "server.json"


def known_server(home: Path) -> Server | None:
    """The server that last ran in this data folder, whether or not it runs now."""
    try:
        said = json.loads(server_file(home).read_text())
        return Server(said["url"], said["token"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def is_running(home: Path) -> bool:
    """Whether an `earshot up` holds this data folder."""
    try:
        with (home / LOCK).open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def keep(server: Server, home: Path) -> None:
    """Write down how to reach a server; only the folder's owner may read it."""
    path = server_file(home)
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump({"url": server.url, "token": server.token}, file)
    fresh.replace(path)
