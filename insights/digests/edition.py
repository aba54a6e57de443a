"""A role's digest of a week: values, and the rules of what is worth telling. Pure.

All roles are told the same facts; a role's own kind comes first, and its quotes are of that kind.
A change is told by the rules of the trends (`insights.trends.rules`): the four weeks up to the
digest's beside the four before, so that digest, overview and the page of trends say the same.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from insights.digest import Mention, Week, count_words, label_words
from insights.evaluate import Share
from insights.insight import Kind
from insights.trends import telling
from insights.trends.trend import Trends, Verdict

QUOTES = 3
"""As many as one takes along into a meeting."""

QUOTE_WORDS = range(5, 41)
"""Words in a quote worth using: fewer say nothing alone, more are no quote."""

MOST_CHANCE = 10_000
"""Beyond one in so many it is enough to say “less than”."""

_ONE_IN_TEN = "of the changes that Earshot tells, at most one in ten is chance."


class Audience(StrEnum):
    """Whom a digest is for."""

    SALES = "sales"
    MARKETING = "marketing"
    PRODUCT = "product"


READS_FIRST: dict[Audience, tuple[Kind, ...]] = {
    Audience.SALES: (Kind.OBJECTION, Kind.COMPETITOR, Kind.FEATURE_REQUEST),
    Audience.MARKETING: (Kind.COMPETITOR, Kind.OBJECTION, Kind.FEATURE_REQUEST),
    Audience.PRODUCT: (Kind.FEATURE_REQUEST, Kind.OBJECTION, Kind.COMPETITOR),
}


@dataclass(frozen=True, slots=True)
class Movement:
    """A label that rose or fell by more than chance."""

    kind: Kind
    label: str
    verdict: Verdict  # MORE or LESS
    sentence: str
    belief: str  # why we believe it
    weeks: tuple[Share, ...]  # of the calls of each week, those with it; the digest's week last

    @property
    def words(self) -> str:
        """The label as people say it."""
        return label_words(self.kind, self.label)


@dataclass(frozen=True, slots=True)
class NewName:
    """A rival or a wish that was not heard before the week."""

    kind: Kind
    name: str
    company: str
    calls: int  # of the week
    accounts: int
    theme_id: int | None = None  # of a wish
    listed: bool = True  # of a rival: in the catalogue; else a person has yet to say


@dataclass(frozen=True, slots=True)
class Followed:
    """What became of something that the digest before told."""

    kind: Kind
    label: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Edition:
    """A digest as it was told. Quotes are kept by the ids of their insights alone, so that what is
    deleted or rejected later is shown no more."""

    week: Week
    audience: Audience
    made_at: datetime
    calls: int  # mined, held in the week
    calls_before: int
    headline: str
    belief: str
    cautions: tuple[str, ...]  # why a change may not be the buyers'
    movements: tuple[Movement, ...]
    names: tuple[NewName, ...]
    followed: tuple[Followed, ...]
    quotes: tuple[int, ...]  # insights, the best first

    def names_of(self, kind: Kind) -> tuple[NewName, ...]:
        """The new names of one kind."""
        return tuple(name for name in self.names if name.kind is kind)

    def moved(self, verdict: Verdict) -> tuple[Movement, ...]:
        """What rose, or what fell."""
        return tuple(each for each in self.movements if each.verdict is verdict)


def movements(trends: Trends) -> tuple[Movement, ...]:
    """The changes of one kind that are told, the surest first."""
    told = [
        (change.false_rate or 0.0, series, change)
        for series in trends.series
        if series.told and (change := series.change)
    ]
    told.sort(key=lambda each: (each[0], each[1].label))
    return tuple(
        Movement(
            kind=trends.question.kind,
            label=series.label,
            verdict=change.verdict,
            sentence=telling.sentence(series, trends),
            belief=belief(change.chance or 0.0),
            weeks=tuple(point.share for point in series.points),
        )
        for _, series, change in told
    )


def belief(chance: float) -> str:
    """Why a change with this p is believed, in a sentence."""
    times = MOST_CHANCE if chance * MOST_CHANCE <= 1 else round(1 / chance)
    how_often = "less than once" if times == MOST_CHANCE else "about once"
    return (
        f"Chance alone makes so large a difference {how_often} in {_rounded(times):,} times;"
        f" {_ONE_IN_TEN}"
    )


def _rounded(number: int) -> int:
    """To two digits: more would feign an exactness that it has not."""
    return round(number, min(0, 2 - len(str(number))))


def headline(found: Sequence[Movement], first: Trends) -> tuple[str, str]:
    """What changed, in a sentence, and why we believe it; where nothing did, what there is of the
    kind that is read first."""
    if found:
        return found[0].sentence, found[0].belief
    return telling.headline(first), f"A change is told only where chance is unlikely: {_ONE_IN_TEN}"


def follow_movement(told: Movement, now: Verdict | None, share: Share) -> Followed:
    """What became of a change told a week ago; `now` is what is said of it this week."""
    was = _often(told.verdict)
    still = f"still {was} than before" if now is told.verdict else "no longer beyond chance"
    sentence = (
        f"{_named(told.kind, told.label)}, {was} last week: {_calls(share)} this week, {still}."
    )
    return Followed(told.kind, told.label, sentence)


def _often(verdict: Verdict) -> str:
    return "more often" if verdict is Verdict.MORE else "less often"


def follow_name(new: NewName, name: str, share: Share) -> Followed:
    """What became of a new rival or wish, which is called `name` by now."""
    again = (
        f"heard again in {_calls(share)}" if share.hits else f"not heard again in {_calls(share)}"
    )
    return Followed(new.kind, name, f"{_named(new.kind, name)}, new last week: {again}.")


def _named(kind: Kind, label: str) -> str:
    words = label_words(kind, label)
    return f"“{words}”" if kind is Kind.FEATURE_REQUEST else words


def _calls(share: Share) -> str:
    of = count_words(share.total, "call")
    return f"{share.hits} of {of}" if share.hits else of


def worth_using(
    said: Iterable[Mention], audience: Audience, told: Sequence[Movement]
) -> tuple[Mention, ...]:
    """Quotes to take along, from `said`, the surest first: of what moved, then of the kinds that
    the role reads first; another call and another label each time while there is one."""
    order = READS_FIRST[audience]
    moved = {(each.kind, each.label) for each in told if each.verdict is Verdict.MORE}
    fit = [m for m in said if len(m.quote.split()) in QUOTE_WORDS]
    fit.sort(key=lambda m: ((m.kind, m.label) not in moved, order.index(m.kind)))
    chosen: list[Mention] = []
    for strict in (True, False):
        for mention in fit:
            if len(chosen) < QUOTES and not _too_near(mention, chosen, strict=strict):
                chosen.append(mention)
    return tuple(chosen)


def _too_near(mention: Mention, chosen: Sequence[Mention], *, strict: bool) -> bool:
    """Whether it says again what is said: of the same call, or when strict of the same label."""
    return any(
        mention.call_id == other.call_id
        or (strict and (mention.kind, mention.label) == (other.kind, other.label))
        for other in chosen
    )
