"""Recordings in pieces over real HTTP, sent by a real tus client and by hand."""

import base64
import fcntl
import hashlib
import io
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError

from api.users import Role
from ingest import queries as calls
from ingest.base import db
from ingest.base.settings import Settings
from ingest.store import open_store
from ingest.uploads import queries
from ingest.uploads.upload import Busy
from ingest.uploads.work import Uploads
from tests import sounds
from tests.api.running import SOUND, Api, assert_problem, rows, serve, until

TUS = {"Tus-Resumable": "1.0.0"}
PIECE = TUS | {"Content-Type": "application/offset+octet-stream"}
HALF = len(SOUND) // 2


def metadata(**given: str) -> str:
    """The header Upload-Metadata of these."""
    return ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in given.items())


def begin(api: Api, size: int = len(SOUND), /, **given: str) -> str:
    """A new upload's address."""
    headers = TUS | {"Upload-Length": str(size), "Upload-Metadata": metadata(**given)}
    answer = api.as_(Role.SALES).post("/v1/uploads", headers=headers)
    assert (answer.status_code, answer.content) == (201, b""), answer.text
    return answer.headers["location"]


def bring(api: Api, upload: str, at: int, piece: bytes, **more: str) -> httpx.Response:
    """A PATCH's answer."""
    headers = PIECE | {"Upload-Offset": str(at)} | more
    return api.as_(Role.SALES).patch(upload, content=piece, headers=headers)


def look(api: Api, upload: str, role: Role = Role.SALES) -> httpx.Response:
    return api.as_(role).head(upload, headers=TUS)


def offset(api: Api, upload: str) -> int:
    """Where to go on."""
    answer = look(api, upload)
    assert answer.status_code == 200
    return int(answer.headers["upload-offset"])


def files(api: Api) -> list[Path]:
    return sorted((api.settings.home / "uploads").glob("*"))


def client(api: Api) -> TusClient:
    secret = api.secrets[Role.SALES]
    return TusClient(f"{api.url}/v1/uploads", headers={"Authorization": f"Bearer {secret}"})


def test_a_recording_that_was_here_before_is_told_with_its_last_bytes(api: Api) -> None:
    first, second = begin(api, filename="a.wav"), begin(api, filename="b.wav")
    assert "earshot-duplicate" not in bring(api, first, 0, SOUND).headers
    half = bring(api, second, 0, SOUND[:HALF])
    assert "earshot-duplicate" not in half.headers
    last = bring(api, second, HALF, SOUND[HALF:])
    assert last.headers["earshot-duplicate"] == "true"
    assert last.headers["earshot-call"] == look(api, first).headers["earshot-call"]


@pytest.mark.parametrize("checked", [False, True])
def test_a_tus_client_stops_goes_on_and_has_a_call(api: Api, checked: bool) -> None:
    details = {"filename": "Überraschung.wav", "account": "Acme", "held_at": "2026-03-01"}
    first = client(api).uploader(
        file_stream=io.BytesIO(SOUND), chunk_size=7001, metadata=details, upload_checksum=checked
    )
    first.upload(stop_at=3 * 7001)
    assert rows(api, "call") == (0,)
    second = client(api).uploader(
        file_stream=io.BytesIO(SOUND), chunk_size=20_000, url=first.url, upload_checksum=checked
    )
    assert second.offset == 3 * 7001, "as HEAD says"
    second.upload()
    told = look(api, first.url or "")
    number = told.headers["earshot-call"]
    assert told.headers["upload-offset"] == str(len(SOUND))
    call = api.as_(Role.SALES).get(f"/v1/calls/{number}").json()
    assert (call["filename"], call["account"]) == ("Überraschung.wav", "Acme")
    assert (call["held_at"], call["state"]) == ("2026-03-01T00:00:00Z", "waiting")
    assert told.headers["link"] == f'</v1/calls/{number}>; rel="related"'
    assert api.bring()["duplicate"] is True, "the sound is kept as it was"
    assert rows(api, "call", "audio", "outbox") == (1, 1, 1)
    assert files(api) == []


def test_a_tus_client_is_told_of_a_field_that_is_none(api: Api) -> None:
    with pytest.raises(TusCommunicationError) as refused:
        client(api).uploader(file_stream=io.BytesIO(SOUND), metadata={"colour": "blue"}).upload()
    assert refused.value.status_code == 422
    assert b"There is no field 'colour'" in refused.value.response_content


def test_what_the_server_can_do(api: Api) -> None:
    answer = api.as_(Role.SALES).request("OPTIONS", "/v1/uploads")  # in no version, as it asks
    assert answer.status_code == 204
    assert answer.headers["tus-version"] == "1.0.0"
    assert answer.headers["tus-max-size"] == "2048000000"
    assert "creation-with-upload" in answer.headers["tus-extension"].split(",")
    assert answer.headers["tus-checksum-algorithm"] == "sha1,sha256"


def test_an_upload_as_it_goes(api: Api) -> None:
    upload = begin(api, filename="a.wav", rep="Dana", filetype="audio/wav")
    told = look(api, upload)
    assert told.headers["upload-length"] == str(len(SOUND))
    assert told.headers["upload-metadata"].startswith("filename YS53YXY=,rep ")
    assert "no-store" in told.headers["cache-control"]
    answer = bring(api, upload, 0, SOUND[:HALF])
    assert (answer.status_code, answer.headers["upload-offset"]) == (204, str(HALF))
    assert answer.headers["tus-resumable"] == "1.0.0"
    assert answer.headers["upload-expires"].endswith(" GMT")
    assert "earshot-call" not in answer.headers
    assert bring(api, upload, HALF, b"").headers["upload-offset"] == str(HALF)
    last = bring(api, upload, HALF, SOUND[HALF:])
    assert "upload-expires" not in last.headers
    call = api.as_(Role.SALES).get(f"/v1/calls/{last.headers['earshot-call']}").json()
    assert (call["rep"], call["title"]) == ("Dana", "a")
    again = bring(api, upload, len(SOUND), b"")
    assert again.headers["earshot-call"] == last.headers["earshot-call"]
    assert_problem(bring(api, upload, len(SOUND), b"more"), 413, "too-large")


@pytest.mark.parametrize("size", [0, HALF, len(SOUND)])
def test_the_first_bytes_may_come_at_once(api: Api, size: int) -> None:
    headers = PIECE | {"Upload-Length": str(len(SOUND))}
    answer = api.as_(Role.SALES).post("/v1/uploads", content=SOUND[:size], headers=headers)
    assert (answer.status_code, answer.headers["upload-offset"]) == (201, str(size))
    assert ("earshot-call" in answer.headers) == (size == len(SOUND))
    assert offset(api, answer.headers["location"]) == size


def test_a_large_piece_is_never_in_memory(api: Api) -> None:
    process, piece = psutil.Process(), bytes(1 << 20)
    upload = begin(api, 200 * len(piece))
    before = peak = process.memory_info().rss

    def chunks() -> Iterator[bytes]:
        nonlocal peak
        for _ in range(200):
            yield piece
            peak = max(peak, process.memory_info().rss)

    headers = PIECE | {"Upload-Offset": "0"}
    answer = api.as_(Role.SALES).patch(upload, content=chunks(), headers=headers)
    assert_problem(answer, 415, "not-audio")
    assert peak - before < 60e6, "of 200 MB"


def test_it_is_nobody_elses(api: Api) -> None:
    upload = begin(api)
    admin = api.as_(Role.ADMIN)
    assert look(api, upload, Role.ADMIN).status_code == 404
    headers = PIECE | {"Upload-Offset": "0"}
    assert_problem(admin.patch(upload, content=b"x", headers=headers), 404, "not-found")
    assert_problem(admin.delete(upload, headers=TUS), 404, "not-found")
    assert offset(api, upload) == 0


def test_an_upload_is_given_up(api: Api) -> None:
    upload = begin(api)
    bring(api, upload, 0, SOUND[:HALF])
    assert len(files(api)) == 1
    answer = api.as_(Role.SALES).delete(upload, headers=TUS)
    assert (answer.status_code, answer.headers["tus-resumable"]) == (204, "1.0.0")
    assert files(api) == []
    assert look(api, upload).status_code == 404
    assert_problem(bring(api, upload, HALF, SOUND[HALF:]), 404, "not-found")


def test_a_call_outlives_its_upload_and_the_other_way_round_not(api: Api) -> None:
    first = begin(api)
    number = bring(api, first, 0, SOUND).headers["earshot-call"]
    api.as_(Role.SALES).delete(first, headers=TUS)
    assert api.as_(Role.SALES).get(f"/v1/calls/{number}").status_code == 200
    second = begin(api)
    assert bring(api, second, 0, SOUND).headers["earshot-call"] == number, "the same sound"
    assert api.as_(Role.ADMIN).delete(f"/v1/calls/{number}").is_success
    assert look(api, second).status_code == 404


def test_who_cannot_patch_says_so(api: Api) -> None:
    upload, sales = begin(api), api.as_(Role.SALES)
    patch = PIECE | {"Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}
    assert sales.post(upload, content=SOUND[:9], headers=patch).headers["upload-offset"] == "9"
    assert_problem(sales.post(upload, headers=TUS), 400, "bad-upload-header")
    delete = TUS | {"X-HTTP-Method-Override": "DELETE"}
    assert sales.post(upload, headers=delete).status_code == 204
    assert look(api, upload).status_code == 404


SIZE = {"Upload-Length": "100"}
SHA = {"Upload-Checksum": "sha256 AAAA"}
BAD_BEGINNINGS: list[tuple[dict[str, str], int, str]] = [
    (SIZE, 412, "bad-upload-version"),
    (SIZE | {"Tus-Resumable": "0.2.2"}, 412, "bad-upload-version"),
    (TUS, 400, "bad-upload-header"),
    (TUS | {"Upload-Length": "-1"}, 400, "bad-upload-header"),
    (TUS | {"Upload-Length": "1e3"}, 400, "bad-upload-header"),
    (TUS | {"Upload-Length": "9" * 19}, 400, "bad-upload-header"),
    (TUS | {"Upload-Length": "0"}, 422, "empty-file"),
    (TUS | {"Upload-Length": "2048000001"}, 413, "too-large"),
    (TUS | {"Upload-Defer-Length": "1"}, 400, "bad-upload-header"),
    (TUS | SIZE | {"Upload-Concat": "partial"}, 400, "bad-upload-header"),
    (TUS | SIZE | {"Upload-Metadata": ","}, 400, "bad-upload-header"),
    (TUS | SIZE | {"Upload-Metadata": "rep RGFuYQ==,"}, 400, "bad-upload-header"),
    (TUS | SIZE | {"Upload-Metadata": "rep Dana!"}, 400, "bad-upload-header"),
    (TUS | SIZE | {"Upload-Metadata": "rep /w=="}, 400, "bad-upload-header"),
    (TUS | SIZE | {"Upload-Metadata": "rep RGFuYQ==,rep RGFuYQ=="}, 400, "bad-upload-header"),
    (TUS | SIZE | {"Upload-Metadata": "rep RGFuYQ== x"}, 400, "bad-upload-header"),
    (TUS | SIZE | {"Upload-Metadata": metadata(colour="blue")}, 422, "bad-metadata"),
    (TUS | SIZE | {"Upload-Metadata": metadata(held_at="yesterday")}, 422, "bad-metadata"),
    (TUS | SIZE | {"Upload-Metadata": metadata(held_at="2126-01-01")}, 422, "bad-metadata"),
    (TUS | SIZE | {"Upload-Metadata": metadata(account="A\0B")}, 422, "bad-metadata"),
]


def test_an_upload_that_cannot_be_begun(api: Api) -> None:
    for headers, status, code in BAD_BEGINNINGS:
        answer = api.as_(Role.SALES).post("/v1/uploads", headers=headers)
        assert_problem(answer, status, code)
        assert answer.headers["tus-resumable"] == "1.0.0"
        assert ("tus-version" in answer.headers) == (status == 412)
    sales = api.as_(Role.SALES)
    typed = TUS | SIZE | {"Content-Type": "audio/wav"}
    assert_problem(sales.post("/v1/uploads", content=b"x", headers=typed), 415, "bad-upload-type")
    large = sales.post("/v1/uploads", content=bytes(101), headers=PIECE | SIZE)
    assert_problem(large, 413, "too-large")
    assert rows(api, "upload") == (0,)


BAD_PIECES: list[tuple[dict[str, str], bytes, int, str]] = [
    ({"Upload-Offset": "9"}, b"x", 409, "wrong-offset"),
    ({"Upload-Offset": "11"}, b"x", 409, "wrong-offset"),
    ({"Upload-Offset": str(len(SOUND) + 1)}, b"x", 409, "wrong-offset"),
    ({"Upload-Offset": ""}, b"x", 400, "bad-upload-header"),
    ({"Upload-Offset": "ten"}, b"x", 400, "bad-upload-header"),
    ({"Upload-Offset": "\xb2"}, b"x", 400, "bad-upload-header"),
    ({"Content-Type": "application/octet-stream"}, b"x", 415, "bad-upload-type"),
    ({"Tus-Resumable": "2.0.0"}, b"x", 412, "bad-upload-version"),
    ({}, SOUND, 413, "too-large"),
    ({"Upload-Checksum": "crc32 AAAA"}, b"x", 400, "bad-upload-header"),
    ({"Upload-Checksum": "sha1"}, b"x", 400, "bad-upload-header"),
    ({"Upload-Checksum": "sha1 AAAA"}, b"x", 400, "bad-upload-header"),
    ({"Upload-Checksum": "sha1 äöü"}, b"x", 400, "bad-upload-header"),
    (
        {"Upload-Checksum": "sha1 " + base64.b64encode(hashlib.sha1(b"y").digest()).decode()},
        b"x",
        460,
        "wrong-checksum",
    ),
]


def test_a_piece_that_cannot_be_taken_changes_nothing(api: Api) -> None:
    upload = begin(api)
    bring(api, upload, 0, SOUND[:10])
    for more, piece, status, code in BAD_PIECES:
        said = PIECE | {"Upload-Offset": "10"} | more
        headers = {k.encode(): v.encode("latin-1") for k, v in said.items()}
        answer = api.as_(Role.SALES).patch(upload, content=piece, headers=headers)
        assert_problem(answer, status, code)
        assert offset(api, upload) == 10
    assert "earshot-call" in bring(api, upload, 10, SOUND[10:]).headers


def test_a_stream_without_a_length_ends_where_the_upload_does(api: Api) -> None:
    upload = begin(api, 250_000)

    def chunks() -> Iterator[bytes]:
        for _ in range(4):
            yield bytes(100_000)

    answer = api.as_(Role.SALES).patch(
        upload, content=chunks(), headers=PIECE | {"Upload-Offset": "0"}
    )
    assert_problem(answer, 413, "too-large")
    assert offset(api, upload) <= 250_000, "never more than was announced"


def test_what_is_no_recording_is_refused_at_the_end_and_later(api: Api) -> None:
    text = b"Buyer: it is too dear.\n" * 50
    upload = begin(api, len(text), filename="notes.mp3")
    said = assert_problem(bring(api, upload, 0, text), 415, "not-audio")
    assert look(api, upload).status_code == 415, "also who lost the answer is told"
    again = bring(api, upload, len(text), b"")
    assert assert_problem(again, 415, "not-audio")["detail"] == said["detail"]
    assert files(api) == []
    mono = sounds.wav(sounds.beeps(1, 8000), 8000)
    upload = begin(api, len(mono), seller_channel="1")
    assert_problem(bring(api, upload, 0, mono), 422, "bad-metadata")
    assert rows(api, "call") == (0,)


def test_what_came_before_a_connection_broke_is_kept(api: Api) -> None:
    upload = begin(api)
    with wire(api, upload, 0, len(SOUND)) as sender:
        sender.sendall(SOUND[:HALF])
        until(lambda: offset(api, upload) == HALF)
    assert "earshot-call" in bring(api, upload, HALF, SOUND[HALF:]).headers


def test_a_sender_that_hangs_keeps_nobody_from_going_on(api: Api) -> None:
    upload = begin(api)
    with wire(api, upload, 0, len(SOUND)) as hanging:
        hanging.sendall(SOUND[:HALF])
        until(lambda: offset(api, upload) == HALF)
        assert bring(api, upload, HALF, SOUND[HALF : HALF + 99]).status_code == 204
        hanging.sendall(SOUND[HALF:])  # awake again, and late
        assert b" 409 " in hanging.recv(4096)
    assert offset(api, upload) == HALF + 99


def test_checked_bytes_of_a_broken_connection_are_not_kept(api: Api) -> None:
    upload = begin(api)
    spool = api.settings.home / "spool"
    with wire(api, upload, 0, len(SOUND), "Upload-Checksum: sha1 " + "A" * 27 + "=") as sender:
        sender.sendall(SOUND[:HALF])
        until(lambda: list(spool.glob("piece-*")))
    until(lambda: not list(spool.glob("piece-*")))
    assert offset(api, upload) == 0


def test_two_who_send_the_last_bytes_at_once_make_one_call(api: Api) -> None:
    for number in range(3):
        sound = sounds.wav(sounds.beeps(2 + number, 8000), 8000)
        upload = begin(api, len(sound))
        answers: list[Any] = []

        def send(upload: str = upload, sound: bytes = sound, into: list[Any] = answers) -> None:
            into.append(bring(api, upload, 0, sound))

        threads = [threading.Thread(target=send) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {answer.status_code for answer in answers} <= {204, 409}
        called = {a.headers["earshot-call"] for a in answers if a.status_code == 204}
        assert called == {look(api, upload).headers["earshot-call"]}
        assert rows(api, "call", "audio", "outbox") == (number + 1,) * 3


def test_a_full_disk_loses_nothing(api: Api) -> None:
    upload = begin(api)
    part = api.settings.home / "uploads" / f"{upload.rpartition('/')[2]}.part"
    part.parent.mkdir()
    part.symlink_to("/dev/full")  # real ENOSPC, from the first byte
    said = assert_problem(bring(api, upload, 0, SOUND), 507, "disk-full")
    assert "Make room" in said["detail"]
    part.unlink()
    assert bring(api, upload, 0, SOUND[:HALF]).status_code == 204
    kept = part.rename(part.with_suffix(".kept"))
    part.symlink_to("/dev/full")
    bring(api, upload, 0, SOUND)
    part.unlink()
    kept.rename(part)
    assert "earshot-call" in bring(api, upload, HALF, SOUND[HALF:]).headers


@pytest.fixture
def quiet(settings: Settings, secrets: dict[Role, str]) -> Iterator[Api]:
    """An API that sweeps at its start only."""
    with serve(settings.model_copy(update={"sweep_seconds": 3600}), secrets) as running:
        yield running


def test_a_disk_that_is_full_at_once_tells_where_to_go_on(quiet: Api) -> None:
    with db.connect(quiet.settings.database_url) as conn:
        conn.execute("alter table upload alter column id set default 'known'")
        conn.commit()
    part = quiet.settings.home / "uploads" / "known.part"
    part.parent.mkdir(exist_ok=True)
    part.symlink_to("/dev/full")
    headers = PIECE | {"Upload-Length": str(len(SOUND))}
    answer = quiet.as_(Role.SALES).post("/v1/uploads", content=SOUND, headers=headers)
    assert (answer.status_code, answer.headers["upload-offset"]) == (201, "0")
    part.unlink()
    assert "earshot-call" in bring(quiet, answer.headers["location"], 0, SOUND).headers


def uploads(api: Api, pool: db.Pool) -> Uploads:
    return Uploads(pool, open_store(api.settings), api.settings)


def die_at_the_end(api: Api) -> str:
    """An upload whose last byte came, and whose server died before it was a call."""
    upload = begin(api, rep="Dana")
    bring(api, upload, 0, SOUND[:HALF])
    (part,) = files(api)
    with part.open("ab") as file:
        file.write(SOUND[HALF:])
    assert rows(api, "call") == (0,)
    return upload


def test_a_server_that_died_at_the_end_finishes_when_asked(quiet: Api) -> None:
    number = look(quiet, die_at_the_end(quiet)).headers["earshot-call"]
    assert quiet.as_(Role.SALES).get(f"/v1/calls/{number}").json()["rep"] == "Dana"
    assert files(quiet) == []


def test_a_server_that_died_at_the_end_finishes_by_itself(quiet: Api, pool: db.Pool) -> None:
    upload = die_at_the_end(quiet)
    uploads(quiet, pool).sweep()
    assert rows(quiet, "call", "outbox") == (1, 1)
    assert files(quiet) == []
    uploads(quiet, pool).sweep()
    assert bring(quiet, upload, len(SOUND), b"").headers["earshot-call"]
    assert rows(quiet, "call", "outbox") == (1, 1)


def test_a_server_that_died_before_it_noted_the_call(quiet: Api, pool: db.Pool) -> None:
    upload = die_at_the_end(quiet)
    number = quiet.bring()["id"]  # as far as it came: the sound is kept, its call is written
    assert look(quiet, upload).headers["earshot-call"] == str(number)
    with pool.connection() as conn:
        assert calls.get_call(conn, number).rep == "Dana"
    assert rows(quiet, "call", "outbox") == (1, 1)


def test_only_one_finishes_an_upload(quiet: Api, pool: db.Pool) -> None:
    upload = die_at_the_end(quiet)
    ours = uploads(quiet, pool)
    with pool.connection() as conn:
        (kept,) = queries.among(conn, [upload.rpartition("/")[2]]).values()
        ((user,),) = conn.execute("select user_id from upload").fetchall()
    with (ours.folder / f"{kept.id}.lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(Busy, match="ask again"):
            ours.finish(user, kept.id, patience=0)
        ours.sweep()
        assert rows(quiet, "call") == (0,)
    upload_now, size = ours.finish(user, kept.id)
    assert (upload_now.call_id is not None, size) == (True, len(SOUND))
    assert rows(quiet, "call") == (1,)


def test_a_whole_recording_waits_for_its_store(quiet: Api) -> None:
    upload, audio = begin(quiet), quiet.settings.home / "audio"
    aside = audio.rename(audio.with_name("away"))
    audio.touch()
    assert_problem(bring(quiet, upload, 0, SOUND), 503, "unavailable")
    audio.unlink()
    aside.rename(audio)
    assert look(quiet, upload).headers["earshot-call"], "nothing is sent again"


def test_what_expires_is_swept_and_what_goes_on_is_not(quiet: Api, pool: db.Pool) -> None:
    old, young = begin(quiet), begin(quiet)
    for upload in (old, young):
        bring(quiet, upload, 0, SOUND[:HALF])
    with pool.connection() as conn:
        conn.execute("update upload set expires_at = now() + interval '1 minute'")
    assert bring(quiet, young, HALF, b"").status_code == 204  # something comes
    with pool.connection() as conn:
        conn.execute("update upload set expires_at = expires_at - interval '2 minutes'")
    assert look(quiet, old).status_code == 404, "also before it is swept"
    stray = quiet.settings.home / "uploads" / "0123.part"
    stray.touch()
    uploads(quiet, pool).sweep()
    assert [file.stem for file in files(quiet)] == [young.rpartition("/")[2]]
    assert rows(quiet, "upload") == (1,)
    assert offset(quiet, young) == HALF


def test_the_running_api_sweeps(settings: Settings, secrets: dict[Role, str]) -> None:
    with serve(settings.model_copy(update={"sweep_seconds": 1}), secrets) as api:
        die_at_the_end(api)
        until(lambda: rows(api, "call") == (1,))


def wire(api: Api, upload: str, at: int, size: int, *more: str) -> socket.socket:
    """A connection on which a PATCH of so many bytes has begun."""
    connection = socket.create_connection(("127.0.0.1", api.port))
    lines = [
        f"PATCH {upload} HTTP/1.1",
        f"Host: 127.0.0.1:{api.port}",
        f"Authorization: Bearer {api.secrets[Role.SALES]}",
        *(f"{name}: {value}" for name, value in PIECE.items()),
        *(f"Upload-Offset: {at}", f"Content-Length: {size}", *more),
    ]
    connection.sendall("\r\n".join([*lines, "\r\n"]).encode())
    return connection
