"""What is kept comes back as it was, or not at all."""

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transcribe.kept.heard import batches
from transcribe.decoder import Heard
from transcribe.doubles import SoundedWord
from transcribe.kept.batch import HeardBatch, from_json, nothing_kept, to_json

HEARD = Heard(
    [[SoundedWord("Hi,", 0.1, 0.3, 0.98, -31.5)], []], Counter(redecoded=1), Counter(de=16_000)
)
BATCH = HeardBatch("ab" * 32, 61.3, (0, -1), HEARD)


@given(batches())
def test_a_batch_comes_back_to_the_last_bit(batch: HeardBatch) -> None:
    back = from_json(to_json(batch))
    assert back == batch
    assert isinstance(back.heard.counts, Counter)
    assert back.heard.counts["never counted"] == 0


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("sound", None),
        ("settled", "soon"),
        ("tracks", [0]),  # one fewer than windows
        ("tracks", "01"),
        ("heard", {}),
        ("heard", {"words": [[{"text": "Hi,"}], []], "counts": {}}),
        ("heard", {"words": [[["Hi,", 0.1, 0.3, 0.9]], []], "counts": {}}),
        ("heard", {"words": [[], []], "counts": {"redecoded": "once"}}),
    ],
)
def test_what_was_never_written_is_not_read(part: str, value: object) -> None:
    written = json.loads(to_json(BATCH))
    assert from_json(json.dumps(written)) == BATCH
    assert from_json(json.dumps(written | {part: value})) is None
    del written[part]
    assert from_json(json.dumps(written)) is None


@given(st.text() | st.recursive(st.none() | st.floats(), st.lists).map(json.dumps))
def test_nonsense_is_not_read(content: str) -> None:
    assert from_json(content) is None


def test_what_is_heard_once_is_kept_nowhere() -> None:
    kept = nothing_kept("ear")
    kept.put(0, BATCH)
    assert kept.get(0) is None
