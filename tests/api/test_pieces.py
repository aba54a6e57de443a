"""A large recording sent by the command line's client, over a line that breaks."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from api import pieces
from api.client import Client
from api.users import Role
from ingest.base.errors import EarshotError, Incomplete, Unavailable
from tests.api.running import Api
from tests.sounds import beeps, wav

BREAKS_AT = 12 * 2**20  # bytes that the line lets through, in the second piece


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A recording of three pieces."""
    path = tmp_path / "Zoë.wav"
    path.write_bytes(wav(beeps(300, channels=2)))
    assert 2 * pieces.PIECE < path.stat().st_size < 3 * pieces.PIECE
    return path


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "PAUSES", (0.1, 0.2, 0.4))


@contextmanager
def line(port: int, breaks: int) -> Iterator[int]:
    """A port that leads to another one; its first `breaks` connections break on the way."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        left = [breaks]

        def lead(near: socket.socket) -> None:
            budget = BREAKS_AT if left[0] > 0 else None
            left[0] -= 1
            far = socket.create_connection(("127.0.0.1", port))
            threading.Thread(target=_pass_on, args=(far, near, None), daemon=True).start()
            _pass_on(near, far, budget)

        def take() -> None:
            with suppress(OSError):
                while True:
                    near, _ = server.accept()
                    threading.Thread(target=lead, args=(near,), daemon=True).start()

        threading.Thread(target=take, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def _pass_on(source: socket.socket, sink: socket.socket, budget: int | None) -> None:
    """What comes from one goes to the other, until one ends or so many bytes have passed."""
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
            if budget is not None and (budget := budget - len(data)) < 0:
                break
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()


def through(api: Api, port: int) -> Client:
    api.as_(Role.SALES)
    return Client(f"http://127.0.0.1:{port}", api.secrets[Role.SALES])


def test_what_broke_off_goes_on(api: Api, large: Path) -> None:
    came: list[int] = []
    with line(int(api.url.rpartition(":")[2]), breaks=1) as port, through(api, port) as client:
        call = client.upload(large, {"account": "Café Zoë", "segment": None}, came.append)
        again = client.upload(large, {}, came.append)
    assert (call["account"], call["filename"], call["duplicate"]) == ("Café Zoë", "Zoë.wav", False)
    assert (again["id"], again["duplicate"]) == (call["id"], True)
    first = came[: came.index(large.stat().st_size) + 1]
    assert pieces.PIECE in first
    assert first == sorted(set(first))
    assert any(pieces.PIECE < at < 2 * pieces.PIECE for at in first), "a broken piece is kept"


def test_a_line_that_stays_broken_is_told(api: Api, large: Path) -> None:
    with line(int(api.url.rpartition(":")[2]), breaks=99) as port, through(api, port) as client:
        big = large.with_name("big.wav")
        big.write_bytes(large.read_bytes() * 4)
        call = client.upload(big, {})  # each connection brings a little more
        assert call["filename"] == "big.wav"
    with through(api, port) as client, pytest.raises(Unavailable, match="No server answers"):
        client.upload(large, {})


def test_a_refusal_is_told_as_it_is(api: Api, tmp_path: Path) -> None:
    notes = tmp_path / "notes.wav"
    notes.write_bytes(b"dear all " * 2**20)
    api.as_(Role.SALES)
    with Client(api.url, api.secrets[Role.SALES]) as client:
        with pytest.raises(EarshotError, match=r"notes\.wav") as told:
            client.upload(notes, {})
        assert not isinstance(told.value, Unavailable)
        with pytest.raises(EarshotError, match="held_at"):
            client.upload(notes, {"held_at": "soon"})


def test_a_file_that_grows_shorter_is_told(api: Api, large: Path) -> None:
    def cut(at: int) -> None:
        with large.open("r+b") as file:
            file.truncate(at)

    api.as_(Role.SALES)
    with Client(api.url, api.secrets[Role.SALES]) as client, pytest.raises(Incomplete):
        client.upload(large, {}, cut)
