"""The encoder: laws of its vectors, what comes near to what, files that are damaged."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.base.errors import BadSetup
from insights.search.meaning.encoder import LONGEST, MODEL, SIZE, TOKENIZER, Encoder, encoder

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


@settings(max_examples=50)
@given(TEXTS)
def test_every_vector_has_length_one(text: str) -> None:
    (vector,) = encoder().of([text])
    assert vector.shape == (SIZE,)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


@settings(max_examples=20)
@given(st.lists(TEXTS, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_neighbours_and_their_order_change_nothing(texts: list[str], dice: object) -> None:
    order = list(range(len(texts)))
    dice.shuffle(order)  # type: ignore[attr-defined]
    together = encoder().of(texts)
    assert np.array_equal(encoder().of(texts[n] for n in order), together[order])
    assert np.array_equal(encoder().of([texts[0]])[0], together[0])


def test_no_text_has_no_vector() -> None:
    assert encoder().of([]).shape == (0, SIZE)


@pytest.mark.parametrize(
    ("sought", "near", "far"),
    [
        ("too expensive", "It costs more than we can pay.", "The weather is lovely in spring."),
        ("my boss decides", "The board has to approve it.", "We ship on Tuesdays."),
        ("EXPORT TO EXCEL", "i want it as a spreadsheet", "She sings in a choir."),
    ],
)
def test_what_means_the_same_is_near(sought: str, near: str, far: str) -> None:
    question, one, other = encoder().of([sought, near, far])
    assert question @ one > question @ other + 0.1


def test_what_comes_after_the_longest_text_is_not_read() -> None:
    long = "price " * 2 * LONGEST
    one, other = encoder().of([long, long + "and another thing"])
    assert np.array_equal(one, other)


def test_vectors_are_those_of_the_whole_network() -> None:
    """Some of the network before it was packed: `export.py` prints the mean over all turns."""
    known = json.loads((Path(__file__).parent / "whole.json").read_text())
    near = (encoder().of(known) * np.array(list(known.values()))).sum(1)
    assert near.mean() > 0.99
    assert near.min() > 0.975


@pytest.mark.parametrize("name", [MODEL.name, TOKENIZER.name])
@pytest.mark.parametrize("damage", ["altered", "missing"])
def test_a_damaged_file_is_told(tmp_path: Path, name: str, damage: str) -> None:
    for file in (MODEL, TOKENIZER):
        os.link(file, tmp_path / file.name) if file.name != name else None
    if damage == "altered":
        (tmp_path / name).write_bytes(b"\0" * 100)
    with pytest.raises(BadSetup, match="reinstall Earshot"):
        Encoder(tmp_path / MODEL.name, tmp_path / TOKENIZER.name).of(["price"])
