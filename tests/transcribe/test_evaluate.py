"""Word errors are counted as the literature counts them."""

import json
from pathlib import Path
from typing import Any

import pytest

from ingest.base.errors import BadMetadata, NotFound
from transcribe.bench import NameCount, count_names
from transcribe.evaluate import WordErrors, evaluate_transcripts, spoken_in, word_error_rate
from transcribe.transcript import Speaker, Transcript, Turn

CALL: dict[str, Any] = {
    "id": "acme-01",
    "company": {
        "name": "Acme",
        "product": "Acme Go",
        "competitors": [{"name": "Zorbit", "aliases": ["Zed"]}],
    },
    "turns": [
        {"speaker": "rep", "text": "It's ninety dollars."},
        {"speaker": "customer", "text": "Zorbit is cheaper, Zorbit."},
        {"speaker": "rep", "text": "I see."},
    ],
}
TRUTH: dict[str, Any] = {
    "call": "acme-01",
    "seconds": 9.0,
    "channels": 2,
    "turns": [
        {"turn": 0, "speaker": "rep", "start": 0.0, "end": 2.0},
        {"turn": 1, "speaker": "customer", "start": 2.0, "end": 6.0},
        {"turn": 2, "speaker": "rep", "start": 7.0, "end": 8.0},
    ],
}


def heard(_audio: Path) -> Transcript:
    return Transcript(
        (
            Turn(Speaker.SELLER, "It is $90."),
            Turn(Speaker.BUYER, "Orbit is cheaper, Zorbit."),
            Turn(Speaker.SELLER, "I see, Zorbit."),
        ),
        9.0,
    )


def put(folder: Path, truth: Any = TRUTH, call: Any = CALL, audio: str = "first.ogg") -> None:
    (folder / "first.truth.json").write_text(json.dumps(truth))
    (folder / "acme-01.json").write_text(json.dumps(call))
    (folder / audio).touch()


@pytest.mark.parametrize(
    ("said", "found", "errors"),
    [
        ("It's ninety dollars.", "it is $90", WordErrors(hits=3)),
        ("the colour is grey", "The color is gray.", WordErrors(hits=4)),
        ("one two three", "", WordErrors(deletions=1)),  # 123 once normalised
        ("a b c d", "a x c", WordErrors(hits=2, substitutions=1, deletions=1)),
        ("", "thank you", WordErrors(insertions=2)),
        ("um", "", WordErrors()),
    ],
)
def test_counting(said: str, found: str, errors: WordErrors) -> None:
    assert word_error_rate(said, found) == errors


def test_rates() -> None:
    assert WordErrors(hits=8, substitutions=1, deletions=1, insertions=2).rate == 0.4
    assert WordErrors().rate == 0
    assert WordErrors(insertions=3).rate == 1


def test_each_side_is_measured(tmp_path: Path) -> None:
    put(tmp_path)
    report = evaluate_transcripts(tmp_path, heard)
    assert [(r.file, r.side) for r in report.results] == [
        ("first.ogg", "seller"),
        ("first.ogg", "buyer"),
    ]
    assert [r.errors.errors for r in report.results] == [1, 1]
    assert report.total == WordErrors(hits=8, substitutions=1, insertions=1)


def test_one_channel_is_measured_as_a_whole_in_the_order_spoken(tmp_path: Path) -> None:
    turns = [TRUTH["turns"][2], TRUTH["turns"][0], TRUTH["turns"][1]]
    put(tmp_path, {**TRUTH, "channels": 1, "turns": turns})
    [spoken] = spoken_in(tmp_path)
    assert spoken.sides == {"both": "It's ninety dollars. Zorbit is cheaper, Zorbit. I see."}
    assert [r.errors.errors for r in evaluate_transcripts(tmp_path, heard).results] == [2]


@pytest.mark.parametrize("place", ["calls", "../calls"])
def test_the_words_may_lie_beside_or_in_calls(tmp_path: Path, place: str) -> None:
    folder = tmp_path / "recordings"
    folder.mkdir()
    put(folder)
    (folder / place).mkdir()
    (folder / "acme-01.json").rename(folder / place / "acme-01.json")
    assert len(spoken_in(folder)) == 1


def test_names_are_counted(tmp_path: Path) -> None:
    put(tmp_path)
    [spoken] = spoken_in(tmp_path)
    sides = {"seller": "It is $90. I see, Zorbit.", "buyer": "Orbit is cheaper, Zorbit."}
    assert count_names(spoken, sides, spoken.names) == NameCount(said=2, heard=1, invented=1)
    assert NameCount(2, 1, 1).recall == 0.5
    assert NameCount().recall == 1


def test_a_folder_that_holds_no_truth_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="holds no recording"):
        spoken_in(tmp_path)
    with pytest.raises(NotFound, match="holds no recording"):
        spoken_in(tmp_path / "nowhere")
    put(tmp_path)
    (tmp_path / "first.ogg").unlink()
    with pytest.raises(NotFound, match="no recording beside"):
        spoken_in(tmp_path)
    put(tmp_path)
    (tmp_path / "acme-01.json").unlink()
    with pytest.raises(NotFound, match=r"put acme-01\.json"):
        spoken_in(tmp_path)


@pytest.mark.parametrize(
    ("truth", "call"),
    [
        ({**TRUTH, "turns": None}, CALL),
        ({**TRUTH, "turns": [{"turn": 99, "speaker": "rep", "start": 0}]}, CALL),
        ({"call": "acme-01"}, CALL),
        ([], CALL),
        (TRUTH, {"turns": []}),
        (TRUTH, "text"),
    ],
)
def test_broken_truth_is_told(tmp_path: Path, truth: Any, call: Any) -> None:
    put(tmp_path, truth, call)
    with pytest.raises(BadMetadata):
        spoken_in(tmp_path)
