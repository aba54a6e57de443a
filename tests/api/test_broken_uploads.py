"""Uploads whose connection, disk or server breaks, over real HTTP."""

import fcntl
import threading
from collections.abc import Iterator
from typing import Any

import pytest

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
from tests.api.uploading import HALF, PIECE, begin, bring, files, look, offset, wire


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
