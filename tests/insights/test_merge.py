"""A found insight keeps the id of the kept one that it is."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from insights.insight import Insight, Kind, Quote
from insights.merge import Kept, Renewal, identify, once_each, renew


def found(start: int, end: int, label: str = "price", turn: int = 0, sure: float = 0.5) -> Insight:
    quote = Quote("x" * (end - start), start, end)
    return Insight(turn, Kind.OBJECTION, label, quote, sure, "objection", "1")


def kept(number: int, start: int, end: int, label: str = "price", turn: int = 0) -> Kept:
    return Kept(number, turn, Kind.OBJECTION, label, start, end)


def test_an_overlapping_quote_is_the_same_insight() -> None:
    assert identify([kept(7, 0, 10)], [found(5, 20)]) == [7]


def test_another_turn_label_or_place_is_another_insight() -> None:
    others = [found(0, 10, turn=1), found(0, 10, label="need"), found(10, 20)]
    assert identify([kept(7, 0, 10)], others) == [None, None, None]


def test_the_quote_that_starts_alike_is_preferred_to_the_longer_overlap() -> None:
    assert identify([kept(1, 0, 10), kept(2, 8, 30)], [found(8, 9), found(2, 30)]) == [2, 1]


def test_labels_are_compared_case_aside() -> None:
    assert identify([kept(7, 0, 10, "HubSpot")], [found(0, 10, "hubspot")]) == [7]


def test_of_doubles_the_surer_one_stays() -> None:
    assert once_each([found(0, 5, sure=0.4), found(0, 9, sure=0.8)]) == [found(0, 9, sure=0.8)]


def reviewed(
    number: int, start: int, end: int, label: str = "price", kind: Kind = Kind.OBJECTION
) -> Kept:
    return Kept(number, 0, kind, label, start, end, reviewed=True)


def test_a_renewal_tells_what_appears_stays_and_disappears() -> None:
    new, same = found(30, 40), found(0, 12)
    old = kept(2, 20, 25)
    assert renew([kept(1, 0, 10), old], [same, new]) == Renewal((new,), ((1, same),), (old,))


def test_a_reviewed_one_neither_changes_nor_disappears() -> None:
    assert renew([reviewed(1, 0, 10)], [found(0, 12)]) == Renewal((), (), (), 1)
    assert renew([reviewed(1, 0, 10)], []) == Renewal((), (), (), 1)


def test_a_reviewed_one_answers_for_its_words_under_any_label() -> None:
    others = [found(9, 12, "need"), found(10, 12, "need"), found(0, 9, "need", turn=1)]
    assert renew([reviewed(1, 0, 10)], others).appears == tuple(others[1:])


def test_two_rivals_may_share_their_words() -> None:
    other = replace(found(0, 10, "Brightloom"), kind=Kind.COMPETITOR)
    old = reviewed(1, 0, 10, "Attrivo", Kind.COMPETITOR)
    assert renew([old], [other]).appears == (other,)


def test_of_two_that_start_alike_the_reviewed_one_is_meant() -> None:
    plain, judged = kept(1, 0, 10, "HubSpot"), reviewed(2, 0, 10, "hubspot")
    assert renew([plain, judged], [found(0, 10, "hubspot")]) == Renewal((), (), (plain,), 1)


spans = st.tuples(
    st.integers(0, 12), st.integers(1, 8), st.sampled_from(["price", "Price", "need"])
)


@given(st.lists(spans, max_size=6), st.lists(spans, max_size=6))
def test_rows_can_be_updated_one_by_one(
    old: list[tuple[int, int, str]], new: list[tuple[int, int, str]]
) -> None:
    """No update ever puts a row where another stands: what `identify` promises."""
    before = once_each(found(at, at + length, label) for at, length, label in old)
    after = once_each(found(at, at + length, label) for at, length, label in new)
    rows = {
        number: (i.label.casefold(), i.quote.start_char) for number, i in enumerate(before, start=1)
    }
    stored = [
        kept(number, i.quote.start_char, i.quote.end_char, i.label)
        for number, i in enumerate(before, start=1)
    ]
    ids = identify(stored, after)
    claimed = [number for number in ids if number]
    assert len(claimed) == len(set(claimed))
    rows = {number: row for number, row in rows.items() if number in claimed}
    for at, (number, insight) in enumerate(zip(ids, after, strict=True)):
        rows[number or -at] = (insight.label.casefold(), insight.quote.start_char)
        assert len(set(rows.values())) == len(rows)


@given(st.lists(spans, max_size=6), st.lists(spans, max_size=6), st.sets(st.integers(1, 6)))
def test_renewing_twice_is_renewing_once(
    old: list[tuple[int, int, str]], new: list[tuple[int, int, str]], judged: set[int]
) -> None:
    """After a renewal the same finds change nothing more, and the reviewed ones are all there."""
    before = [
        kept(number, i.quote.start_char, i.quote.end_char, i.label)
        for number, i in enumerate(_all(old), start=1)
    ]
    before = [replace(k, reviewed=k.id in judged) for k in before]
    renewal = renew(before, _all(new))
    standing = [k for k in before if k.reviewed]
    after = standing + [
        kept(number, i.quote.start_char, i.quote.end_char, i.label)
        for number, i in [*renewal.stays, *enumerate(renewal.appears, start=100)]
    ]
    assert renewal.reviewed == len(standing)
    assert {k.id for k in renewal.disappears} == {k.id for k in before} - {k.id for k in after}
    places = [(k.label.casefold(), k.start_char) for k in after]
    assert len(set(places)) == len(places)
    again = renew(after, _all(new))
    assert (again.appears, again.disappears) == ((), ())


def _all(spans: list[tuple[int, int, str]]) -> list[Insight]:
    return once_each(found(at, at + length, label) for at, length, label in spans)


def test_a_reviewed_one_is_neither_moved_nor_gone_and_nothing_new_comes_beside_it() -> None:
    rejected = replace(kept(7, 0, 10), reviewed=True)
    relabelled = replace(kept(8, 20, 30, "need"), found_label="timing", reviewed=True)
    open_one = kept(9, 25, 40, "trust")
    again = [
        found(2, 12),
        found(5, 8, "terms"),
        found(21, 30, "timing"),
        found(25, 38, "trust"),
        found(50, 60),
    ]
    renewed = renew([rejected, relabelled, open_one], again)
    assert renewed == Renewal((again[4],), ((9, again[3]),), (), reviewed=2)
    assert renew([rejected, relabelled, open_one], []) == Renewal((), (), (open_one,), reviewed=2)
    assert renew([rejected], [found(0, 10, turn=1)]).appears == (found(0, 10, turn=1),)


def test_another_rival_in_the_reviewed_words_is_another_mention() -> None:
    attrivo = Kept(7, 0, Kind.COMPETITOR, "Attrivo", 0, 10, reviewed=True)
    bolt = replace(found(0, 10, "Bolt"), kind=Kind.COMPETITOR)
    assert renew([attrivo], [bolt]).appears == (bolt,)
    assert not renew([replace(attrivo, found_label="Bolt")], [bolt]).appears
