"""Where a picture of shares puts its dots, lines and bands."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from api.pages.charts import BOTTOM, LEFT, RIGHT, SCALES, TOP, chart, point_words, scale
from insights.evaluate import Share
from insights.trends.trend import Point, Series, Unit, periods

MONDAY = date(2026, 2, 2)


def series(*shares: tuple[int, int]) -> Series:
    return Series("price", None, tuple(Point(hits, Share(hits, of)) for hits, of in shares), None)


def test_a_week_without_calls_breaks_the_line() -> None:
    spans = periods(Unit.WEEK, MONDAY, MONDAY + timedelta(weeks=4))
    drawn = chart(series((0, 10), (5, 10), (0, 0), (1, 1)), spans, [spans[3]], 1.0)
    assert [dot.period for dot in drawn.dots] == [spans[0], spans[1], spans[3]]
    assert [dot.faint for dot in drawn.dots] == [False, False, True]
    assert [dot.y for dot in drawn.dots] == [BOTTOM, (TOP + BOTTOM) / 2, TOP]
    assert len(drawn.lines) == len(drawn.bands) == 2
    assert len(drawn.bands[0].split()) == 4
    assert drawn.marks == (drawn.dots[2].column,)
    assert drawn.dots[1].words == (
        "Week 7, 9 to 15 Feb 2026: 5 of 10 calls, 50\N{NO-BREAK SPACE}%"
        " (24 to 76\N{NO-BREAK SPACE}%)"
    )
    assert drawn.dots[2].words.endswith("not enough calls")


def test_no_calls_are_said() -> None:
    assert point_words(Point(0, Share(0, 0))) == "no calls"


def test_weeks_that_say_nothing_do_not_stretch_the_scale() -> None:
    assert scale([]) == SCALES[0]
    assert scale([series((2, 100))]) == 0.1
    assert scale([series((2, 100), (0, 1))]) == 0.1
    assert scale([series((2, 100), (1, 2))]) == 0.5
    assert scale([series((2, 100)), series((5, 10))]) == 1.0


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=20))
def test_everything_is_within_the_picture(pairs: list[tuple[int, int]]) -> None:
    drawn_of = series(*((min(hits, of), of) for hits, of in pairs))
    spans = periods(Unit.WEEK, MONDAY, MONDAY + timedelta(weeks=len(pairs)))
    drawn = chart(drawn_of, spans, spans[:1], scale([drawn_of]))
    places = [
        tuple(map(float, place.split(",")))
        for line in (*drawn.lines, *drawn.bands)
        for place in line.split()
    ]
    assert all(LEFT <= x <= RIGHT and TOP <= y <= BOTTOM for x, y in places)
    with_calls = sum(of > 0 for _, of in pairs)
    assert len(drawn.dots) == with_calls
    assert sum(len(line.split()) for line in drawn.lines) == with_calls
