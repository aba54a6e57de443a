"""What is masked before a call is heard to its end."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcribe.pii.early import find_early
from transcribe.pii.find import find
from transcribe.pii.mask import hidden


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("It's 4242 4242 and", "It's [phone number] and"),
        ("four two four two, uh, four two", "[phone number]"),
        ("4242 4242 4242 4241 4242", "[card number]"),
        ("4242 42", "[phone number]"),
        ("In 2026 we paid $48,000 for 1,200 seats.", "In 2026 we paid $48,000 for 1,200 seats."),
        ("Twenty, thirty, forty.", "[phone number]."),
        ("See A, B, C, D, E and F.", "See A, B, C, D, E and F."),
        ("jo 123456 at example dot com", "[e-mail address]"),
    ],
)
def test_every_long_number_is_masked(text: str, shown: str) -> None:
    assert hidden(text, find_early(text)) == shown


PARTS = st.sampled_from(
    [
        "4242",
        "42",
        "seven",
        "double oh",
        "okay",
        "please",
        "jo at example dot com",
        "$4,242",
    ]
)


@given(st.lists(PARTS, max_size=14).map(" ".join))
def test_it_hides_all_that_is_hidden_in_the_end(text: str) -> None:
    early = find_early(text)
    assert early == sorted(early, key=lambda mask: mask.start)
    assert all(a.end <= b.start for a, b in pairwise(early))
    for mask in find(text):
        assert any(e.start <= mask.start and mask.end <= e.end for e in early)
