"""Kill the API in the middle of an upload and at its end: what was written is not sent again."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import pytest

from tests.system.house import House, joined, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

TUS = {"Tus-Resumable": "1.0.0"}
PIECE_BYTES = 100_000
KILLS = 4


def kill_api(house: House) -> None:
    """Without a chance to write anything down."""
    found = [p for p in house.processes() if "api.cli api" in " ".join(p.cmdline())]
    assert found
    for process in found:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def look(house: House, upload: str) -> httpx.Headers:
    """What a new API says of the upload."""

    def told() -> httpx.Response | None:
        with suppress(httpx.TransportError):
            answer = house.http.head(upload, headers=TUS)
            return answer if answer.status_code == 200 else None
        return None

    answer = wait_until(told, 60)
    assert answer is not None
    return answer.headers


def send(house: House, upload: str, pieces: Iterator[bytes], at: int) -> None:
    """A PATCH, whose answer may never come."""
    headers = TUS | {"Content-Type": "application/offset+octet-stream", "Upload-Offset": str(at)}
    with suppress(httpx.TransportError):
        house.http.patch(upload, content=pieces, headers=headers)


def pieces(sound: Path, at: int, whole: int, killing: Callable[[], None]) -> Iterator[bytes]:
    """The bytes from `at` on; once as many as `whole` are sent, the API is killed."""
    with sound.open("rb") as file:
        file.seek(at)
        while piece := file.read(min(PIECE_BYTES, max(0, whole - file.tell())) or PIECE_BYTES):
            yield piece
            if file.tell() == whole:
                killing()


def test_an_api_killed_again_and_again_loses_only_what_was_not_written(house: House) -> None:
    house.start()
    sound = joined(house.home / "long.wav", times=2)
    size = sound.stat().st_size
    begun = house.http.post("uploads", headers=TUS | {"Upload-Length": str(size)})
    upload = begun.headers["location"].removeprefix("/v1/")
    part = house.home / f"{upload}.part"
    at = 0
    for number in range(1, KILLS + 1):
        whole, before = size * number // KILLS, at

        def killing(before: int = before, whole: int = whole) -> None:
            def arrived() -> bool:
                if whole == size:  # at the very end, perhaps while it becomes a call
                    return not part.exists() or part.stat().st_size == size
                return part.exists() and part.stat().st_size > before

            wait_until(arrived, 60, every=0.001)
            kill_api(house)

        send(house, upload, pieces(sound, at, whole, killing), at)
        told = look(house, upload)
        at = int(told["upload-offset"])
        assert before < at <= whole
    assert at == size
    assert told["earshot-call"]
    calls = [call["id"] for call in house.http.get("calls").json()["items"]]
    assert calls == [int(told["earshot-call"])]
    again = house.upload(sound)
    assert (again["id"], again["duplicate"]) == (calls[0], True), "each byte is where it was"
    assert not part.exists()
