"""The training calls, their check, and the figures by which a model is judged."""

import copy
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.evaluate import wilson
from insights.insight import Kind
from insights.model.augment import joined, otherwise, printed, renamed
from insights.model.figures import read_calls
from insights.model.measure import (
    best_threshold,
    calibration_error,
    f1_interval,
    fit_scale,
    fit_temperature,
    found,
    left_out_f1,
)
from insights.training.check import faults, main
from transcribe.transcript import Speaker

CALLS = Path(__file__).parents[2] / "insights" / "training" / "calls"

GOOD: dict[str, Any] = {
    "id": "a-01",
    "company": {"name": "A", "competitors": [{"name": "Rivalo", "aliases": []}]},
    "turns": [
        {"speaker": "rep", "text": "It is ten thousand."},
        {"speaker": "customer", "text": "Too dear. We have Rivalo."},
    ],
    "insights": [
        {"turn": 1, "kind": "objection", "category": "price", "quote": "Too dear"},
        {"turn": 1, "kind": "competitor", "name": "Rivalo", "stance": "using", "quote": "Rivalo"},
    ],
}


def test_the_training_calls_have_no_fault(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(CALLS) == 0
    assert " 0 faults" in capsys.readouterr().out


def test_a_good_call_has_no_fault() -> None:
    assert list(faults(GOOD)) == []


@pytest.mark.parametrize(
    ("at", "value", "fault"),
    [
        (("insights", 0, "turn"), 9, "no such turn"),
        (("insights", 0, "turn"), -1, "no such turn"),
        (("insights", 0, "turn"), 0, "not the buyer's turn"),
        (("insights", 0, "quote"), "too dear", "the quote is not in the turn"),
        (("insights", 0, "quote"), "", "the quote is not in the turn"),
        (("insights", 0, "category"), "colour", "category 'colour'"),
        (("insights", 0, "kind"), "praise", "unknown kind"),
        (("insights", 0, "kind"), "feature_request", "no theme"),
        (("insights", 1, "stance"), None, "stance None"),
        (("insights", 1, "name"), "Other", "'Other' is not in the catalogue"),
        (("turns", 0, "speaker"), "seller", "speaker 'seller'"),
        (("turns", 0, "text"), " ", "no words"),
        (("turns",), None, "not in the format"),
        (("company",), {}, "not in the format"),
    ],
)
def test_a_fault_is_named(at: tuple[Any, ...], value: Any, fault: str) -> None:
    call = copy.deepcopy(GOOD)
    place: Any = call
    for step in at[:-1]:
        place = place[step]
    place[at[-1]] = value
    assert any(fault in line for line in faults(call))


def test_a_rival_is_mentioned_once_a_turn() -> None:
    call = copy.deepcopy(GOOD)
    call["insights"].append(call["insights"][1])
    assert list(faults(call)) == ["turn 1, competitor: 'Rivalo' 2 times"]


@pytest.mark.parametrize("text", ["", "{", "[]", '"call"', "{}", "null", "\xff"])
def test_a_broken_file_is_a_fault(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken.json").write_bytes(text.encode("latin-1"))
    (tmp_path / "good.json").write_text(json.dumps(GOOD))
    assert main(tmp_path) == 1
    printed_lines = capsys.readouterr().out.splitlines()
    assert "broken.json" in printed_lines[0]
    assert printed_lines[1].endswith("2 turns, 2 mentions, 1 faults")


@given(seed=st.integers(0, 2**32))
def test_a_call_otherwise_keeps_every_label_on_its_words(seed: int) -> None:
    rng = random.Random(seed)
    call = rng.choice(ALL)
    names = [c.name for other in ALL for c in other.competitors]
    for changed in (
        printed(call, rng),
        joined(call, rng),
        renamed(call, names, rng),
        otherwise(call, names, rng),
    ):
        assert len(changed.truth) == len(call.truth)
        for insight in changed.truth:
            turn = changed.turns[insight.turn]
            quote = insight.quote
            assert quote.text
            assert turn.text[quote.start_char : quote.end_char] == quote.text
            if insight.kind is not Kind.COMPETITOR:
                assert turn.speaker is not Speaker.SELLER


ALL = list(read_calls(CALLS))[::9]


def test_the_threshold_is_high_among_the_good_ones() -> None:
    probabilities = np.array([0.1] * 90 + [0.8] * 10)
    truth = np.array([False] * 90 + [True] * 10)
    assert best_threshold(probabilities, truth) == pytest.approx(0.73, abs=0.02)


def test_a_left_out_group_gets_the_threshold_of_the_others() -> None:
    probabilities = np.array([0.1, 0.9, 0.1, 0.9, 0.3, 0.45])
    truth = np.array([False, True, False, True, False, True])
    groups = ["a", "a", "b", "b", "odd", "odd"]
    assert found(probabilities >= best_threshold(probabilities, truth), truth).f1 == 1.0
    assert left_out_f1(probabilities, truth, groups) == pytest.approx(0.8)


def test_a_scale_gives_back_the_chances_it_was_made_from() -> None:
    rng = np.random.default_rng(7)
    scores = rng.normal(-1, 2, 20_000)
    truth = rng.random(20_000) < 1 / (1 + np.exp(-(0.7 * scores - 1.2)))

    slope, bias = fit_scale(scores, truth)

    assert slope == pytest.approx(0.7, abs=0.05)
    assert bias == pytest.approx(-1.2, abs=0.08)
    calibrated = 1 / (1 + np.exp(-(slope * scores + bias)))
    assert calibration_error(calibrated, truth) < 0.01
    assert calibration_error(np.full(20_000, 0.99), truth) > 0.5


def test_a_temperature_cools_what_is_too_sure() -> None:
    rng = np.random.default_rng(7)
    scores = rng.normal(0, 1, (5000, 4))
    likely = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    truth = [int(rng.choice(4, p=row)) for row in likely]
    assert fit_temperature(scores * 3, truth) == pytest.approx(1 / 3, abs=0.05)


def test_figures_by_hand() -> None:
    marks = np.array([True, True, False, False])
    truth = np.array([True, False, True, False])
    counts = found(marks, truth)
    assert (counts.precision, counts.recall, counts.f1) == (0.5, 0.5, 0.5)
    low, high = f1_interval(marks, truth, [0, 0, 1, 1])
    assert low <= 0.5 <= high
    assert list(wilson(8, 10)) == pytest.approx([0.490, 0.943], abs=0.001)
    assert wilson(0, 0) == (0.0, 1.0)
