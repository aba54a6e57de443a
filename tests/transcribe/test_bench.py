"""The bench runs its engines for real; how fast they are is not a test's matter."""

import json
from pathlib import Path

import pytest

from ingest.base.errors import EarshotError, NotFound
from ingest.base.settings import Settings
from tests.transcribe.conftest import FIXTURES
from tests.transcribe.test_engine import KENNEDY
from transcribe.bench import EARSHOT, ENGINES, FOREIGN_NAMES, NameCount, bench_transcribe


@pytest.mark.slow
@pytest.mark.timeout(900)  # six processes, of which each loads its model
def test_each_engine_hears_the_same_and_is_measured(
    hearing_settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "jfk.ogg").write_bytes((FIXTURES / "jfk.ogg").read_bytes())
    call = {"company": {"name": "Americans"}, "turns": [{"speaker": "rep", "text": KENNEDY}]}
    (tmp_path / "jfk.json").write_text(json.dumps(call))
    turns = [{"turn": 0, "speaker": "rep", "start": 0, "end": 11}]
    truth = {"call": "jfk", "seconds": 11.0, "channels": 1, "turns": turns}
    (tmp_path / "jfk.truth.json").write_text(json.dumps(truth))
    report = bench_transcribe(tmp_path, hearing_settings)
    assert [result.engine for result in report.results] == list(ENGINES)
    for result in report.results:
        assert result.errors.rate < 0.1
        strange = result.engine == FOREIGN_NAMES  # and there is no other company here
        assert result.names == (NameCount() if strange else NameCount(said=1, heard=1))
        assert result.corrected == (result.names if result.engine.startswith(EARSHOT) else None)
        assert result.audio_seconds == 11
        assert result.times_real_time > 0
        assert result.cpu_seconds_an_hour > 0
        assert 100 < result.peak_mib < 2048
    with pytest.raises(EarshotError, match="faster-whisper failed"):
        bench_transcribe(
            tmp_path, hearing_settings.model_copy(update={"whisper_model": str(tmp_path)})
        )


def test_a_folder_without_recordings_is_told_before_anything_runs(
    hearing_settings: Settings, tmp_path: Path
) -> None:
    with pytest.raises(NotFound):
        bench_transcribe(tmp_path, hearing_settings)
