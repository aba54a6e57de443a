"""What is masked, and how a text reads with it: pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from transcribe.transcript import Transcript, Turn, Word


class Private(StrEnum):
    """What must not be read by everybody."""

    CARD = "card"
    BANK = "bank"
    EMAIL = "email"
    PHONE = "phone"

    @property
    def label(self) -> str:
        """What stands in its place."""
        return _LABELS[self]


_LABELS = {
    Private.CARD: "[card number]",
    Private.BANK: "[bank account]",
    Private.EMAIL: "[e-mail address]",
    Private.PHONE: "[phone number]",
}


@dataclass(frozen=True, slots=True)
class Mask:
    """The characters [start, end) of a turn's text, and what they are."""

    start: int
    end: int
    what: Private


Masks = Sequence[Mask]
"""Of one text: in order, none over another."""


def hidden(text: str, masks: Masks) -> str:
    """The text with a label in the place of each mask."""
    parts, at = [], 0
    for mask in masks:
        parts += [text[at : mask.start], mask.what.label]
        at = mask.end
    return "".join([*parts, text[at:]])


def hidden_place(at: int, masks: Masks) -> int:
    """Where a character of a text is in the hidden one; one within a mask is where its label
    begins."""
    for mask in reversed(masks):
        if mask.start < at:
            inside = at < mask.end
            return hidden_place(mask.start, masks) + (
                0 if inside else at - mask.end + len(mask.what.label)
            )
    return at


def hidden_span(start: int, end: int, masks: Masks) -> tuple[int, int]:
    """Where the characters [start, end) are in the hidden text: with the whole of each label that
    hides one of them."""
    for mask in masks:
        if mask.start < end < mask.end:
            end = mask.end
    return hidden_place(start, masks), hidden_place(end, masks)


def plain_span(start: int, end: int, masks: Masks) -> tuple[int, int]:
    """The characters of the text that [start, end) of the hidden one stand for: all that a label
    hides where one of the label's is among them. Undoes `hidden_span`."""
    ahead = 0  # how much longer the hidden text is up to here
    plain_start, plain_end = start, end
    for mask in masks:
        at = mask.start + ahead
        to = at + len(mask.what.label)
        ahead = to - mask.end
        if start > at:
            plain_start = mask.start if start < to else start - ahead
        if end > at:
            plain_end = mask.end if end < to else end - ahead
    return plain_start, plain_end


def within(masks: Masks, start: int, end: int) -> tuple[Mask, ...]:
    """What of the masks lies in the characters [start, end), counted from `start`."""
    return tuple(
        replace(mask, start=max(mask.start, start) - start, end=min(mask.end, end) - start)
        for mask in masks
        if mask.start < end and mask.end > start
    )


def hidden_turn(turn: Turn, masks: Masks) -> Turn:
    """The turn as it is shown: its text is its words joined by one blank each, as ever."""
    if not masks:
        return turn
    return replace(turn, text=hidden(turn.text, masks), words=tuple(_hidden_words(turn, masks)))


def hidden_transcript(transcript: Transcript, masks: Mapping[int, Masks]) -> Transcript:
    """The transcript as it is shown; `masks` by the turn's position."""
    turns = (hidden_turn(turn, masks.get(at, ())) for at, turn in enumerate(transcript.turns))
    return replace(transcript, turns=tuple(turns))


def silences(transcript: Transcript, masks: Mapping[int, Masks]) -> list[tuple[float, float]]:
    """When in the recording what is masked was said, in seconds; a turn without times is none."""
    spans = []
    for at, of_turn in masks.items():
        for mask in of_turn:
            start, end = transcript.turns[at].seconds_of(mask.start, mask.end)
            if start is not None and end is not None:
                spans.append((start, end))
    return sorted(spans)


def _hidden_words(turn: Turn, masks: Masks) -> Iterable[Word]:
    """The words; those that one mask touches become its label's, each said for as long as all."""
    group: list[tuple[int, int, Word]] = []
    for start, end, word in turn.word_spans():
        if group and not any(m.start < group[-1][1] and m.end > start for m in masks):
            yield from _merged(turn, group, masks)
            group = []
        group.append((start, end, word))
    yield from _merged(turn, group, masks)


def _merged(turn: Turn, group: Sequence[tuple[int, int, Word]], masks: Masks) -> Iterable[Word]:
    if not group:
        return
    start, end = group[0][0], group[-1][1]
    touched = within(masks, start, end)
    if not touched:
        yield from (word for _, _, word in group)
        return
    said = [word for _, _, word in group]
    sure = min(word.probability for word in said)
    for text in hidden(turn.text[start:end], touched).split(" "):
        yield Word(text, said[0].start, said[-1].end, sure)
