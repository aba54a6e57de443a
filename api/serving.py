"""Everything at once, in one data folder: databases, migrations, the log-in, the processes."""

import contextlib
import fcntl
import os
import signal
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx

from api import auth, queries
from api.local import LOCK, Server, keep, known_server
from api.logins.entry import named
from api.supervisor import Program, Supervisor
from api.users import Role
from ingest.base import db
from ingest.base.errors import BadSetup, Unavailable
from ingest.base.services import embedded
from ingest.base.settings import Settings

READY_SECONDS = 60.0
OWNER = "owner"  # the admin that a fresh house begins with
TOKEN_NAME = "earshot command line"  # noqa: S105 - a name, not a secret


@contextlib.contextmanager
def running(settings: Settings, *, other_port: bool = False) -> Iterator[Server]:
    """Run everything until the block is left. Leaving ends every process within seconds.

    `other_port` takes a free port where the one in the settings is in use. Raises BadSetup where
    one runs here already or the port is taken, Unavailable where a process does not come up.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(_alone(settings.home))
        listener = stack.enter_context(_listen(settings, other_port))
        settings = settings.model_copy(update={"port": listener.getsockname()[1]})
        filled = stack.enter_context(embedded(settings))
        url = f"http://{_shown_host(settings.host)}:{settings.port}"
        with db.connect(filled.database_url) as conn:
            db.migrate(conn)
            server = Server(url, _local_token(conn, settings.home))
        keep(server, settings.home)
        programs = _programs(settings, filled, listener.fileno())
        supervisor = stack.enter_context(Supervisor(programs, settings.home / "logs"))
        _wait_until_ready(url, supervisor)
        yield server


@contextlib.contextmanager
def api_alone(settings: Settings) -> Iterator[str]:
    """The address of the API alone, on a free port of this machine, until the block is left. Its
    servers are those in the settings. Raises Unavailable where it does not come up."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(_bound("127.0.0.1", 0))
        settings = settings.model_copy(update={"port": listener.getsockname()[1]})
        supervisor = Supervisor([_api(settings, listener.fileno())], settings.home / "logs")
        stack.enter_context(supervisor)
        url = f"http://127.0.0.1:{settings.port}"
        _wait_until_ready(url, supervisor)
        yield url


def login_link(
    settings: Settings,
    url: str,
    name: str = OWNER,
    role: Role | None = None,
    rep: str | None = None,
) -> str:
    """A page that logs one browser in, once and soon, as this user, who keeps the role they have
    where none is said. Raises BadSetup where the user is disabled; as `api.logins.entry.named`."""
    with embedded(settings) as filled, db.connect(filled.database_url) as conn:
        user = named(conn, name, role, rep)
        secret = auth.login_link(conn, user)
        if auth.link_owner(conn, secret) is None:
            raise BadSetup(f"{user.name} may not log in: run `earshot user enable` first.")
    return f"{url}/login/{secret}"


def _local_token(conn: db.Connection, home: Path) -> str:
    """The token that the command line had here before, if it still serves, else a new one."""
    known = known_server(home)
    now = datetime.now(UTC)
    if known and queries.user_by_token(conn, auth.digest(known.token), now):
        return known.token
    secret, _ = auth.create_token(conn, auth.create_user(conn, OWNER, Role.ADMIN), TOKEN_NAME)
    return secret


def _programs(settings: Settings, filled: Settings, listener: int) -> list[Program]:
    def worker(name: str, queue: str) -> Program:
        # On SIGQUIT a call in hand is given back, not finished first.
        command = ("worker", queue, "--grace", "0")
        return Program(name, command, _environment(filled), signal.SIGQUIT)

    # The API finds our own servers itself, so that it is their last user, and stops them, when
    # this process is killed.
    api = _api(settings, listener)
    numbers = range(1, settings.hearing_workers + 1)
    return [
        api,
        *(worker(f"hearing-{n}", "hearing") for n in numbers),
        worker("mining", "mining"),
        worker("sending", "sending"),
        Program("beat", ("beat",), _environment(filled)),
    ]


def _api(settings: Settings, listener: int) -> Program:
    return Program("api", ("api", "--fd", str(listener)), _environment(settings), files=(listener,))


def _environment(settings: Settings) -> dict[str, str]:
    """This process's environment with the settings as they are here."""
    said = {f"EARSHOT_{name.upper()}": str(value) for name, value in settings.model_dump().items()}
    return {**os.environ, **said}


@contextlib.contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Hold the data folder, so that two servers never share its processes."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / LOCK).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            known = known_server(home)
            where = known.url if known else "an address not known yet"
            raise BadSetup(
                f"Earshot is already running in {home}, at {where}. "
                "Set EARSHOT_HOME to another folder to run a second one."
            ) from None
        yield


def _listen(settings: Settings, other_port: bool) -> socket.socket:
    try:
        return _bound(settings.host, settings.port)
    except PermissionError:
        raise BadSetup(f"Port {settings.port} needs root: choose one above 1023.") from None
    except socket.gaierror:
        raise BadSetup(f"{settings.host} is not an address of this machine.") from None
    except OSError as error:
        if not other_port:
            raise BadSetup(
                f"{settings.host} port {settings.port} cannot be used ({error.strerror}): "
                "choose another with --port, or EARSHOT_PORT."
            ) from None
        return _bound(settings.host, 0)


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=128)


def _shown_host(host: str) -> str:
    """The host as one would type it here: a wildcard is reached as this machine itself."""
    if host in {"0.0.0.0", "::", ""}:  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _wait_until_ready(url: str, supervisor: Supervisor) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        supervisor.check()
        with contextlib.suppress(httpx.TransportError):
            httpx.get(f"{url}/healthz", timeout=5, trust_env=False)
            return
        time.sleep(0.1)
    raise Unavailable(f"Earshot did not answer at {url} within {READY_SECONDS:.0f} seconds.")
