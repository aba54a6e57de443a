"""What must not be heard is silent, and nothing else is."""

import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.base.errors import NotFound, Unavailable
from ingest.silence import MARGIN_SECONDS, forget_copies, silence, silenced_copy
from ingest.store import Store
from ingest.timeline import Block
from tests import sounds

KEY = "ab" * 32
Keep = Callable[[bytes], Store]


@pytest.fixture
def keep(tmp_path: Path) -> Keep:
    """A store that holds these bytes under KEY."""

    def kept(sound: bytes) -> Store:
        store = Store.folder(tmp_path / "audio", tmp_path / "spool")
        (tmp_path / "sound").write_bytes(sound)
        store.put(KEY, tmp_path / "sound")
        return store

    return kept


def heard(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    with wave.open(str(path)) as file:
        raw = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return raw.reshape(-1, file.getnchannels()).T


@pytest.mark.parametrize("container", ["wav", "mp3", "ogg"])
def test_a_silenced_beep_is_gone_and_the_others_stay(
    tmp_path: Path, keep: Keep, container: str
) -> None:
    codec = {"wav": "pcm_s16le", "mp3": "libmp3lame", "ogg": "libopus"}[container]
    store = keep(sounds.encode(sounds.beeps(6, 48_000), container, codec, 48_000))
    path = silenced_copy(store, KEY, [(2.0, 2.3), (4.0, 4.3)], tmp_path / "spool")
    assert sorted(sounds.onsets(heard(path)[0])) == [0, 1, 3, 5]
    assert path.stat().st_mode & 0o077 == 0


@given(
    st.lists(st.tuples(st.floats(0, 3), st.floats(0, 1)), max_size=4),
    st.floats(0, 2),
    st.integers(1, 2),
)
def test_each_sample_is_silent_just_where_it_must_be(
    stretches: list[tuple[float, float]], start: float, channels: int
) -> None:
    rate, spans = 100, [(at, at + long) for at, long in stretches]
    block = Block(start, np.ones((channels, 150), np.int16), 0.0)
    silent = silence(block, spans, rate)
    for n in range(150):
        at = start + n / rate
        half, slack = 0.5 / rate, 1.5 / rate  # a sample on the very edge may fall on either side
        inside = any(a - MARGIN_SECONDS + half <= at <= b + MARGIN_SECONDS - half for a, b in spans)
        near = any(a - MARGIN_SECONDS - slack <= at <= b + MARGIN_SECONDS + slack for a, b in spans)
        if inside:
            assert not silent[:, n].any()
        elif not near:
            assert silent[:, n].all()
    assert block.samples.all(), "the block itself is left as it is"


def test_many_channels_become_one(tmp_path: Path, keep: Keep) -> None:
    store = keep(sounds.wav(sounds.beeps(2, 8000, 4), 8000))
    assert len(heard(silenced_copy(store, KEY, [(0, 1)], tmp_path / "spool"))) == 1


def test_a_copy_is_made_once_for_the_same_spans(tmp_path: Path, keep: Keep) -> None:
    store = keep(sounds.wav(sounds.beeps(2, 8000), 8000))
    first = silenced_copy(store, KEY, [(0, 1)], tmp_path / "spool")
    made = first.stat().st_mtime_ns
    assert silenced_copy(store, KEY, [(0, 1)], tmp_path / "spool").stat().st_mtime_ns == made
    other = silenced_copy(store, KEY, [(0, 1.5)], tmp_path / "spool")
    assert other != first
    assert sorted(path.name for path in (tmp_path / "spool").iterdir()) == sorted(
        [first.name, other.name]
    )
    forget_copies(KEY, tmp_path / "spool")
    assert list((tmp_path / "spool").iterdir()) == []


def test_a_full_disk_and_lost_sound_say_what_to_do(tmp_path: Path, keep: Keep) -> None:
    store = keep(sounds.wav(sounds.beeps(1, 8000), 8000))
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable, match="make room there"):
        silenced_copy(store, KEY, [(0, 1)], tmp_path / "file" / "spool")
    with pytest.raises(NotFound):
        silenced_copy(store, "cd" * 32, [(0, 1)], tmp_path / "spool")
