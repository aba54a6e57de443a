"""How loud a recording is along its length: true to the sound, and measured once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.base import db
from ingest.base.errors import NotFound, Unavailable
from ingest.base.settings import Settings
from ingest.calls import Audio
from ingest.queries import call_by_audio, delete_call, get_audio
from ingest.store import open_store
from ingest.timeline import Block, Samples
from ingest.waveform import measuring
from ingest.waveform.levels import STRETCHES, apart, hushed, measure, together
from ingest.waveform.measuring import levels_of
from ingest.waveform.queries import keep_levels, kept_levels
from tests import sounds
from tests.conftest import AddCall

RATE = 1000


def cut(samples: Samples, length: int) -> Iterator[Block]:
    """The sound in blocks of so many samples."""
    for at in range(0, samples.shape[1], length):
        yield Block(at / RATE, samples[:, at : at + length], 0.0)


def levels(samples: Samples, length: int = 700) -> list[list[int]]:
    return [list(one) for one in measure(cut(samples, length), samples.shape[1] / RATE, RATE)]


SOUNDS = st.builds(
    lambda channels, length, seed, loud: (
        np.random.default_rng(seed).normal(0, loud, (channels, length)).clip(-32768, 32767)
    ).astype(np.int16),
    st.integers(1, 3),
    st.integers(1, 5000),
    st.integers(0, 99),
    st.sampled_from([0, 1, 300, 30_000]),
)


@given(SOUNDS, st.integers(1, 6000))
def test_each_channel_has_its_levels_however_the_sound_is_cut(sound: Samples, length: int) -> None:
    found = levels(sound, length)
    assert found == levels(sound, 10_000)
    assert [len(one) for one in found] == [min(STRETCHES, sound.shape[1])] * len(sound)
    assert all(0 <= level <= 255 for one in found for level in one)


@given(SOUNDS, st.integers(2, 5))
def test_louder_is_never_lower_and_silence_is_nothing(sound: Samples, times: int) -> None:
    soft = sound // 8
    for low, high in zip(levels(soft), levels(soft * np.int16(times)), strict=True):
        assert all(a <= b for a, b in zip(low, high, strict=True))
    assert {level for one in levels(sound * np.int16(0)) for level in one} == {0}


def test_a_beep_is_where_it_sounds_and_on_its_channel() -> None:
    sound = np.zeros((2, 8000), np.int16)
    sound[1, 4000:4100] = 32_767
    left, right = levels(sound)
    assert set(left) == {0}
    assert [at for at, level in enumerate(right) if level] == list(range(400, 410))
    assert set(right[400:410]) == {255}


def test_a_recording_longer_than_it_was_said_to_be_ends_in_the_last_stretch() -> None:
    sound = np.full((1, 3000), 1000, np.int16)
    (found,) = measure(cut(sound, 700), 2.0, RATE)
    assert len(found) == STRETCHES
    assert len(set(found)) == 1
    assert measure(iter(()), 2.0, RATE) == ()


@given(
    st.lists(st.tuples(st.floats(-5, 40), st.floats(0, 5)), max_size=4),
    st.floats(0, 2),
    st.integers(1, 50),
)
def test_what_is_not_to_be_heard_is_not_to_be_seen(
    stretches: list[tuple[float, float]], margin: float, many: int
) -> None:
    seconds, spans = 30.0, [(at, at + long) for at, long in stretches]
    (found,) = hushed((b"\x09" * many,), seconds, spans, margin)
    step = seconds / many
    assert len(found) == many
    for at, level in enumerate(found):
        gaps = [max(start - (at + 1) * step, at * step - end) for start, end in spans]
        if any(gap < margin - 1e-6 for gap in gaps):
            assert level == 0
        if all(gap > margin + 1e-6 for gap in gaps):
            assert level == 9


def test_which_channels_are_drawn_apart() -> None:
    loud, soft = bytes([90, 0, 90]), bytes([10, 80, 0])
    assert apart((loud, soft))
    assert not apart((loud, bytes([92, 1, 85]))), "one microphone, written twice by an encoder"
    assert not apart((loud,))
    assert not apart((loud, soft, soft))
    assert together((loud, soft)) == bytes([90, 80, 90])


@pytest.fixture
def recording(conn: db.Connection, settings: Settings, tmp_path: Path, add_call: AddCall) -> Audio:
    """The audio of a call, in the store: three beeps, on the second channel a tenth later."""
    (tmp_path / "call.wav").write_bytes(sounds.wav(sounds.beeps(3, 8000, 2), 8000))
    call = add_call(3.0)
    conn.commit()
    assert call.audio_sha256
    open_store(settings).put(call.audio_sha256, tmp_path / "call.wav")
    return get_audio(conn, call.audio_sha256)


def test_a_recording_is_measured_once(settings: Settings, recording: Audio) -> None:
    store = open_store(settings)
    with db.pool(settings.database_url) as pool:
        found = levels_of(pool, store, recording)
        loud = [at for at in range(STRETCHES // 3) if found[0][at] > 50]
        assert loud[0] == 0
        assert loud[-1] == pytest.approx(79, abs=1), "0.3 of the first second"
        store.delete(recording.sha256)
        assert levels_of(pool, store, recording) == found, "without its sound: it is kept"


def test_many_ask_at_once(settings: Settings, recording: Audio) -> None:
    with db.pool(settings.database_url) as pool, ThreadPoolExecutor(4) as threads:
        asked = [threads.submit(levels_of, pool, open_store(settings), recording) for _ in range(4)]
        assert len({answer.result() for answer in asked}) == 1


def test_nobody_waits_for_ever(
    settings: Settings, recording: Audio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "PATIENCE_SECONDS", 0.01)
    with (
        db.pool(settings.database_url) as pool,
        measuring._one_at_a_time,
        pytest.raises(Unavailable, match="ask again in a minute"),
    ):
        levels_of(pool, open_store(settings), recording)


def test_lost_sound_leaves_nothing_and_holds_nobody_up(
    settings: Settings, conn: db.Connection, recording: Audio
) -> None:
    open_store(settings).delete(recording.sha256)
    with db.pool(settings.database_url) as pool:
        for _ in range(2):
            with pytest.raises(NotFound):
                levels_of(pool, open_store(settings), recording)
    assert kept_levels(conn, recording.sha256) is None


def test_levels_go_with_their_recording(conn: db.Connection, recording: Audio) -> None:
    keep_levels(conn, recording.sha256, (b"\x00\x07", b"\x01\xff"))
    keep_levels(conn, recording.sha256, (b"",))
    assert kept_levels(conn, recording.sha256) == (b"\x00\x07", b"\x01\xff")
    call = call_by_audio(conn, recording.sha256)
    assert call
    delete_call(conn, call.id)
    assert kept_levels(conn, recording.sha256) is None
    keep_levels(conn, recording.sha256, (b"\x00",))
    assert kept_levels(conn, recording.sha256) is None, "deleted while it was measured"
