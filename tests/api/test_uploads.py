"""Recordings in pieces over real HTTP, sent by a real tus client and by hand."""

import base64
import hashlib
import io
from collections.abc import Iterator

import psutil
import pytest
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError

from api.users import Role
from tests import sounds
from tests.api.running import SOUND, Api, assert_problem, rows
from tests.api.uploading import HALF, PIECE, TUS, begin, bring, files, look, metadata, offset


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
