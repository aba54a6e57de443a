"""From blocks to windows on a stream: nothing lost, nothing held for long."""

import tracemalloc
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest

from transcribe.listening import Detector, Listener
from transcribe.speakers import MIXED
from transcribe.windows import FRAME, RATE, Samples, Window

BLOCK = 60 * RATE


def by_loudness() -> Detector:
    """In place of Silero: what is loud is speech."""

    def detect(samples: Samples) -> npt.NDArray[np.float32]:
        assert len(samples) % FRAME == 0
        loud: npt.NDArray[np.bool_] = np.abs(samples.reshape(-1, FRAME)).max(axis=1) > 1000
        return loud.astype(np.float32)

    return detect


def talk(start: int, samples: int, channel: int) -> Samples:
    """Ten seconds of speech in every twenty, the channels in turn."""
    at = np.arange(start, start + samples)
    on = (at // (10 * RATE)) % 2 == channel
    return np.where(on, (at * 7919) % 20_000 - 10_000, 0).astype(np.int16)


def windows(seconds: float, block: int, channels: int = 2) -> Iterator[tuple[int, Window]]:
    listener = Listener(by_loudness)
    total, at = round(seconds * RATE), 0
    while at < total:
        length = min(block, total - at)
        yield from listener.feed(at, np.stack([talk(at, length, c) for c in range(channels)]))
        at += length
        assert 0 <= listener.settled <= at / RATE
    yield from listener.end()


@pytest.mark.parametrize("block", [BLOCK, 7 * RATE + 13])
def test_each_channels_speech_is_found_once_with_its_own_sound(block: int) -> None:
    seconds = 190.0
    heard = {0: np.zeros(round(seconds * RATE), int), 1: np.zeros(round(seconds * RATE), int)}
    for track, window in windows(seconds, block):
        for piece in window.pieces:
            heard[track][piece.start : piece.end] += 1
            assert (piece.samples == talk(piece.start, len(piece.samples), track)).all()
    for track, times in heard.items():
        assert times.max() == 1
        assert times[talk(0, len(times), track) != 0].all()


def test_what_all_channels_share_is_one_track_until_they_differ() -> None:
    listener = Listener(by_loudness)
    same, other = talk(0, BLOCK, 0), talk(0, BLOCK, 1)
    found = list(listener.feed(0, np.stack([same, same])))
    found += listener.feed(BLOCK, np.stack([same, other]))
    found += listener.feed(2 * BLOCK, np.stack([same, same]))
    found += listener.end()
    spans: dict[int, list[int]] = {}
    for track, window in found:
        spans.setdefault(track, []).extend(piece.start // BLOCK for piece in window.pieces)
    assert {track: set(blocks) for track, blocks in spans.items()} == {
        MIXED: {0, 2},
        0: {1},
        1: {1},
    }


def test_an_hour_takes_no_more_memory_than_minutes() -> None:
    def peak(seconds: float) -> int:
        tracemalloc.start()
        try:
            assert sum(1 for _ in windows(seconds, BLOCK)) > seconds / 60
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(3600) < 1.1 * peak(300)
