"""A garbled stretch loses only itself: the words before and behind it are heard at their times."""

from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
import pytest

from ingest.audio import blocks
from tests import sounds
from tests.transcribe.conftest import FIXTURES
from transcribe.engine import Hearer
from transcribe.gates import plain
from transcribe.transcript import Transcript, Word

CALL = FIXTURES / "telephone-call.ogg"
SECONDS = 26.98
FROM, TO = 0.5, 0.56  # of the file's bytes: in the seller's longest sentence
NEIGHBOURS = 1.5  # seconds: a damaged page takes its neighbours along, and a word its next


def words_of(transcript: Transcript, channel: int) -> list[Word]:
    said = [word for t in transcript.turns if t.channel == channel for word in t.words]
    return [
        w for w in said if not FROM * SECONDS - NEIGHBOURS < w.start < TO * SECONDS + NEIGHBOURS
    ]


@pytest.mark.parametrize(
    ("container", "codec", "rate"),
    [("mp3", "libmp3lame", 16000), ("ogg", "libopus", 48000), ("wav", "pcm_s16le", 16000)],
)
def test_a_garbled_stretch_loses_only_itself(
    ear: Hearer, tmp_path: Path, container: str, codec: str, rate: int
) -> None:
    call = np.concatenate([block.samples for block in blocks(CALL, rate=rate)], axis=1)
    data = sounds.encode(call, container, codec, rate)
    whole, broken = tmp_path / f"whole.{container}", tmp_path / f"broken.{container}"
    whole.write_bytes(data)
    broken.write_bytes(sounds.spoilt(data, FROM, TO))

    before, after = ear.hear(whole), ear.hear(broken)

    assert after.seconds == pytest.approx(before.seconds, abs=0.15)
    if container != "wav":  # whose bytes are all sound, if not a pleasant one
        assert 0.5 < after.missing_seconds < 5
    for channel in (0, 1):
        kept, still = words_of(before, channel), words_of(after, channel)
        same = pairs(kept, still)
        assert len(same) >= 0.9 * len(kept)
        apart = [abs(b.start - a.start) for a, b in same]
        assert np.quantile(apart, 0.9) <= 0.3  # the aligner moves a word beside an "uh" by more
        assert apart[-1] <= 0.3


def pairs(one: list[Word], other: list[Word]) -> list[tuple[Word, Word]]:
    """The words that both hold, in their order."""
    texts = [[plain(word.text) for word in words] for words in (one, other)]
    runs = SequenceMatcher(a=texts[0], b=texts[1], autojunk=False).get_matching_blocks()
    return [(one[a + n], other[b + n]) for a, b, size in runs for n in range(size)]
