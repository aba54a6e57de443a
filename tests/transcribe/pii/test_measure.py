"""The measurement counts as it says, and the rules stay as good as they were measured."""

from pathlib import Path

import pytest

from ingest.base.errors import BadMetadata, NotFound
from transcribe.pii.mask import Mask, Private
from transcribe.pii.measure import evaluate, judged, read

FIXTURES = Path(__file__).parents[2] / "fixtures" / "pii"


def test_what_is_marked_is_read() -> None:
    text = "B: My <card>4242</card …>\nS: Mhm.\nB: <card>4 2</card>, yes.\n\n\nS: Ok.\n"
    first, second = read(text, "a.txt")
    assert [turn.text for turn in first.turns] == ["My 4242", "Mhm.", "4 2, yes."]
    assert first.items == ({0: Mask(3, 7, Private.CARD), 2: Mask(0, 3, Private.CARD)},)
    assert (first.place, second.place, second.items) == ("a.txt:1", "a.txt:6", ())


def test_what_counts_as_masked() -> None:
    def result(line: str) -> tuple[tuple[bool, ...], int, int]:
        (utterance,) = read(f"B: {line}", "a.txt")
        found = judged(utterance)
        return found.found, found.masks, found.false_masks

    assert result("It is <email>jane@acme.com</email>.") == ((True,), 1, 0)
    assert result("It is <email>so: jane@acme.com</email>") == ((False,), 1, 0)
    assert result("It is <phone>jane@acme.com</phone>") == ((False,), 1, 0)
    assert result("It is jane@<email>acme.com</email>") == ((True,), 1, 1)
    assert result("It is jane@acme.com") == ((), 1, 1)


@pytest.mark.parametrize(
    "line", ["X: hello", "hello", "B: <card>42", "B: 42</card>", "B: <name>Jo</name>"]
)
def test_a_line_that_cannot_be_read_is_named(line: str) -> None:
    with pytest.raises(BadMetadata, match=r"a\.txt, line 2"):
        list(read(f"B: hello\n{line}", "a.txt"))


def test_nothing_to_measure(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="holds no utterances"):
        evaluate(tmp_path)
    with pytest.raises(NotFound, match="cannot be read"):
        evaluate(tmp_path / "none.txt")


def test_the_rules_are_as_good_as_measured() -> None:
    results = evaluate(FIXTURES / "development.txt")
    assert all(all(result.found) and not result.false_masks for result in results)
