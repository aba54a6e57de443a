"""Digits and letters as they are said, one after the other: pure.

"Four two, double seven, oh" is 42770, "forty-two hundred" 4200, "GB29" itself. What is a price, a
quantity, a time or a date ("$4,242", "two thousand", "10:30", "2026-11-03") is no digits said one
after the other, and ends the run.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

_UNITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
ONES = {word: str(value) for value, word in enumerate(_UNITS)} | dict.fromkeys(
    ("oh", "o", "nought"), "0"
)
_FROM_TEN = ("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen")
TEENS = {
    word: str(value) for value, word in enumerate((*_FROM_TEN, "eighteen", "nineteen"), start=10)
}
_TIES = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
TENS = {word: f"{value}0" for value, word in enumerate(_TIES, start=2)}
TIMES = {"double": 2, "triple": 3, "treble": 3, "quadruple": 4}

FILLERS = re.compile(
    "uh|um|er|erm|ah|hm|hmm|mhm|mm|okay|ok|yeah|yes|yep|yup|sure|right|so|then|and|go|on|got|it"
    "|dash|hyphen|space|comma"
)
"""Words within a number that are none of it."""

COUNTED = re.compile(
    "hundred|thousand|million|billion|grand|k|percent|(dollar|buck|euro|pound|cent)s?|quid"
    "|(seat|user|licen[cs]e|month|week|day|hour|minute|year|unit|store|site|location)s?"
    "|people|person|times|am|pm"
)
"""What makes the figure before it a quantity."""

LONGEST_QUANTITY = 80
"""Characters of "nine hundred and ninety-nine thousand nine hundred and ninety-" and some more."""

_WORDS = "|".join((*ONES, *TEENS, *TENS, "hundred"))
_NUMBER = re.compile(_WORDS, re.IGNORECASE)
_QUANTITY = re.compile(
    rf"\b(?:thousand|million|billion)(?:[ -](?:and|{_WORDS}))*[ -]$", re.IGNORECASE
)

_TOKEN = re.compile(
    r"""
    (?P<quantity>
        [$£€]\s?\d[\d,.]*\w*                            # a price
      | \d[\d.,]{0,12}\s?%
      | (?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\s\d{1,2}(?:,?\s\d{4})?\b
      | (?<![\d,])\d{1,3}(?:,\d{3})+(?![,\d]*\d)(?:\.\d+)?      # 48,000
      | \d{4}-\d{2}-\d{2}(?!\d) | \d+/\d+(?:/\d+)? | \d+:\d+  # dates and times
      | (?<![\d.])\d+\.\d+(?!\.?\d)                     # 2.4
      | \d+(?:st|nd|rd|th|k|m|bn)\b
    )
  | (?P<plus>\+)
  | (?P<word>[A-Za-z]+(?:['’][A-Za-z]+)?(?!\w)|\d+(?!\w)|\w+)
  | (?P<joint>[\s,.\-–—()?!…]+)
  | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Figure:
    """Digits or letters said in one go, at the characters [start, end)."""

    start: int
    end: int
    chars: str  # "7", "42", "77", "GB29"
    singly: bool = False  # said digit by digit: "seven", "double seven", "7"
    hundred: bool = False  # "eight hundred"
    plus: bool = False  # "+" or "plus" stands before it
    apart: str = ""  # how it is also read: "twenty seven" is 27, or 20 and 7


Run = tuple[Figure, ...]


def runs(text: str) -> Iterator[Run]:
    """Yield what is said figure after figure, with nothing but fillers and pauses between."""
    run: list[Figure] = []
    for token in _TOKEN.finditer(text):
        word = (token["word"] or "").lower()
        if token["joint"] or _goes_on(token, text):
            continue
        if token["plus"] or word == "plus":
            yield from _ended(run)
            run = [Figure(token.start(), token.end(), "", plus=True)]
        elif word in TIMES or word in ONES or word in TEENS or word in TENS or _spelled(token[0]):
            _add(run, token, text)
        elif word == "hundred" and _takes_hundred(run):
            chars = run[-1].chars + "00"
            run[-1] = replace(
                run[-1], end=token.end(), chars=chars, singly=False, hundred=True, apart=""
            )
        elif not (run and FILLERS.fullmatch(word)):
            if COUNTED.fullmatch(word):
                _take_quantity(run)
            yield from _ended(run)
            run = []
    yield from _ended(run)


def digits(run: Sequence[Figure]) -> str:
    """All of it in a row."""
    return "".join(figure.chars for figure in run)


def readings(run: Sequence[Figure]) -> set[str]:
    """What it may be: "twenty seven nine" is 279 or 2079."""
    return {digits(run), "".join(figure.apart or figure.chars for figure in run)}


def is_number_word(word: str) -> bool:
    """Whether a word may stand within a number that is being said."""
    word = word.lower().strip(".,?!…-")
    said = any(word in words for words in (ONES, TEENS, TENS, TIMES))
    return said or word.isdigit() or bool(FILLERS.fullmatch(word))


def _goes_on(token: re.Match[str], text: str) -> bool:
    """Whether a word belongs to a quantity begun before it: "twelve thousand five hundred"."""
    before = text[max(0, token.start() - LONGEST_QUANTITY) : token.start()]
    return _QUANTITY.search(before) is not None and _NUMBER.fullmatch(token[0]) is not None


def _spelled(word: str) -> bool:
    """A figure, a single letter, or a part of an account's code, which is in capitals."""
    return word.isascii() and word.isalnum() and (word == word.upper() or len(word) == 1)


def _add(run: list[Figure], token: re.Match[str], text: str) -> None:
    """Put the next word of a number to those before it."""
    start, end, word = token.start(), token.end(), token[0].lower()
    before = run[-1] if run else None
    if word in TIMES:  # waits for its digit
        run.append(Figure(start, end, "", singly=True))
        return
    chars = ONES.get(word) or TEENS.get(word) or TENS.get(word) or token[0].upper()
    if before and not before.chars and before.plus:
        run[-1] = replace(before, end=end, chars=chars, singly=len(chars) == 1)
    elif before and not before.chars and len(chars) == 1:
        times = TIMES[text[before.start : before.end].lower()]
        run[-1] = replace(before, end=end, chars=chars * times)
    elif before and word in ONES and chars != "0" and _is_tens(before, text, start):
        hyphened = text[before.end : start] == "-"
        run[-1] = replace(
            before,
            end=end,
            chars=before.chars[:-1] + chars,
            apart="" if hyphened else before.chars + chars,
        )
    else:
        run.append(Figure(start, end, chars, singly=len(chars) == 1))


def _is_tens(figure: Figure, text: str, then: int) -> bool:
    """Whether a figure is "forty", and the next, at `then`, follows it without a pause."""
    word = text[figure.start : figure.end].lower().split()[-1]
    return word in TENS and text[figure.end : then] in {" ", "-"}


def _takes_hundred(run: Sequence[Figure]) -> bool:
    return bool(run) and not run[-1].hundred and run[-1].chars.isdigit() and len(run[-1].chars) < 3


def _take_quantity(run: list[Figure]) -> None:
    """Take back what the word after it makes a quantity: "… two hundred and fifty" dollars."""
    if run:
        run.pop()
    while run and run[-1].hundred:
        run.pop()


def _ended(run: Sequence[Figure]) -> Iterator[Run]:
    said = tuple(figure for figure in run if figure.chars)
    if said:
        yield said
