"""The processes of compose.yaml, started by hand against external servers of this machine."""

import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import yaml

from tests.system.house import House, cut, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
LONG_RUNNING = ("api", "hearing", "mining", "beat")

POSTGRES = "postgresql://postgres@127.0.0.1:5432"
RABBITMQ = "amqp://guest:guest@127.0.0.1:5672"


@pytest.fixture
def database_url() -> Iterator[str]:
    """A database of our own on this machine's PostgreSQL."""
    name = f"earshot_{secrets.token_hex(4)}"
    try:
        admin = psycopg.connect(f"{POSTGRES}/postgres", connect_timeout=3, autocommit=True)
    except psycopg.OperationalError as error:
        pytest.skip(f"no external PostgreSQL here: {str(error).splitlines()[0]}")
    with admin:
        admin.execute(f"create database {name}".encode())
        yield f"{POSTGRES}/{name}"
        admin.execute(f"drop database {name} with (force)".encode())


@pytest.fixture
def broker_url() -> Iterator[str]:
    """A virtual host of our own on this machine's RabbitMQ."""
    name = f"earshot_{secrets.token_hex(4)}"
    if not shutil.which("rabbitmqctl"):
        pytest.skip("no external RabbitMQ here: there is no rabbitmqctl")
    if complaint := rabbitmqctl("add_vhost", name):
        pytest.skip(f"no virtual host of our own on RabbitMQ: {complaint.splitlines()[0]}")
    rabbitmqctl("set_permissions", "-p", name, "guest", ".*", ".*", ".*")
    yield f"{RABBITMQ}/{name}"
    rabbitmqctl("delete_vhost", name)


def rabbitmqctl(*arguments: str) -> str:
    """Run it; what it complains of, or nothing."""
    done = subprocess.run(
        ["rabbitmqctl", "--quiet", *arguments], capture_output=True, text=True, check=False
    )
    return done.stderr.strip() or "failed" if done.returncode else ""


@contextmanager
def bucket() -> Iterator[dict[str, str]]:
    """An S3-compatible server with an empty bucket: the settings that lead there."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: answers(url), 60)
        httpx.put(f"{url}/earshot", trust_env=False).raise_for_status()
        yield {
            "EARSHOT_AUDIO_URL": "s3://earshot",
            "AWS_ENDPOINT_URL": url,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
        }
    finally:
        server.kill()
        server.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=10, trust_env=False).is_success
    except httpx.TransportError:
        return False


class Containers:
    """The services of compose.yaml that are ours, each as a process with a home of its own."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.port = free_port()
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def environment(self, name: str) -> dict[str, str]:
        home = self.house.home / name
        home.mkdir(exist_ok=True)
        return self.house.environment | {"EARSHOT_HOME": str(home), "EARSHOT_PORT": str(self.port)}

    def run(self, name: str, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "api.cli", *(arguments or COMPOSE[name]["command"])],
            env=self.environment(name),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def start(self, name: str) -> None:
        with (self.house.home / f"{name}.log").open("wb") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, "-P", "-m", "api.cli", *COMPOSE[name]["command"]],
                env=self.environment(name),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def healthy(self, name: str) -> bool:
        """What the container's own health check says."""
        kind, *test = COMPOSE[name]["healthcheck"]["test"]
        words = test if kind == "CMD" else ["sh", "-c", *test]
        words = [
            word.replace("/data", str(self.house.home / name)).replace(":8321", f":{self.port}")
            for word in words
        ]
        words[0] = sys.executable if words[0] == "python" else words[0]
        return subprocess.run(words, capture_output=True, check=False).returncode == 0

    def stop(self, name: str) -> float:
        """End a container as compose does; the seconds it took."""
        number = signal.Signals[COMPOSE[name].get("stop_signal", "SIGTERM")]
        began = time.monotonic()
        self.running[name].send_signal(number)
        self.running[name].wait(seconds_of(COMPOSE[name]["stop_grace_period"]))
        return time.monotonic() - began


def seconds_of(duration: str) -> float:
    assert duration.endswith("s")
    return float(duration.removesuffix("s"))


@pytest.fixture
def containers(house: House, database_url: str, broker_url: str) -> Iterator[Containers]:
    with bucket() as store:
        house.environment |= store | {
            "EARSHOT_DATABASE_URL": database_url,
            "EARSHOT_BROKER_URL": broker_url,
        }
        ours = Containers(house)
        yield ours
        for process in ours.running.values():
            process.kill()
            process.wait()


def test_a_call_goes_through_external_servers(containers: Containers) -> None:
    """Migrated once and again, uploaded, kept in a bucket, heard, mined; ended within the grace."""
    assert containers.run("migrate").startswith("Applied 0001")
    again = containers.run("migrate")  # without pgvector it says so, each time
    assert again.startswith("The schema is up to date.")
    for name in LONG_RUNNING:
        containers.start(name)
    token = containers.run("api", "token", "create", "--name", "test")
    api = httpx.Client(
        base_url=f"http://127.0.0.1:{containers.port}/v1/",
        headers={"Authorization": f"Bearer {token}"},
        timeout=60,
        trust_env=False,
    )
    with api:
        wait_until(lambda: containers.healthy("api"), 120, every=1)
        call = heard(api, containers)
    assert call["transcript"]["turns"]
    for name in LONG_RUNNING:
        wait_until(lambda name=name: containers.healthy(name), 60, every=1)  # type: ignore[misc]
    assert not any((containers.house.home / name / "servers").exists() for name in LONG_RUNNING)
    for name in LONG_RUNNING:
        containers.stop(name)


def heard(api: httpx.Client, containers: Containers) -> dict[str, Any]:
    sound = cut(containers.house.home / "call.wav", 20, start=44)
    with sound.open("rb") as file:
        answer = api.post("calls", files={"file": ("call.wav", file)}, data={"account": "Acme"})
    assert answer.is_success, answer.text
    number = answer.json()["id"]

    def finished() -> dict[str, Any]:
        call: dict[str, Any] = api.get(f"calls/{number}").json()
        assert call["state"] != "failed", call["failure"]
        return call if call["state"] == "done" else {}

    return wait_until(finished, 400, every=0.5)
