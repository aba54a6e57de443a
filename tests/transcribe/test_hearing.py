"""What the ear did is kept as JSON, and older rows are read."""

import json

from hypothesis import given
from hypothesis import strategies as st

from transcribe.gates import Reason
from transcribe.hearing import REASONS, UNTOLD, Hearing

COUNTS = st.integers(0, 10**6)
HEARINGS = st.builds(
    Hearing,
    windows=COUNTS,
    redecoded=COUNTS,
    reheard=COUNTS,
    speech_seconds=st.none() | st.floats(0, 10**6),
    dropped=st.dictionaries(st.sampled_from(REASONS), st.integers(1, 1000)),
)


@given(HEARINGS)
def test_it_comes_back_from_json(hearing: Hearing) -> None:
    assert Hearing.of(json.loads(json.dumps(hearing.parameters))) == hearing


def test_what_the_decoder_counts() -> None:
    counts = {"windows": 3, "redecoded": 1, "samples": 24_000, Reason.LOOP: 4, Reason.POOR: 0}
    hearing = Hearing.counted(counts, rate=16_000)
    assert hearing == Hearing(3, 1, 0, 1.5, {"loop": 4})
    assert hearing.dropped_words == 4


def test_rows_of_older_versions_are_read() -> None:
    old = {"beam": 1, "windows_redecoded": 2, "windows_reheard": 1, "words_dropped": 5}
    assert Hearing.of(old) == Hearing(0, 2, 1, None, {UNTOLD: 5})
    assert Hearing.of({}) == Hearing()
