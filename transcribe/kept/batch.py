"""A batch of windows as it is kept until its whole call is heard: pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from pydantic import TypeAdapter, ValidationError

from transcribe.decoder import Heard
from transcribe.doubles import SoundedWord


@dataclass(frozen=True, slots=True)
class HeardBatch:
    """Windows that were heard together."""

    sound: str  # SHA-256 (hex) of the windows: words are taken only for the sound they are of
    settled: float  # seconds: how far the recording is heard once these are
    tracks: tuple[int, ...]  # of each window
    heard: Heard


def words_by_track(batches: Iterable[HeardBatch]) -> dict[int, list[SoundedWord]]:
    """All words of each track, in time's order: batches that are heard at once share a stretch."""
    words: dict[int, list[SoundedWord]] = {}
    for batch in batches:
        for track, said in zip(batch.tracks, batch.heard.words, strict=True):
            words.setdefault(track, []).extend(said)
    return {track: sorted(said, key=lambda word: word.start) for track, said in words.items()}


class Kept(Protocol):
    """Where a hearing's batches are kept for the next one, should it break off. Several threads
    use it at once."""

    def get(self, number: int) -> HeardBatch | None:
        """The batch of that number, where an earlier hearing heard it."""

    def put(self, number: int, batch: HeardBatch) -> None:
        """Keep a batch. What it raises ends the hearing."""


class _Nothing:
    """Keeps nothing."""

    def get(self, number: int) -> None:
        """Nothing is here."""

    def put(self, number: int, batch: HeardBatch) -> None:
        """Nobody will ask for it."""


def nothing_kept(_ear: str) -> Kept:
    """For a recording that is heard once and of which nothing is kept."""
    return _Nothing()


_ROW = TypeAdapter(HeardBatch)


def to_json(batch: HeardBatch) -> str:
    """The batch as JSON, every float as it is."""
    return _ROW.dump_json(batch).decode()


def from_json(content: str) -> HeardBatch | None:
    """The batch that `to_json` wrote; None for what it, or this version of it, never wrote."""
    try:
        batch = _ROW.validate_json(content, strict=True)
    except ValidationError:
        return None
    return batch if len(batch.tracks) == len(batch.heard.words) else None
