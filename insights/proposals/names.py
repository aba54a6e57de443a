"""Where a turn may name somebody or something, by how it is printed: pure.

A name is a run of words with capitals, "Tin Shed Logistics"; a sentence's first word has its
capital anyway, and begins a name only where no dictionary has it. What is printed without
capitals names nothing here.
"""

import re
from collections.abc import Iterator, Sequence

from transcribe.lexicon.names import WORD
from transcribe.lexicon.words import is_ordinary

JOINTS = frozenset({" ", "-", " & ", "&"})  # between the words of one name
LEAST_LETTERS = 3  # shorter ones are "IT" and "HR" more often than a rival
MOST_WORDS = 4  # a longer run is a heading, or a text printed all in capitals
MOST_LETTERS = 60
SENTENCE_ENDS = ".?!…:"
QUOTES_AND_BLANKS = " \t\n\"“”'‘’(–—-"
NEAR = 8  # characters before a word that tell whether it begins a sentence
I_SAID = re.compile(r"I(?:['’].*)?$")
ACRONYM = re.compile(r"[A-Z0-9]{1,5}s?$")  # "CRM", "MQTT", "PDFs": hardly one is a rival

Span = tuple[int, int]


def capitalised(text: str) -> list[Span]:
    """The names in a turn, as characters [start, end), in their order."""
    spans = (_name(text, run) for run in _runs(text))
    return [span for span in spans if span is not None and _fits(text[slice(*span)])]


def _runs(text: str) -> Iterator[list[re.Match[str]]]:
    """Yield the runs of words that are printed like one name."""
    run: list[re.Match[str]] = []
    for word in WORD.finditer(text):
        joined = bool(run) and text[run[-1].end() : word.start()] in JOINTS
        if run and not (joined and _like_a_name(word.group(), goes_on=True)):
            yield run
            run = []
        if run or _like_a_name(word.group(), goes_on=False):
            run.append(word)
    if run:
        yield run


def _like_a_name(word: str, *, goes_on: bool) -> bool:
    begins = word[0].isupper() or (goes_on and word[0].isdigit())
    return begins and not I_SAID.match(word)


def _name(text: str, run: Sequence[re.Match[str]]) -> Span | None:
    """The run without a sentence's ordinary first word and without a possessive's ending."""
    first = run[0]
    if _begins_a_sentence(text, first.start()) and is_ordinary(_bare(first.group())):
        run = run[1:]
    if not run or not run[0].group()[0].isupper():
        return None
    start, end = run[0].start(), run[-1].end()
    return start, start + len(re.sub(r"['’]s$", "", text[start:end]))


def _begins_a_sentence(text: str, at: int) -> bool:
    before = text[max(0, at - NEAR) : at].strip(QUOTES_AND_BLANKS)
    return not before or before[-1] in SENTENCE_ENDS


def _bare(word: str) -> str:
    """Without what is joined by an apostrophe: "Nobody'd", "Everyone's"."""
    return re.split("['’]", word)[0]


def _fits(name: str) -> bool:
    letters = sum(character.isalnum() for character in name)
    fitting = LEAST_LETTERS <= letters <= MOST_LETTERS and len(name.split()) <= MOST_WORDS
    return fitting and not ACRONYM.match(name)
