"""A request's theme: the capability in two to six words, by rules over the parse. Pure.

"Could it maybe export the transcripts to CSV?" → "export transcripts to CSV". The deed is the
verb with most to say that is not itself a wish ("want", "would help"), with its object and the
first phrase after it; without one, the longest thing named.
"""

from collections.abc import Iterator, Sequence

from insights.detectors.base import Doc
from insights.lexicon.words import group

MOST_WORDS = 6
LINKS = frozenset({"dobj", "obj", "attr", "nsubjpass", "oprd"})
LEFT_OUT = frozenset(
    {"DET", "PRON", "PUNCT", "SPACE", "INTJ", "CCONJ", "SCONJ", "PART", "AUX", "VERB", "ADV"}
)


def theme(doc: Doc, start: int, end: int) -> str:
    """The theme of the request quoted as the characters [start, end) of the parsed turn."""
    tokens = [t for t in doc if start <= t.idx < end]
    deeds = [t for t in tokens if t.pos_ == "VERB" and t.lemma_.lower() not in group("wishes")]
    done = [words for verb in deeds if len(words := _deed(verb, tokens)) > 1]
    best = max(done, key=lambda words: (_has_object(words), len(words)), default=[])
    thing = _thing(tokens)
    if len(thing) > 1 and not _has_object(best):
        best = thing
    words = [_written(t, first=n == 0 and t.pos_ == "VERB") for n, t in enumerate(best)]
    return " ".join(words[:MOST_WORDS]) or _beginning(tokens) or doc.text[start:end].lower()


def _beginning(tokens: Sequence[Doc]) -> str:
    """Six words from the first that says something: where rules fail, the buyer's own words."""
    words = [t for t in tokens if not (t.is_punct or t.is_space)]
    first = next((n for n, t in enumerate(words) if _content(t) and t.pos_ != "ADP"), 0)
    return " ".join(t.lower_ for t in words[min(first, max(0, len(words) - 2)) :][:MOST_WORDS])


def _has_object(words: Sequence[Doc]) -> bool:
    return any(t.dep_ in LINKS and t.head.i == words[0].i for t in words[1:])


def _deed(verb: Doc, tokens: Sequence[Doc]) -> list[Doc]:
    """The verb, its object in full, and the first phrases that go with it."""
    inside = {t.i for t in tokens}
    words = [verb, *(t for t in verb.children if t.dep_ == "prt")]
    for child in verb.children:
        if child.i in inside and child.dep_ in LINKS:
            words += [t for t in _phrase(child) if t.i in inside]
    for child in verb.children:
        phrase = [t for t in _phrase(child) if t.i in inside] if child.dep_ == "prep" else []
        if len(phrase) > 1 and len(words) + len(phrase) <= MOST_WORDS:
            words += phrase
    return _without_a_dangling_end(words[:MOST_WORDS])


def _phrase(head: Doc) -> Iterator[Doc]:
    """A noun with what describes it, or a preposition with its noun; no clause within."""
    return (
        t
        for t in head.subtree
        if (_content(t) or t.pos_ == "ADP") and not _in_a_clause_below(t, head)
    )


def _in_a_clause_below(token: Doc, head: Doc) -> bool:
    while token.i != head.i:
        if token.dep_ in ("relcl", "acl", "advcl", "ccomp", "appos"):
            return True
        token = token.head
    return False


def _thing(tokens: Sequence[Doc]) -> list[Doc]:
    """The longest row of nouns and what describes them."""
    best: list[Doc] = []
    row: list[Doc] = []
    for token in tokens:
        if token.pos_ in ("NOUN", "PROPN", "ADJ", "NUM") and _content(token):
            row.append(token)
        else:
            row = []
        if len(row) > len(best):
            best = list(row)
    return best


def _content(token: Doc) -> bool:
    return token.pos_ not in LEFT_OUT and token.lemma_.lower() not in group("empty_nouns")


def _without_a_dangling_end(words: list[Doc]) -> list[Doc]:
    while len(words) > 1 and words[-1].pos_ in ("ADP", "ADJ"):
        words = words[:-1]
    return words


def _written(token: Doc, first: bool) -> str:
    if first:
        return str(token.lemma_).lower()
    return str(token.text if token.pos_ == "PROPN" or token.text.isupper() else token.lower_)
