"""A hearing that broke off goes on from there: the real model on real sound."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from ingest.audio import blocks
from ingest.base.settings import Settings
from tests.sounds import wav
from tests.transcribe.conftest import FIXTURES
from transcribe import decoder
from transcribe.decoder import Decoder, Heard
from transcribe.engine import Hearer
from transcribe.kept.batch import HeardBatch
from transcribe.transcript import Transcript
from transcribe.tuning import known
from transcribe.windows import Window

NAMES = ("Haulwright", "Kowal Transport")
BATCHES = 4

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


class BrokenOff(Exception):
    """What a test ends a hearing with."""


@dataclass
class Shelf:
    """Keeps batches in memory, for whatever ear asks."""

    batches: dict[int, HeardBatch] = field(default_factory=dict)
    ears: set[str] = field(default_factory=set)

    def __call__(self, ear: str) -> "Shelf":
        self.ears.add(ear)
        return self

    def get(self, number: int) -> HeardBatch | None:
        return self.batches.get(number)

    def put(self, number: int, batch: HeardBatch) -> None:
        self.batches[number] = batch


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many windows each decoding had."""
    sizes: list[int] = []
    words = Decoder.words

    def counted(of_call: Decoder, windows: Sequence[tuple[int, Window]]) -> Heard:
        if windows:
            sizes.append(len(windows))
        return words(of_call, windows)

    monkeypatch.setattr(Decoder, "words", counted)
    return sizes


@pytest.fixture(scope="module")
def lone_ear(hearing_settings: Settings) -> Hearer:
    """One that hears a window at a time, so that a short call has many batches."""
    return Hearer(hearing_settings, replace(known(hearing_settings).chosen, batch=1))


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The telephone call three times over: 81 seconds, two channels, four windows."""
    path = tmp_path_factory.mktemp("sound") / "call.wav"
    call = np.concatenate([b.samples for b in blocks(FIXTURES / "telephone-call.ogg")], axis=1)
    path.write_bytes(wav(np.tile(call, 3)))
    return path


Undisturbed = tuple[Transcript, dict[int, HeardBatch]]


@pytest.fixture(scope="module")
def undisturbed(lone_ear: Hearer, recording: Path) -> Undisturbed:
    shelf = Shelf()
    return lone_ear.hear(recording, vocabulary=NAMES, keep=shelf), shelf.batches


def breaking_off_at(number: int) -> Callable[[float], None]:
    """Raises with the `number`th progress that it hears of."""
    left = iter(range(number - 1))

    def progress(_: float) -> None:
        if next(left, None) is None:
            raise BrokenOff

    return progress


def lives(ear: Hearer, path: Path, shelf: Shelf, broken_at: Iterator[int]) -> None:
    for number in broken_at:
        with pytest.raises(BrokenOff):
            ear.hear(path, vocabulary=NAMES, keep=shelf, on_progress=breaking_off_at(number))


def test_broken_off_at_every_point_each_batch_is_decoded_once(
    hearing_settings: Settings, recording: Path, undisturbed: Undisturbed, decoded: list[int]
) -> None:
    """By two threads at once, which both keep what they have in hand."""
    plan = replace(known(hearing_settings).chosen, lanes=2, threads=1, batch=1)
    ear = Hearer(hearing_settings, plan)
    shelf = Shelf()
    lives(ear, recording, shelf, iter(range(1, BATCHES + 2)))
    assert ear.hear(recording, vocabulary=NAMES, keep=shelf) == undisturbed[0]
    assert decoded == [1] * BATCHES
    assert len(shelf.ears) == 1


def test_broken_off_twenty_times_in_a_row(
    lone_ear: Hearer, recording: Path, undisturbed: Undisturbed, decoded: list[int]
) -> None:
    shelf = Shelf()
    lives(lone_ear, recording, shelf, (1 + number % 2 for number in range(20)))
    assert lone_ear.hear(recording, vocabulary=NAMES, keep=shelf) == undisturbed[0]
    assert decoded == [1] * BATCHES


def test_what_is_missing_or_of_other_sound_is_decoded(
    lone_ear: Hearer, recording: Path, undisturbed: Undisturbed, decoded: list[int]
) -> None:
    transcript, batches = undisturbed
    shelf = Shelf(dict(batches))
    assert sorted(shelf.batches) == list(range(BATCHES + 1)), "the last one is the end"
    del shelf.batches[3]
    shelf.batches[1] = replace(shelf.batches[1], sound="0" * 64)
    assert lone_ear.hear(recording, vocabulary=NAMES, keep=shelf) == transcript
    assert decoded == [1, 1]
    assert shelf.batches == batches


def test_a_window_is_encoded_once_and_a_kept_one_never(
    lone_ear: Hearer, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[Window] = []
    take = decoder._take

    def counted(model: object, windows: Sequence[Window]) -> list[decoder._Taken]:
        encoded.extend(windows)
        return take(model, windows)

    monkeypatch.setattr(decoder, "_take", counted)
    shelf = Shelf()
    transcript = lone_ear.hear(recording, language="en", keep=shelf)
    assert len(encoded) == BATCHES
    assert lone_ear.hear(recording, language="en", keep=shelf) == transcript
    assert len(encoded) == BATCHES


def test_each_batch_is_kept_before_its_progress_is_told(
    lone_ear: Hearer, undisturbed: Undisturbed, recording: Path
) -> None:
    shelf = Shelf(dict(undisturbed[1]))
    kept = count(1)

    def progress(seconds: float) -> None:
        assert shelf.batches[next(kept) - 1].settled <= seconds

    lone_ear.hear(recording, vocabulary=NAMES, keep=shelf, on_progress=progress)
    assert next(kept) == BATCHES + 2


def test_other_names_or_another_language_are_another_ear(ear: Hearer) -> None:
    shelf = Shelf()
    jfk = FIXTURES / "jfk.ogg"
    ear.hear(jfk, keep=shelf)
    ear.hear(jfk, keep=shelf)
    assert len(shelf.ears) == 1
    ear.hear(jfk, vocabulary=NAMES, keep=shelf)
    ear.hear(jfk, vocabulary=NAMES, language="de", keep=shelf)
    assert len(shelf.ears) == 3


def test_what_cannot_be_kept_for_good_ends_the_hearing(ear: Hearer) -> None:
    class Lost(Shelf):
        def put(self, number: int, batch: HeardBatch) -> None:
            raise BrokenOff

    with pytest.raises(BrokenOff):
        ear.hear(FIXTURES / "jfk.ogg", keep=Lost())
