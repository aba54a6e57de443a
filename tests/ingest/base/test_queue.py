"""The bell on a real broker, and the worker and the clock that answer it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from kombu.connection import Connection

from ingest.base import queue
from ingest.base.errors import BadSetup, Unavailable
from ingest.base.settings import Settings

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("url", ["", "http://mq", "memory://", "localhost"])
def test_what_is_no_broker_is_refused(url: str) -> None:
    with pytest.raises(BadSetup, match="EARSHOT_BROKER_URL"):
        queue.configuration(Settings(broker_url=url))


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A server that takes connections and never says a word."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield int(server.getsockname()[1])


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_broker_that_says_nothing_is_away(
    settings: Settings, silent_port: int, scheme: str
) -> None:
    url = f"{scheme}://me:sesame@127.0.0.1:{silent_port}/"
    queue.use(settings.model_copy(update={"broker_url": url}))
    began = time.monotonic()
    with pytest.raises(Unavailable) as raised:
        queue.ring(queue.HEAR, 1)
    assert time.monotonic() - began < 4 * queue.RING_SECONDS
    assert "sesame" not in str(raised.value)


def test_a_wrong_password_is_told_as_an_outage(settings: Settings) -> None:
    wrong = settings.broker_url.replace("socket://:", "socket://:x")
    queue.use(settings.model_copy(update={"broker_url": wrong}))
    with pytest.raises(Unavailable):
        queue.ring(queue.HEAR, 1)


WORKER = """
import os, sys, time
from pathlib import Path
from ingest.base.queue import HEAR, app

@app.task(name=HEAR)
def hear(call_id):
    log = Path(sys.argv[1])
    with log.open("a") as file:
        print("began", call_id, os.getpid(), file=file)
    time.sleep(float(sys.argv[2]))
    with log.open("a") as file:
        print("ended", call_id, os.getpid(), file=file)

app.conf.worker_soft_shutdown_timeout = float(sys.argv[3])
app.worker_main(["worker", "--queues=hearing", "--concurrency=1", "--without-gossip",
                 "--without-mingle", "--loglevel=warning"])
"""


class Worker:
    """A worker process whose task notes when it began and ended, and takes `seconds`."""

    def __init__(self, log: Path, seconds: float, grace: float = 20.0) -> None:
        self.log = log
        log.touch()
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(log), str(seconds), str(grace)],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            start_new_session=True,
        )

    def wait_for(self, *words: str, seconds: float = 30.0) -> list[list[str]]:
        """Wait until a line begins with these words; return all lines."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            lines = [line.split() for line in self.log.read_text().splitlines()]
            if any(tuple(line[: len(words)]) == words for line in lines):
                return lines
            time.sleep(0.05)
        pytest.fail(f"no {words} in {self.log.read_text()!r}")

    def end(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def quick(settings: Settings, log: Path) -> Iterator[Worker]:
    worker = Worker(log, 0.0)
    yield worker
    worker.end()


@pytest.fixture
def slow(settings: Settings, log: Path) -> Iterator[Worker]:
    worker = Worker(log, 3.0)
    yield worker
    worker.end()


@pytest.fixture
def endless(settings: Settings, log: Path) -> Iterator[Worker]:
    worker = Worker(log, 600.0, grace=1.0)
    yield worker
    worker.end()


def waiting(settings: Settings) -> int:
    with Connection(settings.broker_url) as connection:  # type: ignore[no-untyped-call]
        return int(connection.default_channel.queue_declare(queue.HEARING, passive=True)[1])


def test_a_worker_hears_each_ring_once(quick: Worker) -> None:
    for call_id in (1, 2, 3):
        queue.ring(queue.HEAR, call_id)
    lines = quick.wait_for("ended", "3")
    assert [line[:2] for line in lines] == [
        [word, str(n)] for n in (1, 2, 3) for word in ("began", "ended")
    ]


def test_a_worker_fetches_nothing_ahead(slow: Worker, settings: Settings) -> None:
    for call_id in (1, 2, 3):
        queue.ring(queue.HEAR, call_id)
    slow.wait_for("began", "1")
    assert waiting(settings) >= 1, "others could take what this one has not begun"


def test_a_ring_is_heard_again_when_its_process_is_killed(slow: Worker) -> None:
    queue.ring(queue.HEAR, 7)
    first = int(slow.wait_for("began", "7")[0][2])
    os.kill(first, signal.SIGKILL)
    lines = slow.wait_for("ended", "7")
    assert [line[0] for line in lines] == ["began", "began", "ended"]


def test_a_worker_told_to_end_finishes_its_call(slow: Worker) -> None:
    queue.ring(queue.HEAR, 7)
    slow.wait_for("began", "7")
    slow.process.terminate()
    assert slow.process.wait(timeout=30) == 0
    slow.wait_for("ended", "7", seconds=0.1)


def test_a_worker_stopped_softly_gives_back_what_it_cannot_finish(
    endless: Worker, settings: Settings
) -> None:
    queue.ring(queue.HEAR, 7)
    endless.wait_for("began", "7")
    endless.process.send_signal(signal.SIGQUIT)
    endless.process.wait(timeout=30)
    assert waiting(settings) == 1


def test_the_clock_rings_the_sweep_and_leaves_no_file(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARSHOT_SWEEP_SECONDS", "1")
    settings.home.mkdir()
    folder = tmp_path / "cwd"
    folder.mkdir()
    clock = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "ingest.base.queue", "beat", "--pidfile="],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=subprocess.DEVNULL,
    )
    try:
        with Connection(settings.broker_url) as connection:  # type: ignore[no-untyped-call]
            deadline = time.monotonic() + 120
            rung: set[str] = set()
            while queue.SWEEP not in rung:  # the clock rings for other tasks as well
                assert time.monotonic() < deadline, rung
                message = connection.default_channel.basic_get(queue.UPKEEP, no_ack=True)
                if message:
                    rung.add(message.headers["task"])
                else:
                    time.sleep(0.1)
        assert (settings.home / queue.ALIVE).exists()
        assert list(folder.iterdir()) == []
    finally:
        clock.terminate()
        clock.wait()
