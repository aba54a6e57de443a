"""Hearing as a task: real servers, the real model, real sound."""

import errno
import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingest import queries as calls
from ingest.audio import Limits, probe
from ingest.base import db
from ingest.base.errors import LeaseLost, NotFound
from ingest.base.queue import MINE, app
from ingest.base.settings import Settings
from ingest.calls import Call, CallDetails, CallState
from ingest.leases import Lease
from ingest.store import open_store
from tests.conftest import NOON
from tests.sounds import wav
from tests.transcribe.conftest import FIXTURES
from tests.transcribe.noises import samples, silence
from transcribe import tasks
from transcribe.engine import model_path
from transcribe.queries import load

Upload = Callable[[Path], Call]


@pytest.fixture(autouse=True)
def joined_weights(hearing_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test has a home of its own, but need not join the weights anew."""
    monkeypatch.setenv("EARSHOT_WHISPER_MODEL", str(model_path(hearing_settings)))
    yield
    tasks._hearer.cache_clear()


@pytest.fixture
def upload(settings: Settings, conn: db.Connection) -> Upload:
    def put(path: Path) -> Call:
        audio = probe(path, Limits.of(settings))
        open_store(settings).put(audio.sha256, path)
        call = calls.add_call(conn, audio, path.name, CallDetails(), NOON)
        conn.commit()
        return call

    return put


def now(conn: db.Connection, call: Call) -> Call:
    conn.rollback()
    return calls.get_call(conn, call.id)


def outbox(conn: db.Connection) -> list[tuple[str, int, bool]]:
    return conn.execute("select task, call_id, sent_at is not null from outbox").fetchall()


def test_a_call_is_heard_once_and_then_to_be_mined(upload: Upload, conn: db.Connection) -> None:
    call = upload(FIXTURES / "jfk.ogg")
    tasks.hear(call.id)
    heard = now(conn, call)
    assert (heard.state, heard.failure) == (CallState.HEARD, None)
    assert heard.heard_seconds == call.seconds
    transcript = load(conn, call.id)
    assert transcript.turns[0].text.startswith("And so my fellow Americans")
    assert outbox(conn) == [(MINE, call.id, True)]
    tasks.hear(call.id)  # the message came twice
    assert load(conn, call.id) == transcript
    assert outbox(conn) == [(MINE, call.id, True)]


def test_a_silent_call_is_a_success_without_words(
    upload: Upload, conn: db.Connection, tmp_path: Path
) -> None:
    (tmp_path / "silent.wav").write_bytes(wav(samples(silence(3))[None]))
    call = upload(tmp_path / "silent.wav")
    tasks.hear(call.id)
    assert now(conn, call).state is CallState.HEARD
    assert load(conn, call.id).turns == ()


def test_missing_sound_fails_the_call_for_good_with_a_reason(
    upload: Upload, settings: Settings, conn: db.Connection
) -> None:
    call = upload(FIXTURES / "jfk.ogg")
    assert call.audio_sha256 is not None
    open_store(settings).delete(call.audio_sha256)
    tasks.hear(call.id)
    failed = now(conn, call)
    assert failed.state is CallState.FAILED
    assert failed.failure
    with pytest.raises(NotFound):
        load(conn, call.id)


def test_a_file_that_is_no_sound_fails_with_a_reason(
    upload: Upload, settings: Settings, conn: db.Connection, tmp_path: Path
) -> None:
    """Intake refuses it; this is a file that went bad where it is kept."""
    call = upload(FIXTURES / "jfk.ogg")
    text = tmp_path / "text"
    text.write_text("no sound at all\n" * 1000)
    sha256 = hashlib.sha256(text.read_bytes()).hexdigest()
    open_store(settings).put(sha256, text)
    conn.execute(
        """with bad as (insert into audio select decode(%s, 'hex'), size_bytes, seconds, channels,
                               sample_rate, container, codec from audio returning sha256)
           update call set audio_sha256 = bad.sha256 from bad""",
        [sha256],
    )
    conn.commit()
    tasks.hear(call.id)
    failed = now(conn, call)
    assert failed.state is CallState.FAILED
    assert failed.failure


def test_a_full_disk_gives_the_call_back_to_be_heard_later(
    upload: Upload, conn: db.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_file: int, _data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    call = upload(FIXTURES / "jfk.ogg")
    config = Settings(whisper_model="")
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        patch.setattr(tasks, "settings", lambda: config)
        tasks.hear(call.id)
    back = now(conn, call)
    assert (back.state, back.attempts, back.failure) == (CallState.WAITING, 1, None)
    tasks.hear(call.id)
    assert now(conn, call).state is CallState.HEARD


def test_work_on_a_call_that_another_worker_took_is_dropped(
    upload: Upload, settings: Settings, conn: db.Connection
) -> None:
    call = upload(FIXTURES / "jfk.ogg")
    taken = calls.claim(conn, call.id, CallState.HEARING, "other", 60)
    conn.commit()
    assert taken is not None
    lease = Lease(settings.database_url, call.id, "late", 60)
    with pytest.raises(LeaseLost):
        tasks._hear(settings, taken, lease)
    with pytest.raises(NotFound):
        load(conn, call.id)
    assert outbox(conn) == []
    assert now(conn, call).state is CallState.HEARING


def test_the_task_is_known_by_its_name() -> None:
    assert "transcribe.hear" in app.tasks
