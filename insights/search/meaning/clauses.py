"""The sentences of a turn, and the stretch of it that is shown: pure."""

import re
from dataclasses import dataclass

from insights.search.search import Range

LONG = 200
"""Characters of a sentence that is cut at its commas as well: transcripts have few full stops."""

SHOWN = 400
"""Characters of a turn that is shown whole."""

BESIDE = 160
"""Characters shown on each side of the sentence found, of a longer turn."""

_SENTENCE = re.compile(r"\S.*?(?:[.?!…]+[\"')\]”’]*(?=\s|$)|;(?=\s)|$)", re.DOTALL)
_CLAUSE = re.compile(r"\S.*?(?:,(?=\s)|$)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Stretch:
    """What is shown of a turn, with the sentence found in it."""

    text: str
    mark: Range


def sentences(text: str) -> list[Range]:
    """The text's sentences, and of long ones their clauses, as they follow; none has blanks around
    it."""
    found = [Range(*each.span()) for each in _SENTENCE.finditer(text.rstrip())]
    return [part for one in found for part in _parts(text, one)]


def _parts(text: str, sentence: Range) -> list[Range]:
    if sentence.end - sentence.start <= LONG:
        return [sentence]
    cut = _CLAUSE.finditer(text[: sentence.end], sentence.start)
    return [Range(*each.span()) for each in cut]


def stretch(text: str, found: Range) -> Stretch:
    """The text around what was found in it, cut between words where it is long."""
    start = _word_start(text, found.start - BESIDE) if len(text) > SHOWN else 0
    end = _word_end(text, found.end + BESIDE) if len(text) > SHOWN else len(text)
    before, behind = "… " if start else "", " …" if end < len(text) else ""
    moved = len(before) - start
    mark = Range(found.start + moved, found.end + moved)
    return Stretch(f"{before}{text[start:end]}{behind}", mark)


def _word_start(text: str, at: int) -> int:
    return 0 if at <= 0 else text.find(" ", at) + 1


def _word_end(text: str, at: int) -> int:
    return len(text) if at >= len(text) else text.rfind(" ", 0, at + 1)
