"""A real measurement, kept, found again, and found wanting."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.base.settings import Settings
from transcribe import tuning
from transcribe.plan import Figure, Plan, default
from transcribe.tuning import FILE, Tuning, known, tuned
from transcribe.weights import model_path

OTHER = Plan("int8", 1, 1, 1)


@pytest.fixture
def here(hearing_settings: Settings, tmp_path: Path) -> Settings:
    """A home of its own, with weights that are joined already."""
    return Settings(home=tmp_path / "home", whisper_model=str(model_path(hearing_settings)))


@pytest.fixture
def measured(here: Settings, monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """Counts measurements, which here come to OTHER without taking their time."""
    asked: list[Settings] = []

    def measure(settings: Settings, seconds: float) -> list[Figure]:
        asked.append(settings)
        return [Figure(default(settings.threads), 2.0, 600.0), Figure(OTHER, 1.0, 500.0)]

    monkeypatch.setattr(tuning, "_measure", measure)
    return asked


def file_of(settings: Settings) -> Path:
    return settings.home / FILE


def test_a_plan_is_measured_in_a_process_of_its_own(here: Settings) -> None:
    for plan in (default(1), Plan("float32", 1, 1, 1)):
        figure = tuning._in_a_process(plan, here, 150)
        assert figure is not None
        assert figure.plan == plan
        assert 0.1 < figure.cpu_seconds < 60
        assert 200 < figure.peak_mib < 1500


def test_a_plan_that_takes_too_long_or_crashes_has_no_figure(here: Settings) -> None:
    assert tuning._in_a_process(default(1), here, 0.01) is None
    assert tuning._in_a_process(default(1), here, 0) is None
    assert tuning._in_a_process(Plan("int3", 1, 1, 1), here, 60) is None


def test_it_is_measured_once_and_remembered(here: Settings, measured: list[Settings]) -> None:
    first = tuned(here)
    assert first.chosen == OTHER
    assert tuned(here) == known(here) == first
    assert len(measured) == 1
    written = json.loads(file_of(here).read_text())
    assert written["chosen"] == {"compute_type": "int8", "lanes": 1, "threads": 1, "batch": 1}
    assert [entry["cpu_seconds"] for entry in written["measured"]] == [2.0, 1.0]
    assert "earshot tune" in written["about"]
    assert tuned(here, again=True) == first
    assert len(measured) == 2


def test_nothing_is_measured_where_nobody_asked(here: Settings, measured: list[Settings]) -> None:
    assert known(here) == Tuning(default(here.threads), known(here).depends_on)
    assert measured == []
    assert not here.home.exists()


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b'{"chosen": null, "depends_on": {}}',
        b'{"chosen": {"compute_type": "int8", "lanes": 0, "threads": 1, "batch": 1}, '
        b'"depends_on": {}}',
    ],
)
def test_a_damaged_file_is_measured_again(
    here: Settings, measured: list[Settings], damage: bytes
) -> None:
    here.home.mkdir()
    file_of(here).write_bytes(damage)
    assert known(here).measured == ()
    assert tuned(here).chosen == OTHER
    assert json.loads(file_of(here).read_text())["chosen"]["lanes"] == 1


@given(st.binary(max_size=300))
def test_whatever_a_file_holds_it_is_no_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    here = Settings(home=tmp_path_factory.getbasetemp() / "any")
    here.home.mkdir(exist_ok=True)
    file_of(here).write_bytes(content)
    assert tuning._remembered(here, {}) is None


@pytest.mark.parametrize("name", ["processor", "threads", "model", "instructions", "ctranslate2"])
def test_a_file_of_another_machine_is_measured_again(
    here: Settings, measured: list[Settings], name: str
) -> None:
    tuned(here)
    written = json.loads(file_of(here).read_text())
    written["depends_on"][name] = "another"
    file_of(here).write_text(json.dumps(written))
    tuned(here)
    assert len(measured) == 2


def test_more_threads_than_there_are_are_never_believed(
    here: Settings, measured: list[Settings]
) -> None:
    tuned(here)
    written = json.loads(file_of(here).read_text())
    written["chosen"]["threads"] = here.threads + 1
    file_of(here).write_text(json.dumps(written))
    assert known(here).chosen == default(here.threads)


def test_what_is_set_by_hand_wins(here: Settings, measured: list[Settings]) -> None:
    tuned(here)
    by_hand = here.model_copy(update={"hearing_threads": 1})
    assert tuned(by_hand).chosen == known(by_hand).chosen == default(1)
    assert len(measured) == 1
    greedy = here.model_copy(update={"hearing_threads": 1000})
    chosen = tuned(greedy).chosen
    assert chosen.lanes * chosen.threads <= here.threads * here.hearing_workers


def test_a_home_that_cannot_be_written_is_told_once_and_the_defaults_serve(
    here: Settings,
    measured: list[Settings],
    capsys: pytest.CaptureFixture[str],
) -> None:
    here.home.touch()  # a file; root could write into any folder
    assert tuned(here).chosen == default(here.threads)
    assert measured == []
    assert capsys.readouterr().out.count("cannot be written") == 1


def test_a_machine_too_slow_to_measure_goes_by_the_default_and_is_asked_again(
    here: Settings,
) -> None:
    assert tuned(here, seconds=0.01).chosen == default(here.threads)
    assert not file_of(here).exists()


TUNE = """
import sys
from ingest.base.settings import Settings
from transcribe import tuning
from transcribe.plan import Figure, default

def measure(settings, seconds):
    print("measured", flush=True)
    sys.stdin.readline()
    return [Figure(default(settings.threads), 1.0, 500.0)] * 2

tuning._measure = measure
tuning.tuned(Settings.model_validate_json(sys.argv[1]))
print("done", flush=True)
"""


def test_of_two_that_start_at_once_one_measures(here: Settings) -> None:
    def start() -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", TUNE, here.model_dump_json()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    first = start()
    assert first.stdout is not None
    assert first.stdout.readline() == "measured\n"
    second = start()
    said, _ = first.communicate("go on\n")
    assert said.splitlines()[-1] == "done"
    said, _ = second.communicate()
    assert said == "done\n"  # it never measured


def test_the_sample_ships_and_is_one_window_of_speech() -> None:
    assert 8 < tuning._sample().length / 16_000 < 20
    assert tuning.SAMPLE.is_relative_to(Path(tuning.__file__).parent)
