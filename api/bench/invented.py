"""Two years of calls that nobody held, the same for the same number: pure.

Who calls whom, what is said and what is found in it are drawn by chance from a seed. Words follow
Zipf's law (Mandelbrot's form), as those of a language do, and so do accounts, rivals and wishes: a
few come up all the time, most hardly ever.
"""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import accumulate
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from insights.insight import Category, Kind, Review, Stance
from transcribe.lexicon.words import WORDS

T = TypeVar("T")

SEED = 20
DAYS = 728
"""Two years, in whole weeks."""

TURNS, INSIGHTS, WORDS_A_TURN = 30, 10, 16
"""Of a call, and of a turn, on average."""

CALLS_AN_ACCOUNT, CALLS_A_THEME = 30, 20
"""So that 100,000 calls are with some thousand accounts, whose wishes are 5,000 themes: by itself
Earshot brings the same wish together in one case of six only."""

MEANING = 768
"""Numbers of a request's meaning: as many as the reader's."""

COMPANIES = {"Brackenwatch": 6, "Plumbline": 3, "Quillmark": 1}
"""Who sells, and how much."""

SEGMENTS: dict[str | None, int] = {"SMB": 10, "Mid-market": 6, "Enterprise": 3, None: 1}
STAGES: dict[str | None, int] = {
    **{"Discovery": 8, "Demo": 6, "Negotiation": 4, "Renewal": 3},
    **{"Closed won": 2, "Closed lost": 3, None: 2},
}
OUTCOMES: dict[str | None, int] = {None: 14, "Won": 2, "Lost": 3, "Next step agreed": 5}
SOURCES: dict[str | None, int] = {
    **{"Webinar": 6, "Referral": 5, "Outbound": 5, "Website": 4},
    **{"Trade fair": 2, "Partner": 2, "Newsletter": 1, None: 3},
}
STATES = {"done": 980, "failed": 10, "waiting": 10}
KINDS = {Kind.OBJECTION: 5, Kind.COMPETITOR: 3, Kind.FEATURE_REQUEST: 2}
STANCES = {stance: weight for weight, stance in enumerate(reversed(Stance), 2)}
REVIEWS = {Review.UNREVIEWED: 92, Review.CONFIRMED: 5, Review.REJECTED: 3}
VERSIONS = ("bench-1+1", "bench-2+1", "bench-2+2", "bench-3+2")
"""Of the detectors, one after the other in the two years."""

NEW_LEAD = 0.1
"""Calls of an account known already that come of another lead."""

REPS, CAMPAIGNS, RIVALS = 60, 24, 12

SPOKEN = """
the i you to and that it a of we so is in for what have on yeah do but this with be are
they not just like can know if or think at would then was your our there as from right
about me get one my how all no will out when now well because up more time want here has
really okay going an good need them see use been price team could some by data budget
system year other which than any now customer month work people report look contract
today week does support make issue month plan quite export integration cost security
""".split()  # noqa: SIM905 - a column of quotation marks is not read
"""The first by rank; after them comes a dictionary in some order."""


NOT_DRAWN = {
    *("null", *SPOKEN),  # COPY and arrays take the one for nothing
    *"""
    above after again against am before being below between both did does doing don down during each
    few further had having he her hers herself him himself his into its itself most myself nor off
    once only other ours ourselves over own same she should some such than their theirs themselves
    these those through too under until very were where which while who whom why yours yourself
    yourselves
    """.split(),  # noqa: SIM905 - a column of quotation marks is not read
}
"""Beside those there are already, what a search leaves out."""


@dataclass(frozen=True, slots=True)
class Account:
    """A buyer's company."""

    id: int
    name: str
    value_usd: int | None
    segment: str | None
    company: int  # who sells to it
    source: str | None
    campaign: str | None
    came_in: timedelta  # before the first call of a lead


@dataclass(frozen=True, slots=True)
class Theme:
    """A wish."""

    id: int
    company: int
    name: str
    meaning: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class World:
    """Who and what is there before any call; ids are places in these lists, from 1."""

    words: tuple[str, ...]  # by rank
    companies: tuple[str, ...]
    accounts: tuple[Account, ...]
    reps: tuple[str, ...]
    rivals: tuple[tuple[int, str], ...]  # company and name
    themes: tuple[Theme, ...]


@dataclass(frozen=True, slots=True)
class Turn:
    """What is said in one go."""

    position: int
    speaker: str
    words: Sequence[str]

    @property
    def text(self) -> str:
        return " ".join(self.words)

    @property
    def times(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """When each word begins and ends."""
        return _times(self.position, len(self.words))


@dataclass(frozen=True, slots=True)
class Found:
    """An insight."""

    turn: int
    kind: Kind
    label: str
    quote: str
    char_start: int
    start: float
    end: float
    confidence: float
    version: str
    review: Review
    stance: Stance | None = None
    rival: int | None = None
    theme: Theme | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A call with all that was said and found."""

    id: int
    company: int
    account: Account
    rep: int
    title: str
    held_at: datetime
    deal_value_usd: int | None
    stage: str | None
    outcome: str | None
    lead_created_at: datetime | None
    sound: bool
    state: str
    turns: tuple[Turn, ...]
    found: tuple[Found, ...]

    @property
    def seconds(self) -> float:
        return 8.0 * len(self.turns) + 10


@cache
def _times(position: int, words: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    step = min(0.4, 7.5 / words)
    starts = tuple(round(8.0 * position + step * n, 2) for n in range(words))
    return starts, tuple(round(start + 0.8 * step, 2) for start in starts)


def vocabulary(dice: random.Random) -> tuple[str, ...]:
    """All words, the most frequent first."""
    others = [
        word
        for word in WORDS.read_text(encoding="utf-8").split()
        if re.fullmatch("[a-z]{3,}", word) and word not in NOT_DRAWN
    ]
    dice.shuffle(others)
    return (*dict.fromkeys(SPOKEN), *others)


def world(calls: int, seed: int = SEED) -> World:
    """Who and what is there for so many calls."""
    dice, many = random.Random(seed), np.random.default_rng(seed)  # noqa: S311 - no secret
    words = vocabulary(dice)
    companies = tuple(COMPANIES)
    numbers = range(1, len(companies) + 1)
    shares = list(COMPANIES.values())
    of_company = [*numbers, *dice.choices(numbers, shares, k=max(20, calls // CALLS_AN_ACCOUNT))]
    accounts = tuple(
        Account(
            id=n,
            name=f"{dice.choice(words[200:]).title()} {dice.choice(words[200:]).title()} {n}",
            value_usd=dice.choice((None, 500 * round(dice.lognormvariate(4, 1)))),
            segment=_one(dice, SEGMENTS),
            company=company,
            source=_one(dice, SOURCES),
            campaign=dice.choice((None, f"Campaign {dice.randint(1, CAMPAIGNS)}")),
            came_in=timedelta(hours=round(dice.expovariate(1 / 60), 2)),
        )
        for n, company in enumerate(of_company, 1)
    )
    wished = dice.choices(numbers, shares, k=max(20, calls // CALLS_A_THEME))
    themes = tuple(
        Theme(
            n,
            company,
            f"{dice.choice(words[120:])} {dice.choice(words[120:])} {n}",
            tuple(many.normal(0, MEANING**-0.5, MEANING).round(3).tolist()),
        )
        for n, company in enumerate([*numbers, *wished], 1)
    )
    reps = tuple(f"Rep {n}" for n in range(1, REPS + 1))
    rivals = [
        (n, f"Rival {number} of {companies[n - 1]}") for n in numbers for number in range(RIVALS)
    ]
    return World(words, companies, accounts, reps, tuple(rivals), themes)


def calls(known: World, number: int, today: datetime, seed: int = SEED) -> Iterator[Call]:
    """So many calls, the oldest first, up to `today`."""
    dice = random.Random(seed + 1)  # noqa: S311 - no secret
    draw = Draw(known, dice, np.random.default_rng(seed + 1))
    begin = (today - timedelta(DAYS)).astimezone(UTC).replace(microsecond=0)
    step = timedelta(DAYS) / number
    for n in range(number):
        held_at = (begin + n * step + timedelta(seconds=draw.dice.randrange(60))).replace(
            microsecond=0
        )
        yield draw.call(n + 1, min(held_at, today), n / number)


class Draw:
    """Draws calls one after the other."""

    def __init__(self, known: World, dice: random.Random, many: np.random.Generator) -> None:
        self.known = known
        self.dice = dice
        self._many = many
        self._names = np.array(known.words, dtype=object)
        weights = 1 / (np.arange(len(known.words)) + 2.7)
        self._up_to: NDArray[np.float64] = np.cumsum(weights) / weights.sum()
        self._words: list[str] = []
        self._at = 0
        self._accounts = Ranked(known.accounts, dice)
        self._rivals = self._ranked(
            [(company, n) for n, (company, _) in enumerate(known.rivals, 1)]
        )
        self._themes = self._ranked([(theme.company, theme) for theme in known.themes])
        self._categories = Ranked(list(Category), dice)
        self._leads: dict[int, datetime] = {}

    def _ranked(self, pairs: Sequence[tuple[int, T]]) -> "dict[int, Ranked[T]]":
        """Each company's."""
        numbers = range(1, len(self.known.companies) + 1)
        return {
            each: Ranked([one for company, one in pairs if company == each], self.dice)
            for each in numbers
        }

    def call(self, number: int, held_at: datetime, age: float) -> Call:
        """The next call; `age` is 0 for the oldest, up to 1."""
        dice = self.dice
        account = self._accounts.one()
        state = _one(dice, STATES)
        done = state == "done"
        turns = self._turns() if done else ()
        if account.id not in self._leads or dice.random() < NEW_LEAD:
            self._leads[account.id] = held_at - account.came_in
        return Call(
            id=number,
            company=account.company,
            account=account,
            rep=1 + int(REPS * dice.random() ** 1.5),
            title=f"{account.name}: {' '.join(self._said(2))}",
            held_at=held_at,
            deal_value_usd=100 * round(dice.lognormvariate(5, 1)) if dice.random() < 0.6 else None,
            stage=_one(dice, STAGES),
            outcome=_one(dice, OUTCOMES),
            lead_created_at=self._leads[account.id] if account.source else None,
            sound=dice.random() < 0.8 or not done,
            state=state,
            turns=turns,
            found=tuple(self._found(account.company, turns, age)) if done else (),
        )

    def _turns(self) -> tuple[Turn, ...]:
        count = max(4, round(self.dice.gauss(TURNS, 9)))
        return tuple(
            Turn(n, "buyer" if n % 2 else "seller", self._said(self._length()))
            for n in range(count)
        )

    def _length(self) -> int:
        """Words in a turn: many short ones, few long ones."""
        return min(90, 2 + int(self.dice.expovariate(1 / (WORDS_A_TURN - 1.5))))

    def _said(self, count: int) -> list[str]:
        if self._at + count > len(self._words):
            drawn = np.searchsorted(self._up_to, self._many.random(100_000))
            self._words, self._at = self._names[drawn].tolist(), 0
        self._at += count
        return self._words[self._at - count : self._at]

    def _found(self, company: int, turns: tuple[Turn, ...], age: float) -> Iterator[Found]:
        count = min(len(turns), max(0, round(self.dice.gauss(INSIGHTS, 4))))
        version = VERSIONS[int(age * len(VERSIONS))]
        for place in sorted(self.dice.sample(range(len(turns)), count)):
            yield self._insight(company, turns[place], version)

    def _insight(self, company: int, turn: Turn, version: str) -> Found:
        dice = self.dice
        kind = _one(dice, KINDS)
        label, stance, rival, theme = "", None, None, None
        match kind:
            case Kind.OBJECTION:
                label = str(self._categories.one())
            case Kind.COMPETITOR:
                rival, stance = self._rivals[company].one(), _one(dice, STANCES)
                label = self.known.rivals[rival - 1][1]
            case Kind.FEATURE_REQUEST:
                theme = self._themes[company].one()
                label = theme.name
        first = dice.randrange(len(turn.words))
        quote = turn.words[first : first + 12]
        starts, ends = turn.times
        return Found(
            turn=turn.position,
            kind=kind,
            label=label,
            quote=" ".join(quote),
            char_start=sum(len(word) + 1 for word in turn.words[:first]),
            start=starts[first],
            end=ends[first + len(quote) - 1],
            confidence=round(dice.triangular(0.4, 1.0, 0.8), 3),
            version=version,
            review=_one(dice, REVIEWS),
            stance=stance,
            rival=rival,
            theme=theme,
        )


class Ranked(Generic[T]):
    """Things of which the first come up most: Zipf's law again."""

    def __init__(self, things: Sequence[T], dice: random.Random) -> None:
        self._things = things
        self._dice = dice
        self._up_to = list(accumulate(1 / (n + 5) for n in range(len(things))))

    def one(self) -> T:
        """Any of them, by its rank."""
        return self._dice.choices(self._things, cum_weights=self._up_to)[0]


def _one(dice: random.Random, weights: Mapping[T, int]) -> T:
    """One of these by weight."""
    return dice.choices([*weights], [*weights.values()])[0]
