"""Hearing as a task: real servers, the real model, real sound."""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from ingest import audio
from ingest import queries as calls
from ingest.audio import Limits, probe
from ingest.base import db
from ingest.base.errors import LeaseLost, NotFound
from ingest.base.queue import MINE, app
from ingest.base.settings import Settings
from ingest.calls import MAX_ATTEMPTS, Call, CallDetails, CallState
from ingest.leases import Lease
from ingest.store import open_store
from ingest.waveform.queries import kept_levels
from tests.conftest import NOON
from tests.disks import fill, tiny_disk
from tests.sounds import wav
from tests.transcribe.conftest import FIXTURES, both_at_once
from transcribe import tasks
from transcribe.decoder import Decoder, Heard
from transcribe.edits.queries import edits_of
from transcribe.kept.queries import batches
from transcribe.noises import samples, silence
from transcribe.queries import load
from transcribe.weights import model_path
from transcribe.windows import Window

SAMPLES = Path(__file__).parents[2] / "samples"

Upload = Callable[[Path], Call]


@pytest.fixture(autouse=True)
def joined_weights(hearing_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test has a home of its own, but need not join the weights anew."""
    monkeypatch.setenv("EARSHOT_WHISPER_MODEL", str(model_path(hearing_settings)))
    monkeypatch.setenv("EARSHOT_HEARING_THREADS", "2")  # nor measure this machine
    yield
    tasks._hearer.cache_clear()


@pytest.fixture
def upload(settings: Settings, conn: db.Connection) -> Upload:
    def put(path: Path) -> Call:
        found = probe(path, Limits.of(settings))
        open_store(settings).put(found.sha256, path)
        call = calls.add_call(conn, found, path.name, CallDetails(), NOON)
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
    (levels,) = kept_levels(conn, call.audio_sha256 or "") or ()
    assert max(levels) > 50, "to be drawn above the player"
    heard = now(conn, call)
    assert (heard.state, heard.failure) == (CallState.HEARD, None)
    assert heard.heard_seconds == call.seconds
    transcript = load(conn, call.id)
    assert transcript.turns[0].text.startswith("And so my fellow Americans")
    assert outbox(conn) == [(MINE, call.id, True)]
    tasks.hear(call.id)  # the message came twice
    assert load(conn, call.id) == transcript
    assert outbox(conn) == [(MINE, call.id, True)]


def test_a_rival_that_no_prompt_holds_is_put_right_and_what_was_heard_is_kept(
    upload: Upload, conn: db.Connection, tmp_path: Path
) -> None:
    blocks = audio.blocks(SAMPLES / "quillstep-01.ogg", rate=16000)
    sound = np.concatenate([block.samples for block in blocks], axis=1)
    (tmp_path / "cut.wav").write_bytes(wav(sound[1:, 68 * 16000 : 78 * 16000]))
    call = upload(tmp_path / "cut.wav")
    fillers = [f"Nothing Industries {n}" for n in range(60)]
    conn.execute("update company set name = 'Quillstep' where id = %s", [call.company_id])
    conn.execute(
        "insert into competitor (company_id, name) select %s, unnest(%s::text[])",
        [call.company_id, [*fillers, "Crestline"]],
    )
    conn.commit()
    tasks.hear(call.id)
    conn.rollback()
    transcript = load(conn, call.id)
    assert "Crestline" not in transcript.vocabulary
    [said] = [turn.text for turn in transcript.turns if "Crestline" in turn.text]
    [edit] = edits_of(conn, call.id)
    [name] = edit.misheard
    assert edit.by is None
    assert edit.original == said.replace("Crestline", name.heard)
    assert name.heard != said[name.start : name.end] == "Crestline"


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
    """The weights, 150 MB, do not fit; nor does the file of what was measured."""
    call = upload(FIXTURES / "jfk.ogg")
    audio = Settings().home / "audio"
    with tiny_disk(4096) as disk, monkeypatch.context() as patch:
        shutil.copytree(audio, disk / "audio")
        config = Settings(whisper_model="", home=disk)
        patch.setattr(tasks, "settings", lambda: config)
        for _ in range(MAX_ATTEMPTS + 1):
            tasks.hear(call.id)
            back = now(conn, call)
            assert (back.state, back.attempts, back.failure) == (CallState.WAITING, 0, None)
            assert back.waiting_reason
            assert back.waiting_reason.startswith("The disk is full: ")
    tasks.hear(call.id)
    assert (now(conn, call).state, now(conn, call).waiting_reason) == (CallState.HEARD, None)


def test_a_full_database_loses_nothing(upload: Upload, conn: db.Connection) -> None:
    """The table of turns lies on a disk of its own, which has no room left."""
    call = upload(FIXTURES / "jfk.ogg")
    with tiny_disk(512) as disk, tablespace(conn, disk):
        filler = fill(disk)
        tasks.hear(call.id)
        back = now(conn, call)
        assert (back.state, back.attempts, back.failure) == (CallState.WAITING, 0, None)
        assert back.waiting_reason == "The disk of the database is full: free some of it."
        with pytest.raises(NotFound):
            load(conn, call.id)
        conn.rollback()
        filler.unlink()
        tasks.hear(call.id)
        assert now(conn, call).state is CallState.HEARD
        assert load(conn, call.id).turns[0].text.startswith("And so my fellow Americans")


@contextmanager
def tablespace(conn: db.Connection, disk: Path) -> Iterator[None]:
    """The turns on that disk, as far as PostgreSQL goes."""
    conn.rollback()
    conn.autocommit = True
    # Made by the server, it is the server's own; cat takes what is copied, lest its pipe break.
    mkdir = f"copy (select) to program 'cat && mkdir {disk / 'turns'}'"
    conn.execute(mkdir.encode())
    conn.execute(f"create tablespace tiny location '{disk / 'turns'}'".encode())
    conn.execute("alter table turn set tablespace tiny")
    conn.autocommit = False
    yield
    conn.rollback()
    conn.autocommit = True
    conn.execute("alter table turn set tablespace pg_default")
    conn.execute("drop tablespace tiny")


@pytest.mark.parametrize("harm", ["truncated", "gone", "unreadable folder"])
def test_a_call_waits_for_a_damaged_model_to_be_mended(
    upload: Upload,
    conn: db.Connection,
    hearing_settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    harm: str,
) -> None:
    call = upload(FIXTURES / "jfk.ogg")
    config = Settings(whisper_model="")
    folder = config.home / "models" / "whisper-base"
    shutil.copytree(model_path(hearing_settings), folder, copy_function=os.link)
    model = folder / "model.bin"
    model.unlink()
    if harm == "truncated":
        model.write_bytes(bytes(1000))
    if harm == "unreadable folder":
        shutil.rmtree(folder)
        folder.touch()
    monkeypatch.setattr(tasks, "settings", lambda: config)
    for _ in range(MAX_ATTEMPTS + 1):
        tasks.hear(call.id)
    back = now(conn, call)
    assert (back.state, back.attempts, back.failure) == (CallState.WAITING, 0, None)
    assert f"delete {folder}, it is remade" in " ".join(capsys.readouterr().out.split())
    assert back.waiting_reason
    assert f"delete {folder}, it is remade" in back.waiting_reason
    if folder.is_dir():
        shutil.rmtree(folder)  # what the error says; no restart is needed
    else:
        folder.unlink()
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


HEAR = """
import sys
from transcribe.tasks import hear
print("ready", flush=True)
sys.stdin.readline()
hear(int(sys.argv[1]))
"""


def test_two_workers_on_one_call_hear_it_once(upload: Upload, conn: db.Connection) -> None:
    call = upload(FIXTURES / "jfk.ogg")
    said = both_at_once(HEAR, str(call.id))
    done = now(conn, call)
    assert (done.state, done.failure, done.waiting_reason) == (CallState.HEARD, None, None), said
    assert sorted(text.count("heard ") for text in said) == [0, 1], said  # the other had no work
    assert [task for task, *_ in outbox(conn)] == [MINE]
    assert load(conn, call.id).turns[0].text.startswith("And so my fellow Americans")


def test_the_task_is_known_by_its_name() -> None:
    assert "transcribe.hear" in app.tasks


def test_a_call_whose_worker_ended_is_heard_from_where_it_left_off(
    upload: Upload, conn: db.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first worker is told to end as soon as it got on; the second only finishes."""
    sizes: list[int] = []
    words = Decoder.words

    def counted(decoder: Decoder, windows: Sequence[tuple[int, Window]]) -> Heard:
        sizes.extend([len(windows)] * bool(windows))
        return words(decoder, windows)

    def ending(_lease: Lease, _seconds: float) -> None:
        raise SystemExit(0)

    monkeypatch.setattr(Decoder, "words", counted)
    call = upload(FIXTURES / "telephone-call.ogg")
    with monkeypatch.context() as patch:
        patch.setattr(Lease, "progress", ending)
        with pytest.raises(SystemExit):
            tasks.hear(call.id)
    assert (now(conn, call).state, now(conn, call).attempts) == (CallState.WAITING, 0)
    assert 0 in batches(conn, call.id)
    tasks.hear(call.id)
    assert now(conn, call).state is CallState.HEARD
    assert sum(sizes) == 2, "its windows are decoded once"
    assert batches(conn, call.id) == {}
    assert "quote" in " ".join(turn.text for turn in load(conn, call.id).turns)
