"""How times, lengths and quotes are put on a page: pure rules."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.pages.call import sure
from api.pages.marking import Mark, passage, pieces, word_times
from api.pages.words import clock, days, length, listed, moment
from insights.digest import Week
from insights.insight import Kind
from transcribe.transcript import Speaker, Turn, Word

TEXT = "Honestly it is too expensive. We pay half."
PRICE = Mark(1, Kind.OBJECTION, "Price objection", 12, 28)


@pytest.mark.parametrize(
    ("seconds", "said"), [(None, ""), (0, "0:00"), (83.9, "1:23"), (3723, "1:02:03")]
)
def test_a_place_reads_as_on_a_clock(seconds: float | None, said: str) -> None:
    assert clock(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(7, "7 s"), (59.4, "59 s"), (59.6, "1 min"), (245, "4 min"), (3599, "1 h 0 min")],
)
def test_a_length_reads_as_people_say_it(seconds: float, said: str) -> None:
    assert length(seconds) == said


@pytest.mark.parametrize(
    ("when", "said"),
    [
        (datetime(2026, 10, 14, 10, 32, tzinfo=UTC), "Wed 14 Oct, 10:32 UTC"),
        (datetime(2025, 10, 14, 10, 32, tzinfo=UTC), "Tue 14 Oct 2025, 10:32 UTC"),
        (
            datetime(2026, 10, 14, 1, 0, tzinfo=timezone(timedelta(hours=2))),
            "Tue 13 Oct, 23:00 UTC",
        ),
        (datetime(2026, 10, 14, tzinfo=UTC), "Wed 14 Oct"),
    ],
)
def test_a_time_reads_as_people_say_it(when: datetime, said: str) -> None:
    assert moment(when, now=datetime(2026, 11, 22, tzinfo=UTC)) == said


def test_a_week_reads_as_its_days() -> None:
    assert days(Week(2026, 7)) == "9 to 15 Feb 2026"
    assert days(Week(2026, 14)) == "30 Mar to 5 Apr 2026"
    assert days(Week(2026, 53)) == "28 Dec 2026 to 3 Jan 2027"


def test_a_list_reads_as_a_sentence() -> None:
    assert listed([]) == ""
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"


def test_a_mark_takes_the_point_behind_it_along() -> None:
    before, marked, after = pieces(TEXT, [PRICE])
    assert (before.text, marked.text, after.text) == (
        "Honestly it ",
        "is too expensive.",
        " We pay half.",
    )
    assert marked.ending == (Mark(1, Kind.OBJECTION, "Price objection", 12, 29),)
    assert before.marks == after.marks == ()


@given(
    st.text(max_size=40),
    st.lists(st.tuples(st.integers(0, 40), st.integers(1, 40)), max_size=4),
)
def test_pieces_are_the_text_again_and_each_mark_ends_once(
    text: str, spans: list[tuple[int, int]]
) -> None:
    marks = [
        Mark(n, Kind.OBJECTION, "", start, start + size)
        for n, (start, size) in enumerate(spans)
        if start + size <= len(text)
    ]
    cut = pieces(text, marks)
    assert "".join(piece.text for piece in cut) == text
    assert sorted(m.id for piece in cut for m in piece.ending) == [m.id for m in marks]


def test_word_times_are_steps_in_hundredths() -> None:
    words = (Word("It", 83.12, 83.2), Word("is", 83.33, 83.4), Word("dear", 83.48, 84.0))
    assert word_times(Turn(Speaker.BUYER, "It is dear", words=words)) == "8312 21 15"
    assert word_times(Turn(Speaker.BUYER, "It is dear")) == ""


@pytest.mark.parametrize(
    ("confidence", "said"),
    [(0.0, "0 % sure"), (0.874, "87 % sure"), (0.999, "99 % sure"), (1.0, "99 % sure")],
)
def test_no_detector_is_quite_sure(confidence: float, said: str) -> None:
    assert sure(confidence) == said


@given(st.text(max_size=60), st.text(min_size=1, max_size=60), st.text(max_size=60))
def test_a_passage_is_cut_around_its_quote_alone(before: str, quote: str, after: str) -> None:
    text, start = before + quote + after, len(before)
    first, said, last = passage(text, start, start + len(quote), most=20)
    assert said == quote
    assert first == before or (first.startswith("… ") and before.endswith(first[2:]))
    assert last == after or (last.endswith(" …") and after.startswith(last[:-2]))
    assert max(len(first), len(last)) <= 22


def test_long_words_around_a_quote_are_cut_between_words() -> None:
    assert passage("one two three QUOTE four five six", 14, 19, most=10) == (
        "… three ",
        "QUOTE",
        " four …",
    )
