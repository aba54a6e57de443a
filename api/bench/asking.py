"""What is asked of the API, each time something else, so that no answer is known already."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from urllib.parse import urlencode

from api.bench.invented import SEGMENTS, SOURCES, STAGES, World
from api.bench.queries import Sampled
from api.rest.lists import encode
from ingest.library.library import Place, Sort
from insights.insight import Category, Kind, Review
from insights.search.search import Place as Found
from insights.stored import Position
from insights.themes.theme import Rank, ThemePosition
from insights.trends.trend import Dimension

QUICK, BROAD = 50, 300
"""Milliseconds that 95 of 100 answers are to come in: of lists, trends and rare words; and where
very much is found."""

RARE = slice(15_000, None)
"""Ranks of words that are said now and then in three million turns."""

COMMON = (
    *("price", "team", "data", "budget", "system", "year", "customer", "month", "work", "people"),
    *("report", "look", "contract", "today", "week", "support", "make", "issue", "plan", "cost"),
)
"""Of the words that are said most, those that a search does not leave out."""

Query = dict[str, object]
Path = Callable[[], str]


@dataclass(frozen=True, slots=True)
class Question:
    """One row of the table."""

    name: str
    path: Path  # another one each time
    target: int | None = None  # milliseconds


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: by chance, of what is there."""

    known: World
    sampled: Sampled
    dice: random.Random
    today: date
    by_meaning: bool  # there are vectors to search

    def questions(self) -> Iterator[Question]:
        """All of them."""
        yield from self._lists()
        yield from self._themes()
        yield from self._trends()
        yield from self._searches()
        yield from self._reading()

    # Lists --------------------------------------------------------------------------------

    def _lists(self) -> Iterator[Question]:
        yield Question("calls", self._of("/v1/calls", self._call_filter), QUICK)
        yield Question("calls, far in", self._of("/v1/calls", self._calls_far), QUICK)
        yield Question("calls by value or length", self._of("/v1/calls", self._sorted), QUICK)
        yield Question("calls by words of the title", self._of("/v1/calls", self._title), QUICK)
        yield Question("insights", self._of("/v1/insights", self._insight_filter), QUICK)
        yield Question("insights, far in", self._of("/v1/insights", self._insights_far), QUICK)
        yield Question("page Calls", self._of("/calls", self._call_filter), QUICK)

    def _call_filter(self) -> Query:
        one = (self._company(), self._account(), self._rep(), self._stage(), self._segment())
        both = (self._company() | self._stage(), self._rep() | self._segment())
        return self._any({}, *one, *both)

    def _insight_filter(self) -> Query:
        kind: Query = {"kind": self.dice.choice(list(Kind))}
        label: Query = {"kind": Kind.OBJECTION, "label": self.dice.choice(list(Category))}
        rival: Query = {"kind": Kind.COMPETITOR, "label": self._rival()}
        of_kind = (kind | self._company(), kind | self._rep(), kind | self._segment())
        sure: Query = {"min_confidence": 0.9}
        others = (label | self._stage(), self._account(), sure)
        return self._any({}, kind, label, rival, *of_kind, *others)

    def _calls_far(self) -> Query:
        held_at, call = self.dice.choice(self.sampled.calls)
        return {**self._call_filter(), "cursor": encode(Place(held_at, call))}

    def _insights_far(self) -> Query:
        held_at, insight = self.dice.choice(self.sampled.insights)
        return {**self._insight_filter(), "cursor": encode(Position(held_at, insight))}

    def _sorted(self) -> Query:
        sort = self.dice.choice([Sort.VALUE, Sort.LENGTH])
        return {"sort": sort, **self._any({}, self._company(), self._stage())}

    def _title(self) -> Query:
        return {"title": self.dice.choice([self._rare(), self._common()])}

    # Themes -------------------------------------------------------------------------------

    def _themes(self) -> Iterator[Question]:
        ranked = self._of("/v1/themes", lambda: self._ranked() | self._of_company())
        yield Question("requests", ranked, QUICK)
        some = self._of("/v1/themes", lambda: self._ranked() | self._some_requests())
        yield Question("requests of a segment, account or quarter", some, QUICK)
        far = self._of("/v1/themes", self._requests_far)
        yield Question("requests, far in", far, QUICK)
        yield Question("one request", lambda: f"/v1/themes/{self._theme()}", QUICK)
        board = self._of("/themes", lambda: self._ranked() | self._of_company())
        yield Question("page Requests", board)

    def _ranked(self) -> Query:
        return {"sort": self.dice.choice(list(Rank))}

    def _of_company(self) -> Query:
        return {"company": self.dice.randint(1, len(self.known.companies))}

    def _some_requests(self) -> Query:
        since: Query = {"since": self.today - timedelta(self.dice.randint(60, 100))}
        return self._any(self._segment(), self._account(), since) | self._of_company()

    def _requests_far(self) -> Query:
        """Behind the themes of three accounts and more: a cursor's numbers may be any."""
        place = ThemePosition(3, Decimal(0), 0, self.sampled.calls[0][0], 0)
        return {"cursor": encode(place), "limit": self.dice.randint(40, 60)} | self._of_company()

    def _theme(self) -> int:
        return self.dice.choice(self.known.themes).id

    # Trends -------------------------------------------------------------------------------

    def _trends(self) -> Iterator[Question]:
        yield Question("trends", self._of("/v1/trends", self._trend), QUICK)
        yield Question("trends of a year", self._of("/v1/trends", self._year), QUICK)
        yield Question(
            "trends by segment or company", self._of("/v1/trends", self._rolled_up), QUICK
        )
        yield Question(
            "trends by rep, stage or lead source", self._of("/v1/trends", self._split), QUICK
        )
        chosen = self._of("/v1/trends", self._chosen)
        yield Question("trends by confidence or review", chosen, QUICK)
        yield Question("page Trends", self._of("/trends", self._trend), QUICK)
        yield Question("rivals", self._of("/v1/competitors/overview", self._of_one_company), QUICK)
        yield Question("page Competitors", self._of("/competitors", self._of_one_company))
        yield Question("leads", self._of("/v1/leads", self._leads), QUICK)
        yield Question("page Leads", self._of("/leads", self._leads))

    def _kind(self) -> Query:
        return {"kind": self.dice.choice(list(Kind))}

    def _trend(self) -> Query:
        return self._kind() | self._any({}, self._company(), self._account())

    def _year(self) -> Query:
        since = {
            "since": self.today - timedelta(364),
            "period": self.dice.choice(["week", "month"]),
        }
        return self._kind() | since | self._any({}, self._company())

    def _rolled_up(self) -> Query:
        split: list[Query] = [{"by": Dimension.SEGMENT}, {"by": Dimension.COMPANY}, self._segment()]
        return self._kind() | self._any(*split)

    def _split(self) -> Query:
        by = [Dimension.REP, Dimension.STAGE, Dimension.LEAD_SOURCE, Dimension.CAMPAIGN]
        among: list[Query] = [
            self._stage(),
            self._rep(),
            {"lead_source": self.dice.choice([*SOURCES][:-1])},
        ]
        split = self._any({"by": self.dice.choice(by)}, *among)
        return self._kind() | split | self._any({}, self._company())

    def _chosen(self) -> Query:
        sure: Query = {"min_confidence": self.dice.choice([0.5, 0.8, 0.9])}
        reviewed: Query = {"review": self.dice.choice([Review.CONFIRMED, Review.UNREVIEWED])}
        return self._kind() | self._any(sure, reviewed) | self._any({}, self._company())

    def _of_one_company(self) -> Query:
        return self._company() | self._any({}, {}, self._segment())

    def _leads(self) -> Query:
        by: Query = {"by": self.dice.choice([Dimension.LEAD_SOURCE, Dimension.CAMPAIGN])}
        return by | self._any({}, self._company(), self._segment())

    # Search -------------------------------------------------------------------------------

    def _searches(self) -> Iterator[Question]:
        def words(*drawn: Callable[[], str]) -> Path:
            return self._of("/v1/search", lambda: {"q": " ".join(word() for word in drawn)})

        yield Question("search: a rare word", words(self._rare), QUICK)
        yield Question("search: a common word", words(self._common), BROAD)
        yield Question("search: two common words", words(self._common, self._common), BROAD)
        yield Question("search: a phrase", self._of("/v1/search", self._phrase), BROAD)
        yield Question("search: a common word, far in", self._of("/v1/search", self._far), BROAD)
        some = self._of("/v1/search", lambda: {"q": self._common(), **self._call_filter()})
        yield Question("search: a common word in some calls", some, BROAD)
        if self.by_meaning:
            yield Question("search: by meaning", self._of("/v1/search", self._meant), BROAD)

    def _rare(self) -> str:
        return self.dice.choice(self.known.words[RARE])

    def _common(self) -> str:
        return self.dice.choice(COMMON)

    def _phrase(self) -> Query:
        """Two or three words of a turn."""
        words = self.dice.choice(self.sampled.said).split()
        first, count = self.dice.randrange(len(words) - 3), self.dice.randint(2, 3)
        return {"q": f'"{" ".join(words[first : first + count])}"'}

    def _meant(self) -> Query:
        """The first words of a turn, in all calls or some."""
        words = self.dice.choice(self.sampled.said).split()[:8]
        among = self._any({}, self._company(), self._rep())
        return {"q": " ".join(words), "by": "meaning", **among}

    def _far(self) -> Query:
        held_at, call = self.dice.choice(self.sampled.calls)
        return {"q": self._common(), "cursor": encode(Found(held_at, call))}

    # Reading ------------------------------------------------------------------------------

    def _reading(self) -> Iterator[Question]:
        yield Question("one call", lambda: f"/v1/calls/{self._call()}")
        yield Question("page of a call", lambda: f"/calls/{self._call()}")
        yield Question("page Overview", lambda: "/")
        yield Question("page Search", self._of("/search", lambda: {"q": self._common()}))

    def _call(self) -> int:
        return self.dice.choice(self.sampled.calls)[1]

    # What is asked for ----------------------------------------------------------------------

    def _of(self, path: str, query: Callable[[], Query]) -> Path:
        return lambda: f"{path}?{urlencode(query())}"

    def _any(self, *queries: Query) -> Query:
        return self.dice.choice(queries)

    def _company(self) -> Query:
        return {"company": self.dice.choice(self.known.companies)}

    def _account(self) -> Query:
        return {"account": self.dice.choice(self.known.accounts).name}

    def _rep(self) -> Query:
        return {"rep": self.dice.choice(self.known.reps)}

    def _stage(self) -> Query:
        return {"stage": self.dice.choice([*STAGES][:-1])}

    def _segment(self) -> Query:
        return {"segment": self.dice.choice([*SEGMENTS][:-1])}

    def _rival(self) -> str:
        return self.dice.choice(self.known.rivals)[1]
