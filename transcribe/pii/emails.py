"""E-mail addresses, written or spoken: "jane dot smith at acme dot com". Pure.

First the domain is looked for, then what stands before its "at": a domain alone is a web site.
"""

import re
from collections.abc import Iterator

from transcribe.pii.figures import ONES, TEENS, TENS, TIMES

DOMAINS = (
    "com|org|net|edu|gov|io|ai|app|dev|co|biz|info|tech|cloud|health|uk|us|ca|au|nz|in|de|fr|es|it"
    "|nl|be|ch|at|se|no|dk|fi|ie|pt|pl|eu|me"
)

NO_NAMES = re.compile(
    "look(ed|ing)?|find|found|it|us|is|are|was|be|you|they|we|them|him|her|this|that|sign|signed|up"
    "|here|there|page|site|website|online|go|goes|or|and|met|meet|available|not|work(s|ing)?|live"
    "|out|back|over",
    re.IGNORECASE,
)
"""Before "at acme dot com" they make a web site of it."""

MOST_BEFORE = 120
"""Characters that a name before the "at" may take."""

_WS = r"[\s,]+(?:(?:uh|um|er|erm|mhm)[\s,]+)?"
_DASH = rf"(?:{_WS}(?:dash|hyphen|minus){_WS}|-)"
_DOT = rf"(?:{_WS}dot{_WS}|\.)"
_LABEL = rf"[A-Za-z0-9]+(?:{_DASH}[A-Za-z0-9]+){{0,3}}"
_DOMAIN = re.compile(
    rf"""(?:@|(?<=\s)at{_WS})
         (?:{_LABEL}{_WS}){{0,2}}                       # a name of several words
         (?:{_LABEL}{_DOT}){{1,3}}(?:{DOMAINS})\b""",
    re.IGNORECASE | re.VERBOSE,
)

_NUMBER = "|".join((*ONES, *TEENS, *TENS, *TIMES))
_CHARACTER = rf"(?:[A-Za-z0-9]|(?:{_NUMBER})(?:-(?:{_NUMBER}))?)\b"
_PIECE = (
    rf"(?:{_CHARACTER}(?:{_WS}{_CHARACTER}){{1,30}}"  # spelled out
    rf"|(?!(?:is|address|to|at)\b)[A-Za-z0-9]+(?:{_WS}(?:{_NUMBER}|\d+)(?:-(?:{_NUMBER}))?\b){{0,8}})"
)
_JOIN = rf"(?:{_WS}(?:dot|underscore|dash|hyphen|minus|plus){_WS}|[._+-])"
_NAME = re.compile(rf"(?<![\w'’]){_PIECE}(?:{_JOIN}{_PIECE}){{0,5}}$", re.IGNORECASE)


def emails(text: str) -> Iterator[tuple[int, int]]:
    """Yield the characters [start, end) of each address."""
    for domain in _DOMAIN.finditer(text):
        first = max(0, domain.start() - MOST_BEFORE)
        name = _NAME.search(text[first : domain.start()].rstrip(" ,"))
        if name and not NO_NAMES.fullmatch(name[0]):
            yield first + name.start(), domain.end()
