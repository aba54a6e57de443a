"""What is masked while a call is still being heard: pure.

Only the whole call tells which numbers are private: a card number goes on in what is not heard
yet, or is read out and repeated by two voices that are told apart at the end. Until then every long
number is masked.
"""

from collections.abc import Iterator

from transcribe.pii.figures import Run, digits, runs
from transcribe.pii.find import find
from transcribe.pii.mask import Mask, Private

LONG_DIGITS = 6
"""What is shorter is nobody's: a sort code has six."""

CARD_DIGITS = 12
"""From here on a number is named a card's, unless a rule knows better; below, a phone's."""


def find_early(text: str, before: str = "") -> list[Mask]:
    """What is or may be private in a text of which more may come; as `find`."""
    found = find(text, before)
    for number in _long_numbers(text):
        found = _with(found, number)
    return sorted(found, key=lambda mask: mask.start)


def _long_numbers(text: str) -> Iterator[Mask]:
    for run in runs(text):
        if (said := _said(run)) >= LONG_DIGITS:
            what = Private.CARD if said >= CARD_DIGITS else Private.PHONE
            yield Mask(run[0].start, run[-1].end, what)


def _said(run: Run) -> int:
    return sum(char.isdigit() for char in digits(run))


def _with(found: list[Mask], number: Mask) -> list[Mask]:
    """The masks and one more, which takes in those that it touches."""
    touched = [mask for mask in found if mask.start < number.end and mask.end > number.start]
    start = min([number.start, *(mask.start for mask in touched)])
    end = max([number.end, *(mask.end for mask in touched)])
    what = touched[0].what if touched else number.what
    return [mask for mask in found if mask not in touched] + [Mask(start, end, what)]
