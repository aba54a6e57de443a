"""The same wish in other words: the shipped sayings, and the conversations made of them."""

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.base.errors import Refused
from insights.insight import Kind
from insights.model.encoding import Encoding
from insights.model.examples import examples
from insights.model.reader import HERE
from insights.model.wishes import Wishes, conversations, read_wishes
from transcribe.transcript import Speaker

FOLDER = Path(__file__).parents[2] / "insights" / "training" / "wishes"
ALL = read_wishes(FOLDER)
GOOD: dict[str, Any] = {
    "company": "A",
    "product": "B",
    "themes": [
        {
            "theme": "dark mode",
            "sayings": [{"asked": "", "said": "It blinds me.", "quote": "blinds"}],
        }
    ],
}


def test_the_shipped_sayings_are_as_their_datasheet_says() -> None:
    themes = [(name, sayings) for of in ALL for name, sayings in of.themes.items()]
    assert len({of.company for of in ALL}) == len(ALL) >= 63
    assert len(themes) >= 831
    assert sum(len(sayings) for _, sayings in themes) >= 4172
    assert all(2 <= len(name.split()) <= 6 for name, _ in themes)
    assert all(len({s.quote for s in sayings}) == len(sayings) >= 5 for _, sayings in themes)


@given(of=st.sampled_from(ALL), seed=st.integers(0, 2**32))
def test_conversations_hold_each_saying_once_and_no_theme_twice(of: Wishes, seed: int) -> None:
    told: Counter[str] = Counter()
    for call in conversations(of, random.Random(seed)):
        themes = [insight.label for insight in call.truth]
        assert len(set(themes)) == len(themes)
        told.update(themes)
        for insight in call.truth:
            turn = call.turns[insight.turn]
            assert turn.speaker is Speaker.BUYER
            assert turn.text[insight.quote.start_char : insight.quote.end_char]
    assert told == {name: len(sayings) for name, sayings in of.themes.items()}


def test_of_a_saying_only_the_theme_is_learnt() -> None:
    from tokenizers import Tokenizer

    encoding = Encoding(Tokenizer.from_file(str(HERE / "tokenizer.json")))
    call = next(conversations(ALL[0], random.Random(1)))
    parts = [part for example in examples(call, encoding) for part in example.parts]
    assert {part.theme for part in parts} == set(ALL[0].themes)
    assert not any(part.judged or any(part.known) for part in parts)
    assert {insight.kind for insight in call.truth} == {Kind.FEATURE_REQUEST}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{}",
        json.dumps({**GOOD, "themes": [{"theme": "x"}]}),
        json.dumps(GOOD).replace('"quote": "blinds"', '"quote": "elsewhere"'),
        json.dumps(GOOD).replace('"quote": "blinds"', '"quote": " "'),
        json.dumps(GOOD).replace('"quote"', '"quoted"'),
        json.dumps(GOOD).replace('"said": "It blinds me."', '"said": 7'),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "good.json").write_text(json.dumps(GOOD))
    (read,) = read_wishes(tmp_path)
    assert list(read.themes) == ["dark mode"]
    (tmp_path / "broken.json").write_text(text)
    with pytest.raises(Refused, match=r"broken\.json"):
        read_wishes(tmp_path)
