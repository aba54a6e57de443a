"""Digits said in every way that people say them, and what is none of it."""

from datetime import date

from hypothesis import strategies as st

from transcribe.pii.figures import TEENS, TENS

ONES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
ZEROS = ("zero", "oh", "nought")


def one(digit: str) -> st.SearchStrategy[str]:
    """A digit as a word or a figure."""
    words = ZEROS if digit == "0" else (ONES[int(digit)],)
    return st.sampled_from([*words, digit])


@st.composite
def said(
    draw: st.DrawFn, number: str, pauses: tuple[str, ...] = (", ", ". ", ", uh, ", " - ")
) -> str:
    """A number of digits in words, pairs, repeats and groups, with pauses."""
    text, left = "", number
    while left:
        ways = [(1, one(left[0]))]
        if left[:2] in TEENS.values() or (left[:2] in TENS.values()):
            words = [word for word, pair in (TEENS | TENS).items() if pair == left[:2]]
            ways.append((2, st.sampled_from(words)))
        elif len(left) > 1 and left[0] in "23456789" and left[1] != "0":
            ways.append((2, st.just(f"{_tens(left[0])}-{ONES[int(left[1])]}")))
        if len(left) > 1 and left[0] == left[1]:
            ways.append((2, one(left[0]).map("double {}".format)))
        if len(left) > 2 and len(set(left[:3])) == 1:
            ways.append((3, one(left[0]).map("triple {}".format)))
        if len(left) > 3 and left[:4].strip("0"):
            ways.append((4, st.just(left[:4])))
        length, way = draw(st.sampled_from(ways))
        text += (draw(st.sampled_from(pauses)) if text else "") + draw(way)
        left = left[length:]
    return text


def _tens(digit: str) -> str:
    return next(word for word, pair in TENS.items() if pair == digit + "0")


@st.composite
def cards(draw: st.DrawFn) -> str:
    """A card number with an issuer's range and Luhn's check digit."""
    start, length = draw(
        st.sampled_from([("4", 16), ("51", 16), ("2221", 16), ("37", 15), ("6011", 16), ("36", 14)])
    )
    body = start + draw(st.text("0123456789", min_size=length, max_size=length))
    body = body[: length - 1]
    return body + str(-_luhn_sum(body + "0") % 10)


def _luhn_sum(number: str) -> int:
    """ISO/IEC 7812-1, annex B, written from the standard: the code under test has a library's."""
    total = 0
    for place, digit in enumerate(reversed(number)):
        doubled = int(digit) * (1 + place % 2)
        total += doubled // 10 + doubled % 10
    return total


DAYS = st.dates(date(1950, 1, 1), date(2049, 12, 31))

ordinary = st.one_of(
    st.integers(1, 10**7).map("${:,}".format),
    st.integers(1, 999).map("{} dollars".format),
    st.integers(1, 10**6).map("{:,} seats".format),
    st.integers(1, 99).map("{}%".format),
    st.integers(1950, 2049).map(str),
    st.integers(11, 49).map("twenty {}".format),
    DAYS.map("{:%B %d, %Y}".format),
    DAYS.map("{:%m/%d/%Y}".format),
    DAYS.map("{:%Y-%m-%d}".format),
    st.times().map("{:%H:%M}".format),
    st.sampled_from(
        ["twelve thousand five hundred", "two hundred and fifty", "a million two", "forty seats"]
    ),
    st.decimals(0, 1000, places=2).map("{:f} euros".format),
)
"""Prices, quantities, years, dates and times."""
