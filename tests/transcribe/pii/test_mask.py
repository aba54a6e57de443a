"""Masks cover exactly what they say, in text, words, quotes and sound."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tests.insights.saying import heard, transcript
from transcribe.pii.mask import (
    Mask,
    Private,
    hidden,
    hidden_span,
    hidden_turn,
    plain_span,
    silences,
)
from transcribe.pii.veil import Veil, VeiledTurn


@st.composite
def masked(draw: st.DrawFn) -> tuple[str, tuple[Mask, ...]]:
    """A text of figures and blanks, and masks of some of it, none with a blank at its edge."""
    text = " ".join(draw(st.lists(st.text("0123456789", min_size=1, max_size=6), min_size=1)))
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)))
    pairs = zip(cuts[::2], cuts[1::2], strict=False)
    inner = [(a, b) for a, b in pairs if text[a:b] == text[a:b].strip()]
    return text, tuple(Mask(a, b, draw(st.sampled_from(Private))) for a, b in inner)


@st.composite
def spans(draw: st.DrawFn, length: int) -> tuple[int, int]:
    start = draw(st.integers(0, length - 1))
    return start, draw(st.integers(start + 1, length))


@given(masked())
def test_only_what_is_masked_is_hidden(case: tuple[str, tuple[Mask, ...]]) -> None:
    text, masks = case
    shown = hidden(text, masks)
    kept = "".join(c for at, c in enumerate(text) if not any(m.start <= at < m.end for m in masks))
    for mask in masks:
        shown = shown.replace(mask.what.label, "", 1)
    assert shown == kept


@given(st.data(), masked())
def test_a_span_is_where_its_words_are_shown(
    data: st.DataObject, case: tuple[str, tuple[Mask, ...]]
) -> None:
    text, masks = case
    start, end = data.draw(spans(len(text)))
    shown_start, shown_end = hidden_span(start, end, masks)
    first = min([start, *(m.start for m in masks if m.start <= start < m.end)])
    last = max([end, *(m.end for m in masks if m.start < end <= m.end)])
    assert plain_span(shown_start, shown_end, masks) == (first, last)
    ours = [m for m in masks if m.start < last and m.end > first]
    moved = [replace(m, start=m.start - first, end=m.end - first) for m in ours]
    assert hidden(text, masks)[shown_start:shown_end] == hidden(text[first:last], moved)


@given(st.data(), masked())
def test_a_quote_reads_as_its_place_in_the_text(
    data: st.DataObject, case: tuple[str, tuple[Mask, ...]]
) -> None:
    """Where the same words stand twice, some of the masks may be of the other place: never none."""
    text, masks = case
    start, end = data.draw(spans(len(text)))
    veil = Veil({7: {0: VeiledTurn(text, masks)}})
    shown = veil.quote(7, text[start:end])
    if text.count(text[start:end]) == 1:
        a, b = veil.span(7, 0, start, end)
        assert shown == hidden(text, masks)[a:b]
    elif any(m.start < end and m.end > start for m in masks):
        assert shown != text[start:end]
    assert veil.quote(8, text) == text


@given(masked())
def test_a_turn_s_text_stays_its_words(case: tuple[str, tuple[Mask, ...]]) -> None:
    text, masks = case
    turn = hidden_turn(heard(text), masks)
    assert turn.text == " ".join(word.text for word in turn.words) == hidden(text, masks)
    assert all(a.start <= b.start for a, b in zip(turn.words, turn.words[1:], strict=False))
    assert (turn.start, turn.end) == (turn.words[0].start, turn.words[-1].end)


def test_what_is_hidden_is_silent_while_it_is_said() -> None:
    turn = heard("it is 4242 4242 ok")
    masks = {1: (Mask(6, 15, Private.CARD),)}
    assert silences(transcript(heard("yes"), turn), masks) == [(1.0, 1.9)]
    without_words = replace(turn, words=())
    assert silences(transcript(heard("yes"), without_words), masks) == [(0.0, 2.4)]
    without_times = replace(without_words, start=None, end=None)
    assert silences(transcript(heard("yes"), without_times), masks) == []
