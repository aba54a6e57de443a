"""Whether a rival is meant where its name may have been said: what is looked at, and the weights.

"Overcast quoted us" names a rival, "it's so overcast this side" does not. How the name is spoken
of is read by the model with the name itself masked; this file adds what the mask hides: the
name, its letters' case, and its place in the sentence. The weights are learnt by logistic
regression (`insights/lexicon/learn_mentions.py`) and kept as data in `mentions.json`.
"""

import json
import math
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from insights.detectors.base import Doc
from insights.lexicon.words import group
from transcribe.lexicon.names import LEAST_ALIKE, Candidate
from transcribe.lexicon.words import is_ordinary

WEIGHTS = Path(__file__).parent.parent / "lexicon" / "mentions.json"


def is_cased(texts: Sequence[str]) -> bool:
    """Whether this call is printed with capitals: most turns begin with one."""
    begun = [text.lstrip()[:1] for text in texts if text.strip()]
    return sum(letter.isupper() for letter in begun) * 2 > len(begun)


def features(candidate: Candidate, text: str, doc: Doc, cased: bool) -> dict[str, float]:
    """What is looked at, by name; what is absent is 0."""
    written = _print(candidate, text, cased)
    found = dict.fromkeys(_of_the_name(candidate, text, cased), 1.0)
    if candidate.likeness < 1:
        found["likeness"] = (candidate.likeness - LEAST_ALIKE) / (1 - LEAST_ALIKE)
    span = doc.char_span(candidate.start, candidate.end, alignment_mode="expand")
    if span is not None:
        found.update(dict.fromkeys(_of_the_place(span, written, candidate.alias.article), 1.0))
    return found


def _print(candidate: Candidate, text: str, cased: bool) -> str:
    if candidate.likeness < 1:
        return "misheard"
    if not cased or candidate.alias.small:
        return "uncased"
    return "capital" if text[candidate.start].isupper() else "small"


def _of_the_name(candidate: Candidate, text: str, cased: bool) -> Iterator[str]:
    written = text[candidate.start : candidate.end]
    alias = candidate.alias
    if candidate.likeness < 1:
        yield "misheard"
        yield f"misheard, {min(len(alias.sound), 12) // 2 * 2} phones"
        if all(is_ordinary(word) for word in written.split()):
            yield "misheard as words"
        if len(written.split()) == 1 and is_ordinary(written):
            yield "misheard as one word"
        if cased and written[:1].isupper():
            yield "misheard with a capital"
    yield f"as {_print(candidate, text, cased)}"
    if alias.ordinary:
        yield f"{_print(candidate, text, cased)}, ordinary"
    if alias.full:
        yield "exact in full" if candidate.likeness == 1 else "misheard in full"
    if len(alias.solid) <= 3:
        yield "initials"
    if not alias.ordinary and candidate.likeness == 1:
        yield "distinctive"


def _of_the_place(span: Doc, written: str, article: bool) -> Iterator[str]:
    """Parts of speech, the words beside the name, and what governs it."""
    head, doc = span.root, span.doc
    before = doc[span.start - 1] if span.start > 0 else None
    after = doc[span.end] if span.end < len(doc) else None
    yield f"is {head.pos_}"
    if before is not None:
        yield from _of_the_word_before(before, written, article)
    if before is None or before.is_punct:
        yield "begins a sentence"
    if after is not None and after.lower_ in group("places"):
        yield "before a place"
    if after is not None and after.pos_ == "NOUN":
        yield f"{written}, before a noun"
    if head.tag_ in ("NNS", "NNPS"):
        yield f"{written}, plural"
    yield from _of_the_governor(head)


def _of_the_word_before(before: Doc, written: str, article: bool) -> Iterator[str]:
    word = before.lower_.rstrip(".")
    if word == "the" and article:
        yield "after its own article"
        return
    for name in ("determiners", "quantifiers", "titles", "vendor_prepositions", "vendor_verbs"):
        if word in group(name) or before.lemma_ in group(name):
            yield f"{written}, after {name}"
    if before.pos_ in ("ADJ", "NUM", "NOUN", "PROPN"):
        yield f"{written}, after {before.pos_}"


def _of_the_governor(head: Doc) -> Iterator[str]:
    governor = head.head
    if governor.lemma_.lower() in group("vendor_verbs") and head.dep_ in ("nsubj", "dobj"):
        yield f"{head.dep_} of a vendor verb"
    if head.dep_ in ("nsubj", "nsubjpass"):
        yield "subject"


@cache
def _weights() -> dict[str, float]:
    weights: dict[str, float] = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    return weights


def log_odds(found: dict[str, float]) -> float:
    """The log-odds that a rival is meant, by name and place alone."""
    weights = _weights()
    return weights["bias"] + math.fsum(weights.get(name, 0.0) * v for name, v in found.items())
