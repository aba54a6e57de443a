"""Which words are quoted."""

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from insights.detectors.base import Doc
from insights.detectors.clauses import carrying_clauses, clause_around, clauses
from insights.miner import load_pipeline
from insights.model.reader import Carry


@pytest.fixture(scope="module")
def parse() -> Doc:
    return load_pipeline()


def quoted(doc: Doc, *carrying: str) -> str:
    """What is quoted when these words of the turn carry all."""
    carries = [Carry(t.idx, t.idx + len(t), 0.0, 0.0, 0.0) for t in doc if not t.is_punct]
    scores = [float(doc.text[c.start_char : c.end_char] in carrying) for c in carries]
    start, end = carrying_clauses(doc, carries, scores)
    return str(doc.text[start:end])


@pytest.mark.parametrize(
    ("text", "carrying", "quote"),
    [
        ("Thanks for that. It costs far too much. Anyway.", "much", "It costs far too much"),
        ("Well, it's fine, but we don't have the people for it.", "people",
         "we don't have the people for it"),
        ("Yeah, no, so it has to go to the board.", "board", "it has to go to the board"),
        ("it costs too much and we like it", "costs", "it costs too much"),
        ("Too dear.", "dear", "Too dear"),
    ],
)  # fmt: skip
def test_the_clause_that_carries_it_is_quoted(
    parse: Doc, text: str, carrying: str, quote: str
) -> None:
    assert quoted(parse(text), carrying) == quote


def test_a_scant_clause_with_a_name_is_quoted_with_the_next(parse: Doc) -> None:
    text = "Right. It's Zebrix, and it's been a disaster since summer. Anyway."
    start, end = clause_around(parse(text), text.index("Zebrix"), text.index("Zebrix") + 6)
    assert text[start:end] == "It's Zebrix, and it's been a disaster since summer"


def test_a_dash_within_a_word_ends_no_clause(parse: Doc) -> None:
    text = "We get maybe one no-show a day."
    assert quoted(parse(text), "one", "no") == "We get maybe one no-show a day"


def test_a_name_is_quoted_with_its_clause(parse: Doc) -> None:
    text = "It rained, and we've been with Zebrix since March, which was cold."
    start, end = clause_around(parse(text), text.index("Zebrix"), text.index("Zebrix") + 6)
    assert text[start:end] == "we've been with Zebrix since March"


@settings(max_examples=80, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.sampled_from(
            ["we", "it", "is,", "too.", "dear!", "and", "because", "–", "...", "\n", "“no”", "5%"]
        )
    )
)
def test_clauses_cover_every_word_once_in_order(parse: Doc, words: list[str]) -> None:
    doc = parse(" ".join(words))
    spans = clauses(doc)
    assert spans == sorted(spans)
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(spans))
    for token in doc:
        if not token.is_space:
            held = [s for s in spans if s[0] <= token.idx and token.idx + len(token) <= s[1]]
            assert len(held) == 1
