"""What rivals' numbers say: examples, and what holds for any."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from insights.evaluate import Share
from insights.insight import Kind, Stance
from insights.rivals.rival import Counts, Deal, Named, Rivals, Stood, Together
from insights.rivals.rules import build, share_won
from insights.trends import rules as trends
from insights.trends.contrast import apart, contrasts
from insights.trends.trend import CallCount, LabelCount, Question, Trends, Unit, Verdict, periods
from insights.trends.trend import Counts as Counted

MONDAY = date(2026, 2, 2)
WEEKS = periods(Unit.WEEK, MONDAY, MONDAY + timedelta(weeks=8))
LATER = MONDAY + timedelta(weeks=9)


def heard(calls: int, **named: int) -> Trends:
    """So many calls of one week, some of which name each rival."""
    counted = Counted(
        (CallCount(MONDAY, None, calls),),
        tuple(LabelCount(MONDAY, None, label, hits, hits) for label, hits in named.items()),
        (),
    )
    return trends.build(Question(Kind.COMPETITOR, WEEKS), counted, LATER)


def counts(
    *deals: Deal,
    together: tuple[Together, ...] = (),
    stood: tuple[Stood, ...] = (),
    objected: dict[str, int] | None = None,
    **named: int,
) -> Counts:
    each = tuple(Named(label, 2 * hits, hits, 1) for label, hits in named.items())
    return Counts(each, stood, together, objected or {}, deals)


def deal(won: bool, *rivals: str) -> Deal:
    return Deal("Hartsoe", 1, "t", datetime(2026, 2, 2, tzinfo=UTC), None, won, rivals)


def test_shares_of_voice_and_of_calls() -> None:
    stood = (Stood("Tidewall", Stance.LEFT, 4), Stood("Tidewall", Stance.USING, 8))
    found = build(
        heard(20, Tidewall=6, Osprey=2),
        counts(stood=stood, Tidewall=6, Osprey=2),
        ("tidewall", "Merlin"),
    )
    tidewall, osprey = found.rivals
    assert (tidewall.label, tidewall.listed, osprey.listed) == ("Tidewall", True, False)
    assert (tidewall.voice, tidewall.calls) == (Share(12, 16), Share(6, 20))
    assert [each.stance for each in tidewall.stances] == [Stance.USING, Stance.LEFT]
    assert (osprey.stances, found.unnamed, found.calls) == ((), ("Merlin",), 20)


def test_only_objections_that_stand_out_are_told() -> None:
    together = (
        Together("Tidewall", "price", 10),
        Together("Tidewall", "trust", 2),
        Together("Osprey", "timing", 1),
        Together("Osprey", "price", 3),
    )
    found = build(
        heard(60, Tidewall=12, Osprey=12),
        counts(
            together=together,
            objected={"price": 14, "trust": 10, "timing": 30},
            Tidewall=12,
            Osprey=12,
        ),
        (),
    )
    tidewall = next(rival for rival in found.rivals if rival.label == "Tidewall")
    osprey = next(rival for rival in found.rivals if rival.label == "Osprey")
    price, timing = tidewall.objections
    assert (price.label, price.contrast.verdict) == ("price", Verdict.MORE)
    assert (price.contrast.here, price.contrast.elsewhere) == (Share(10, 12), Share(4, 48))
    assert (timing.label, timing.contrast.verdict) == ("timing", Verdict.LESS)
    assert [each.label for each in osprey.objections] == ["timing"]
    assert found.pairs == 6


def test_deals_are_won_or_lost_with_a_rival_and_without() -> None:
    deals = [deal(False, "Tidewall")] * 6 + [deal(True, "Tidewall", "Osprey")] + [deal(True)] * 8
    found = build(heard(60, Tidewall=12, Osprey=3), counts(*deals, Tidewall=12, Osprey=3), ())
    tidewall, osprey = found.rivals
    assert (tidewall.won.here, tidewall.won.elsewhere) == (Share(1, 7), Share(8, 8))
    assert tidewall.won.verdict is Verdict.LESS
    assert osprey.won.verdict is Verdict.TOO_FEW_CALLS
    assert (len(tidewall.deals), len(osprey.deals), found.won) == (7, 1, Share(9, 15))


def test_nothing_heard() -> None:
    found = build(heard(0), counts(), ("Tidewall",))
    assert (found.calls, found.rivals, found.unnamed) == (0, (), ("Tidewall",))
    assert found.won == Share(0, 0)


shares = st.integers(0, 40).flatmap(
    lambda total: st.builds(Share, st.integers(0, total), st.just(total))
)


@given(st.lists(st.tuples(shares, shares), max_size=12))
def test_here_and_elsewhere_are_the_whole(pairs: list[tuple[Share, Share]]) -> None:
    wholes = [(here, Share(here.hits + e.hits, here.total + e.total)) for here, e in pairs]
    assert [apart(here, whole) for here, whole in wholes] == pairs
    for contrast in contrasts(pairs):
        higher = contrast.here.value > contrast.elsewhere.value
        assert not contrast.told or (contrast.verdict is Verdict.MORE) is higher
        assert contrast.told is (contrast.false_rate is not None and contrast.false_rate <= 0.1)


names = st.lists(st.sampled_from(["Tidewall", "Osprey", "Merlin"]), unique=True)


@given(st.lists(st.builds(lambda won, rivals: deal(won, *rivals), st.booleans(), names)))
def test_each_deal_is_counted_once_on_one_side(deals: list[Deal]) -> None:
    found: Rivals = build(heard(9, Tidewall=3, Osprey=2), counts(*deals, Tidewall=3, Osprey=2), ())
    for rival in found.rivals:
        here, elsewhere = rival.won.here, rival.won.elsewhere
        assert Share(here.hits + elsewhere.hits, here.total + elsewhere.total) == share_won(deals)
        assert here.total == len(rival.deals)
