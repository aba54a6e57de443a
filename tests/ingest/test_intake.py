"""A recording's way in, on a real disk, a real database and a real broker."""

import hashlib
import os
import resource
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from threading import Barrier

import psycopg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as settings_
from hypothesis import strategies as st

from ingest import outbox, queries
from ingest.base import db, queue
from ingest.base.errors import (
    BadMetadata,
    EarshotError,
    Empty,
    Incomplete,
    NotAudio,
    TooLarge,
    Unavailable,
)
from ingest.base.settings import Settings
from ingest.calls import Accepted, Call, CallDetails, CallState
from ingest.details import clean_filename, default_title, lacking
from ingest.intake import accept, details_from, receive
from ingest.store import Store, open_store, spool_folder
from tests import sounds

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SOUND = sounds.wav(sounds.beeps(2, 8000, 2), 8000)
SHA256 = hashlib.sha256(SOUND).hexdigest()


@pytest.fixture
def store(settings: Settings) -> Store:
    return open_store(settings)


class Door:
    """Brings recordings in."""

    def __init__(self, pool: db.Pool, store: Store, settings: Settings) -> None:
        self.pool, self.store, self.settings = pool, store, settings

    def bring(self, data: bytes = SOUND, name: str = "acme.wav", **fields: str) -> Accepted:
        with receive([data], self.settings, filename=name) as got:
            details = details_from(fields)
            return accept(
                self.pool, self.store, got.path, got.sha256, name, details, self.settings, NOW
            )

    def count(self, table: str) -> int:
        with self.pool.connection() as conn:
            row = conn.execute(f"select count(*) from {table}".encode()).fetchone()
            return int(row[0]) if row else 0


@pytest.fixture
def door(pool: db.Pool, store: Store, settings: Settings) -> Door:
    return Door(pool, store, settings)


def spooled(settings: Settings) -> list[Path]:
    return list(spool_folder(settings).iterdir())


# Receiving ----------------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path: Path) -> Settings:
    """Settings that take a megabyte, without any server."""
    return Settings(home=tmp_path, max_upload_mb=1)


def test_an_upload_is_a_file_while_it_is_needed(small: Settings) -> None:
    with receive([b"ab", b"", b"c"], small, declared_size=3) as got:
        assert got.path.read_bytes() == b"abc"
        assert got.path.is_relative_to(small.home)
        assert got.path.stat().st_mode & 0o077 == 0
        assert (got.sha256, got.size_bytes) == (hashlib.sha256(b"abc").hexdigest(), 3)
    assert spooled(small) == []


def test_an_upload_is_never_whole_in_memory(small: Settings) -> None:
    seen: list[int] = []

    def chunks() -> Iterator[bytes]:
        for _ in range(10):
            seen.append(sum(path.stat().st_size for path in spooled(small)))
            yield bytes(90_000)

    with receive(chunks(), small):
        pass
    assert seen[-1] >= 9 * 90_000 - 65536  # what came before is on the disk, but for a buffer


@pytest.mark.parametrize(("sent", "announced"), [(99, 100), (101, 100), (0, 5)])
def test_an_upload_cut_off_leaves_nothing(small: Settings, sent: int, announced: int) -> None:
    with (
        pytest.raises(Incomplete, match=rf"Of acme\.wav came {sent} bytes where {announced}"),
        receive([bytes(sent)], small, filename="acme.wav", declared_size=announced),
    ):
        pass
    assert spooled(small) == []


def test_a_connection_lost_in_the_middle_leaves_nothing(small: Settings) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"half"
        raise ConnectionResetError("gone")

    with pytest.raises(ConnectionResetError), receive(chunks(), small):
        pass
    assert spooled(small) == []


def test_too_many_bytes_are_refused_as_soon_as_known(small: Settings) -> None:
    taken = []

    def chunks() -> Iterator[bytes]:
        for number in range(100):
            taken.append(number)
            yield bytes(100_000)

    with pytest.raises(TooLarge, match="1 MB"), receive(chunks(), small):
        pass
    assert len(taken) == 11
    with pytest.raises(TooLarge), receive(chunks(), small, declared_size=1_000_001):
        pass
    assert len(taken) == 11, "an announcement is enough"
    assert spooled(small) == []


def test_a_full_disk_is_said_in_words(small: Settings) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    try:
        with (
            pytest.raises(Unavailable, match="make room"),
            receive([bytes(150_000)] * 3, small),
        ):
            pass
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert spooled(small) == []


def test_what_a_killed_process_left_is_swept_after_a_day(small: Settings) -> None:
    spool = spool_folder(small)
    spool.mkdir()
    (spool / "upload-old").write_bytes(b"old")
    os.utime(spool / "upload-old", (0, 0))
    (spool / "upload-new").write_bytes(b"in use")
    with receive([b"a"], small):
        pass
    assert [path.name for path in spooled(small)] == ["upload-new"]


# Accepting ----------------------------------------------------------------------------------


def test_a_recording_becomes_a_call_its_sound_kept_and_its_message_rung(door: Door) -> None:
    accepted = door.bring(name="C:\\calls\\Acme intro.wav", account="Acme", deal_value_usd="48,000")

    call = accepted.call
    assert not accepted.duplicate
    assert (call.state, call.title, call.filename) == (
        CallState.WAITING,
        "Acme intro",
        "Acme intro.wav",
    )
    assert (call.account, call.deal_value_usd) == ("Acme", Decimal(48000))
    assert (call.seconds, call.channels, call.held_at) == (2.0, 2, NOW)
    with door.pool.connection() as conn:
        audio = queries.get_audio(conn, SHA256)
        assert (audio.container, audio.codec, audio.sample_rate) == ("wav", "pcm_s16le", 8000)
        assert outbox.unsent(conn) == []
    assert b"".join(door.store.open_range(SHA256, 0, 10**6)) == SOUND
    with queue.app.connection_for_read() as connection:
        waiting = connection.default_channel.queue_declare(queue.HEARING, passive=True)
        assert waiting.message_count == 1
    assert spooled(door.settings) == []


def test_the_same_sound_twice_is_one_call_and_the_answer_says_so(door: Door) -> None:
    first = door.bring(name="first.wav")
    second = door.bring(name="second.wav")
    assert second.duplicate
    assert second.call == first.call
    assert door.count("call") == door.count("audio") == door.count("outbox") == 1


def test_uploads_that_race_are_one_call(door: Door) -> None:
    start = Barrier(4)

    def bring(number: int) -> Accepted:
        start.wait()
        return door.bring(name=f"{number}.wav")

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(bring, range(4)))
    assert sorted(answer.duplicate for answer in answers) == [False, True, True, True]
    assert len({answer.call.id for answer in answers}) == 1
    assert door.count("call") == door.count("outbox") == 1


def test_a_second_upload_tells_what_was_not_known_and_overwrites_nothing(door: Door) -> None:
    door.bring(name="acme.wav", account="Acme", stage="discovery")
    held = "2026-02-01"
    again = door.bring(
        account="Other", stage="won", rep="Kim", title="Intro", held_at=held, segment="smb"
    )
    call = again.call
    assert (call.account, call.stage, call.segment) == ("Acme", "discovery", None)
    assert (call.rep, call.title, call.held_at) == (
        "Kim",
        "Intro",
        datetime(2026, 2, 1, tzinfo=UTC),
    )
    third = door.bring(title="Outro", held_at="2026-02-02", account="ACME", segment="smb")
    assert (third.call.title, third.call.held_at) == (call.title, call.held_at)
    assert third.call.segment == "smb"


def test_a_mined_call_that_moves_to_another_day_is_counted_afresh(door: Door) -> None:
    call = door.bring().call
    with door.pool.connection() as conn:
        conn.execute("update call set state = 'done'")
    again = door.bring(rep="Kim")
    assert again.call.state is CallState.DONE
    again = door.bring(held_at="2026-02-01")
    assert (again.call.id, again.call.state) == (call.id, CallState.HEARD)


def test_a_broker_that_is_away_is_no_error(door: Door) -> None:
    queue.use(door.settings.model_copy(update={"broker_url": "redis://127.0.0.1:9/0"}))
    try:
        assert not door.bring().duplicate
    finally:
        queue.use(door.settings)
    with door.pool.connection() as conn:
        assert [message.task for message in outbox.unsent(conn)] == [queue.HEAR]


def test_a_store_that_is_away_leaves_no_call(door: Door) -> None:
    folder = door.settings.home / "audio" / SHA256[:2]
    folder.write_bytes(b"in the way")
    with pytest.raises(Unavailable):
        door.bring()
    assert door.count("call") == door.count("audio") == door.count("outbox") == 0
    folder.unlink()
    assert not door.bring().duplicate, "and the next try is as good as the first"


def test_a_call_that_cannot_be_written_leaves_at_worst_its_sound(door: Door) -> None:
    with door.pool.connection() as conn:  # a server that fails at the last step
        conn.execute("alter table outbox add check (task = 'nothing')")
    with pytest.raises(psycopg.errors.CheckViolation):
        door.bring()
    assert door.count("call") == door.count("audio") == 0
    assert door.store.has(SHA256)


BAD = [
    (b"", Empty),
    (b"just text\n" * 50, NotAudio),
    (sounds.png(), NotAudio),
    (sounds.silent_video(), NotAudio),
    (sounds.spoilt(SOUND, 0, 1), NotAudio),
    (sounds.silence_flac(7300), TooLarge),
]


@pytest.mark.parametrize(
    ("data", "error"), BAD, ids=["empty", "text", "picture", "video", "noise", "hours"]
)
def test_what_is_refused_leaves_nothing_and_says_its_name(
    door: Door, data: bytes, error: type[EarshotError]
) -> None:
    door.settings = door.settings.model_copy(update={"max_hours": 2.0})
    with pytest.raises(error, match=r"bad file\.mp3"):
        door.bring(data, name="bad file.mp3")
    assert door.count("call") == door.count("audio") == door.count("outbox") == 0
    assert not any(path.is_file() for path in (door.settings.home / "audio").rglob("*"))
    assert spooled(door.settings) == []


def test_a_seller_on_a_channel_that_is_not_there(door: Door) -> None:
    with pytest.raises(BadMetadata, match=r"acme\.wav has 2 channel"):
        door.bring(seller_channel="2")
    assert door.bring(seller_channel="1").call.seller_channel == 1


@pytest.mark.parametrize("field", ["held_at", "lead_created_at"])
def test_a_time_yet_to_come(door: Door, field: str) -> None:
    with pytest.raises(BadMetadata, match=f"{field} is 2062-03-02, which is yet to come"):
        door.bring(SOUND, "acme.wav", **{field: "2062-03-02"})
    door.bring(SOUND, "acme.wav", **{field: (NOW + timedelta(hours=20)).isoformat()})


# Metadata -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("title", "  Intro \n with  Acme ", "Intro with Acme"),
        ("account", "Zoë & Söhne, 株式会社", "Zoë & Söhne, 株式会社"),
        ("stage", "   ", None),
        ("held_at", "2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
        ("held_at", "2026-03-01 14:30", datetime(2026, 3, 1, 14, 30, tzinfo=UTC)),
        ("held_at", "2026-03-01T14:30:00+02:00", datetime(2026, 3, 1, 12, 30, tzinfo=UTC)),
        ("lead_created_at", "2026-03-01T14:30:00Z", datetime(2026, 3, 1, 14, 30, tzinfo=UTC)),
        ("deal_value_usd", "48,000", Decimal(48000)),
        ("deal_value_usd", "$1,250,000.5", Decimal("1250000.5")),
        ("account_value_usd", "48000.50", Decimal("48000.50")),
        ("deal_value_usd", "0", Decimal(0)),
        ("language", "EN", "en"),
        ("seller_channel", "1", 1),
        ("title", "x" * 300, "x" * 300),
    ],
)
def test_metadata_is_read_as_people_write_it(field: str, text: str, value: object) -> None:
    assert getattr(details_from({field: text}), field) == value


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("title", "x" * 301),
        ("title", "nul\x00"),
        ("account", "bell\x07"),
        ("rep", "half a sign \ud800"),
        ("held_at", "yesterday"),
        ("held_at", "31.03.2026"),
        ("held_at", "1969-12-31"),
        ("held_at", "0001-01-01T00:00+14:00"),
        ("lead_created_at", "2026-13-01"),
        ("deal_value_usd", "-1"),
        ("deal_value_usd", "48.000,00"),
        ("deal_value_usd", "4,80"),
        ("deal_value_usd", "1.005"),
        ("deal_value_usd", "NaN"),
        ("deal_value_usd", "1e3"),
        ("deal_value_usd", "9" * 13),
        ("account_value_usd", "lots"),
        ("language", "english"),
        ("seller_channel", "left"),
        ("seller_channel", "-1"),
        ("colour", "red"),
        ("nul\x00", "a"),
    ],
)
def test_metadata_that_makes_no_sense_is_refused_by_its_name(field: str, text: str) -> None:
    with pytest.raises(BadMetadata) as refusal:
        details_from({field: text})
    assert field.encode("unicode_escape").decode() in str(refusal.value)
    assert ":" in str(refusal.value), "and says what to do"


@settings_(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.dictionaries(
        st.sampled_from([*asdict(CallDetails()), "other"]),
        st.one_of(st.text(max_size=400), st.from_regex(r"\$?[0-9,.\-:TZ+]{1,20}")),
        max_size=5,
    )
)
def test_any_metadata_is_read_or_refused(given: Mapping[str, str]) -> None:
    try:
        details = details_from(given)
    except BadMetadata:
        return
    for name, value in asdict(details).items():
        if isinstance(value, str):
            assert 0 < len(value) <= 300
            value.encode()
            assert "\x00" not in value
        if isinstance(value, datetime):
            assert value >= datetime(1970, 1, 1, tzinfo=UTC)
        if isinstance(value, Decimal):
            assert value >= 0, name


@settings_(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.text(max_size=400))
def test_any_file_name_becomes_a_plain_one(name: str) -> None:
    clean = clean_filename(name)
    assert 0 < len(clean.encode()) <= 4 * 255
    assert not set(clean) & set("/\\\x00\n")
    assert default_title(clean)


@pytest.mark.parametrize(
    ("name", "title"),
    [("2026-03-02 Acme.mp3", "2026-03-02 Acme"), (".mp3", ".mp3"), ("v1.2 call", "v1.2 call")],
)
def test_a_call_is_called_after_its_file(name: str, title: str) -> None:
    assert default_title(name) == title


def test_what_is_known_is_not_lacking() -> None:
    call = Call(
        1, CallState.WAITING, "Intro", "a.wav", NOW, NOW - timedelta(1), 2.0, 0.0, 0.0, 2, SHA256,
        company_id=1, company="My company", account="Acme", segment="smb", rep="Kim",
    )  # fmt: skip
    brought = CallDetails(
        title="Other", account="acme", segment="big", rep="Lee", held_at=NOW, company="Us"
    )
    assert lacking(call, brought) == CallDetails()
    assert lacking(replace(call, segment=None), brought) == CallDetails(
        account="acme", segment="big"
    )
