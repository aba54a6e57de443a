"""What nobody said is not believed; what somebody said is."""

import pytest

from transcribe.gates import Decoding, believe, plain
from transcribe.transcript import Word


def heard(text: str, probability: float) -> list[Word]:
    return [Word(word, 0.0, 0.0, probability) for word in text.split()]


@pytest.mark.parametrize(
    ("text", "probability", "seconds", "believed"),
    [
        ("We pay ninety a month.", 0.9, 2.0, True),
        ("We pay ninety a month.", 0.2, 2.0, False),  # noise put into words
        ("Thank you.", 0.9, 0.6, True),  # clearly said
        ("Thank you.", 0.5, 0.6, False),  # what silence sounds like to Whisper
        ("Yes.", 0.5, 0.3, True),  # no stock phrase
        (" ".join(["word"] * 40), 0.9, 2.0, False),  # twenty words a second
        ("A b c.", 0.9, 0.1, True),  # too few to speak of a rate
        ("", 0.9, 1.0, False),
    ],
)
def test_believing(text: str, probability: float, seconds: float, believed: bool) -> None:
    assert believe(heard(text, probability), seconds) is believed


def test_a_loop_is_decoded_again_and_not_believed() -> None:
    loop = Decoding("and then it goes " * 30, -0.2, 0.0)
    assert loop.failed
    assert not loop.believable


def test_an_unsure_decoding_is_dropped_only_where_there_may_be_no_speech() -> None:
    assert Decoding("mumbled words", -1.2, 0.1).believable
    assert Decoding("mumbled words", -1.2, 0.1).failed
    assert not Decoding("mumbled words", -1.2, 0.9).believable
    assert Decoding("clear words", -0.2, 0.9).believable


def test_nothing_decoded_is_no_loop() -> None:
    assert Decoding("", 0.0, 0.5).repetition == 0.0


def test_plain_words() -> None:
    assert plain(heard("Thank-you, VERY much!", 1.0)) == "thank you very much"
