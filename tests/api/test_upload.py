"""Recordings brought over real HTTP: streamed, kept once, and refused with the reason."""

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from api.users import Role
from ingest.base.settings import Settings
from tests import sounds
from tests.api.running import SOUND, Api, assert_problem, rows, serve, until


@pytest.fixture
def small_api(settings: Settings, secrets: dict[Role, str]) -> Iterator[Api]:
    """An API that takes one megabyte."""
    with serve(settings.model_copy(update={"max_upload_mb": 1}), secrets) as running:
        yield running


OCTETS = {"Content-Type": "application/octet-stream"}


def counts(api: Api) -> tuple[int, ...]:
    """Calls, recordings and messages kept."""
    return rows(api, "call", "audio", "outbox")


def spooled(api: Api) -> list[Path]:
    return list((api.settings.home / "spool").glob("*"))


def test_a_form_becomes_a_call(api: Api) -> None:
    answer = api.as_(Role.SALES).post(
        "/v1/calls",
        files={"file": ("Überraschung.wav", SOUND)},
        data={"account": "Acme", "segment": "SMB", "held_at": "2026-03-01", "title": "First"},
    )
    assert answer.status_code == 201
    call = answer.json()
    assert answer.headers["location"] == f"/v1/calls/{call['id']}"
    assert (call["account"], call["segment"], call["title"]) == ("Acme", "SMB", "First")
    assert call["held_at"] == "2026-03-01T00:00:00Z"
    assert call["filename"] == "Überraschung.wav"
    assert (call["state"], call["duplicate"]) == ("waiting", False)
    assert call["seconds"] == pytest.approx(3, abs=0.01)
    assert counts(api) == (1, 1, 1)
    assert not spooled(api)


def test_details_may_come_behind_the_file(api: Api) -> None:
    boundary = b"--b\r\n"
    body = (
        boundary
        + b'Content-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
        + SOUND
        + b"\r\n"
        + boundary
        + b'Content-Disposition: form-data; name="rep"\r\n\r\nDana\r\n--b--\r\n'
    )
    answer = api.as_(Role.SALES).post(
        "/v1/calls", content=body, headers={"Content-Type": "multipart/form-data; boundary=b"}
    )
    assert answer.json()["rep"] == "Dana"


def test_the_body_itself_becomes_a_call(api: Api) -> None:
    answer = api.as_(Role.SALES).post(
        "/v1/calls",
        params={"filename": "a.wav", "account": "Acme"},
        content=SOUND,
        headers={"Content-Type": "audio/wav"},
    )
    assert answer.status_code == 201
    assert (answer.json()["filename"], answer.json()["account"]) == ("a.wav", "Acme")


def test_the_same_sound_is_one_call_and_the_answer_says_so(api: Api) -> None:
    first = api.bring(name="monday.wav")
    answer = api.as_(Role.ADMIN).post("/v1/calls", files={"file": ("tuesday.wav", SOUND)})
    assert answer.status_code == 200
    assert answer.json() == first | {"duplicate": True}
    assert counts(api)[:2] == (1, 1)


PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(100)


def test_what_cannot_be_taken_is_refused_and_nothing_is_kept(api: Api) -> None:
    good = api.bring(sounds.wav(sounds.beeps(2, 8000), 8000))
    sales = api.as_(Role.SALES)
    for sound, details, status, code in REFUSED:
        files = {"file": ("call.mp3", sound)}
        assert_problem(sales.post("/v1/calls", files=files, data=details), status, code)
        assert counts(api) == (1, 1, 1)
        assert not spooled(api)
    assert sales.get(f"/v1/calls/{good['id']}").json()["state"] == "waiting"


REFUSED: list[tuple[bytes, dict[str, str], int, str]] = [
    (b"", {}, 422, "empty-file"),
    (b"Buyer: it is too dear.\n" * 50, {}, 415, "not-audio"),
    (PICTURE, {}, 415, "not-audio"),
    (b"ffconcat version 1.0\nfile /etc/passwd\n", {}, 415, "not-audio"),
    (SOUND, {"held_at": "yesterday"}, 422, "bad-metadata"),
    (SOUND, {"held_at": "2126-01-01"}, 422, "bad-metadata"),
    (SOUND, {"deal_value_usd": "-1"}, 422, "bad-metadata"),
    (SOUND, {"colour": "blue"}, 422, "bad-metadata"),
    (SOUND, {"account": "A\x00B"}, 422, "bad-metadata"),
    (SOUND, {"account": "A" * 301}, 422, "bad-metadata"),
    (SOUND, {"account": "A" * 5000}, 400, "bad-form"),
    (SOUND, {"seller_channel": "7"}, 422, "bad-metadata"),
]

FORM = {"Content-Type": "multipart/form-data; boundary=b"}
PART = b'--b\r\nContent-Disposition: form-data; name="%s"; filename="a"\r\n\r\nx\r\n'


def test_a_bad_form_is_refused(api: Api) -> None:
    for headers, body, code in BAD_FORMS:
        answer = api.as_(Role.SALES).post("/v1/calls", content=body, headers=headers)
        assert_problem(answer, 400, code)
        assert counts(api) == (0, 0, 0)
        assert not spooled(api)


BAD_FORMS: list[tuple[dict[str, str], bytes, str]] = [
    ({"Content-Type": "multipart/form-data"}, b"x", "bad-form"),
    ({"Content-Type": f"multipart/form-data; boundary={'b' * 300}"}, b"x", "bad-form"),
    (FORM, b"no boundary at all", "bad-form"),
    (FORM, b"", "bad-form"),
    (FORM, PART % b"sound" + b"--b--\r\n", "bad-form"),
    (FORM, PART % b"file" + PART % b"file" + b"--b--\r\n", "bad-form"),
    (FORM, PART % b"rep" + PART % b"rep" + PART % b"file" + b"--b--\r\n", "bad-form"),
    (FORM, PART % b"file", "upload-incomplete"),
    ({"Content-Type": "application/json"}, b"{}", "bad-form"),
    ({}, b"x", "bad-form"),
]


def test_too_many_bytes_are_refused_before_they_are_sent(small_api: Api) -> None:
    """By the announced length: the server answers although nothing of the body was sent."""
    with socket.create_connection(("127.0.0.1", small_api.port)) as wire:
        wire.sendall(_head(small_api, 3_000_000))
        assert b" 413 " in wire.recv(4096)


def test_too_many_bytes_are_refused_while_they_come(small_api: Api) -> None:
    """A stream that announces no length is cut off at the limit."""
    sent = 0

    def chunks() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(300):
            sent += 100_000
            yield os.urandom(100_000)

    answer = small_api.as_(Role.SALES).post("/v1/calls", content=chunks(), headers=OCTETS)
    assert_problem(answer, 413, "too-large")
    assert counts(small_api) == (0, 0, 0)
    assert not spooled(small_api)


def test_an_upload_cut_off_at_99_percent_leaves_nothing(api: Api) -> None:
    part = SOUND[: len(SOUND) * 99 // 100]
    with socket.create_connection(("127.0.0.1", api.port)) as wire:
        wire.sendall(_head(api, len(SOUND)) + part)
        until(lambda: spooled(api))
    until(lambda: not spooled(api))
    assert counts(api) == (0, 0, 0)
    assert api.bring()["duplicate"] is False, "the whole recording is taken as new"


def test_two_uploads_of_one_sound_at_once_make_one_call(api: Api) -> None:
    api.as_(Role.SALES)  # the one client, before there are threads that would each make one
    calls: list[dict[str, Any]] = []
    threads = [threading.Thread(target=lambda: calls.append(api.bring())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({call["id"] for call in calls}) == 1
    assert sorted(call["duplicate"] for call in calls) == [False, True, True, True]
    assert counts(api) == (1, 1, 1)


def test_slow_uploads_starve_nobody(api: Api) -> None:
    """More senders than there are threads for uploads, all waiting; the rest is answered."""
    wires = [socket.create_connection(("127.0.0.1", api.port)) for _ in range(60)]
    try:
        for wire in wires:
            wire.sendall(_head(api, 1_000_000) + b"RIFF")
        assert api.as_(Role.SALES).get("/v1/me").status_code == 200
    finally:
        for wire in wires:
            wire.close()


def test_a_large_upload_is_never_in_memory(api: Api) -> None:
    process = psutil.Process()
    before = process.memory_info().rss
    piece = bytes(1 << 20)
    peak = 0

    def chunks() -> Iterator[bytes]:
        nonlocal peak
        for _ in range(200):
            yield piece
            peak = max(peak, process.memory_info().rss)

    answer = api.as_(Role.SALES).post("/v1/calls", content=chunks(), headers=OCTETS)
    assert_problem(answer, 415, "not-audio")
    assert peak - before < 60e6, "of 200 MB"


def _head(api: Api, length: int) -> bytes:
    return (
        f"POST /v1/calls HTTP/1.1\r\nHost: 127.0.0.1:{api.port}\r\n"
        f"Authorization: Bearer {api.secrets[Role.SALES]}\r\n"
        f"Content-Type: application/octet-stream\r\nContent-Length: {length}\r\n\r\n"
    ).encode()
