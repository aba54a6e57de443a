"""Which words to quote: whole clauses, as short as carries it. Pure, over a parse."""

from collections.abc import Iterator, Sequence

from insights.detectors.base import Doc
from insights.lexicon.words import group
from insights.model.reader import Carry

Span = tuple[int, int]
"""Characters [start, end) of a turn."""

STOPS = frozenset(",;:.?!…—–-")
SCANT = 5  # words of a clause with a name below which it tells too little alone
NEIGHBOUR = 0.6  # of the strongest clause's carrying, from which the one beside it is quoted too


def clauses(doc: Doc) -> list[Span]:
    """The turn in clauses: pieces between marks and joining words, each with a verb of its own.

    A piece without a verb ("Honestly,") belongs to the one after it, or else before it in its
    sentence. Together they cover all words.
    """
    found: list[Span] = []
    for sentence in doc.sents:
        pieces = list(_pieces(sentence))
        merged: list[list[Doc]] = []
        waiting: list[Doc] = []
        for piece in pieces:
            waiting += piece
            if _has_verb(piece):
                merged.append(waiting)
                waiting = []
        if waiting and merged:
            merged[-1] += waiting
        elif waiting:
            merged.append(waiting)
        found += [_chars(piece) for piece in merged]
    return found


def _pieces(sentence: Doc) -> Iterator[list[Doc]]:
    piece: list[Doc] = []
    for token in sentence:
        if piece and _begins(token):
            yield piece
            piece = []
        if not token.is_space:
            piece.append(token)
        if token.text in STOPS and not _joins_words(token):
            yield piece
            piece = []
    if piece:
        yield piece


def _joins_words(mark: Doc) -> bool:
    """Whether a dash stands within a word: "no-show", "half-eight"."""
    tight = not mark.whitespace_ and mark.i > 0 and not mark.nbor(-1).whitespace_
    return bool(tight and mark.i + 1 < len(mark.doc) and mark.nbor().text[0].isalnum())


def _begins(token: Doc) -> bool:
    """Whether a joining word begins a clause here: "and it breaks", "because we can't"."""
    if token.dep_ == "cc":
        return any(t.dep_ == "conj" and _has_subject(t) for t in token.head.children)
    return bool(token.dep_ == "mark" and token.head.dep_ == "advcl" and _has_subject(token.head))


def _has_subject(verb: Doc) -> bool:
    return any(t.dep_ in ("nsubj", "nsubjpass", "expl") for t in verb.children)


def _has_verb(piece: Sequence[Doc]) -> bool:
    return any(t.pos_ in ("VERB", "AUX") for t in piece) and any(
        t.dep_ in ("nsubj", "nsubjpass", "expl", "dobj", "ROOT") for t in piece
    )


def _chars(tokens: Sequence[Doc]) -> Span:
    return (tokens[0].idx, tokens[-1].idx + len(tokens[-1].text)) if tokens else (0, 0)


def clause_around(doc: Doc, start: int, end: int) -> Span:
    """The clause, or the clauses, that hold these characters; a scant one ("It's Zebrix, …") with
    what its sentence says next."""
    pieces = clauses(doc)
    hit = [n for n, (a, b) in enumerate(pieces) if a < end and start < b]
    if not hit:
        return (start, end)
    first, last = hit[0], hit[-1]
    if _scant(doc, pieces[first][0], pieces[last][1]) and last + 1 < len(pieces):
        last += _same_sentence(doc, pieces[last], pieces[last + 1])
    span = (min(start, pieces[first][0]), max(end, pieces[last][1]))
    return trimmed(doc.text, span, (start, end))


def _scant(doc: Doc, start: int, end: int) -> bool:
    return len(doc.text[start:end].split()) < SCANT


def _same_sentence(doc: Doc, one: Span, other: Span) -> bool:
    return any(s.start_char <= one[0] and other[1] <= s.end_char for s in doc.sents)


def carrying_clauses(doc: Doc, carries: Sequence[Carry], scores: Sequence[float]) -> Span:
    """The clauses that carry most by the model's word scores (one a word of `carries`)."""
    pieces = clauses(doc)
    if not pieces:
        return trimmed(doc.text, (0, len(doc.text)))
    weights = [_mean(piece, carries, scores) for piece in pieces]
    best = max(range(len(pieces)), key=lambda n: (weights[n], -n))
    first = last = best
    while first > 0 and weights[first - 1] >= NEIGHBOUR * weights[best]:
        first -= 1
    while last + 1 < len(pieces) and weights[last + 1] >= NEIGHBOUR * weights[best]:
        last += 1
    return trimmed(doc.text, (pieces[first][0], pieces[last][1]))


def _mean(piece: Span, carries: Sequence[Carry], scores: Sequence[float]) -> float:
    inside = [
        score
        for carry, score in zip(carries, scores, strict=True)
        if carry.start_char < piece[1] and piece[0] < carry.end_char
    ]
    return sum(inside) / len(inside) if inside else 0.0


def trimmed(text: str, span: Span, keep: Span | None = None) -> Span:
    """Without marks around it and without joining words before it, but all of `keep`."""
    start, end = span
    least, most = keep or (end, start)
    while True:
        while start < min(end - 1, least) and not text[start].isalnum():
            start += 1
        word = text[start:end].split(maxsplit=1)
        bare = word[0].strip(",.;:!?…—–-").casefold() if len(word) == 2 else ""
        if bare not in group("openers") or start + len(word[0]) >= least:
            break
        start += len(word[0])
    while end - 1 > max(start, most - 1) and not _closes(text[end - 1]):
        end -= 1
    return start, end


def _closes(character: str) -> bool:
    """Whether a quote may end with it: what it says, and not the mark after it."""
    return character.isalnum() or character in "%)\"'”’$£€"
