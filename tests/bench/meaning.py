"""How well turns are found by meaning and by words: `python -m tests.bench.meaning DIR…`.

Puts labelled calls (folders of *.json) and the wishes that the reader did not learn from into a
database of its own, asks for each wish by its theme's name and by another saying of it, and prints
at which places the turns that say it come. Beside search by meaning and by words stand words of
which any may be there, and the reader's own meanings of wishes.
"""

import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from ingest.base import db
from ingest.base.services import embedded
from ingest.base.settings import Settings
from insights.insight import Category, Kind
from insights.labels import read_folder
from insights.model.reader import Reader
from insights.model.wishes import read_wishes
from insights.search.meaning import work
from insights.search.meaning.encoder import Encoder
from tests.insights.speaking import spoken
from transcribe.transcript import Speaker, Turn

WISHES = Path("insights/training/wishes")
APART = 8  # every so many companies' wishes the reader does not learn from: `insights.model.train`
FIRST = 10  # places that somebody reads
NONSENSE = (
    *("asdf qwer zxcv", "xkcd blorp fnord", "lorem ipsum dolor sit amet", "1234567890", "zzzz"),
    *("quantum chromodynamics lattice", "photosynthesis in plants", "volcano eruption in Iceland"),
    *("how to train a puppy", "recipe for chocolate cake", "guitar chords for beginners"),
    *("the history of the Roman empire", "frogs hibernate in mud", "medieval siege tactics"),
)

HESITANT = {  # objections as somebody would look for them
    Category.PRICE: "it is too expensive for us, there is no budget",
    Category.AUTHORITY: "my boss or the board has to approve it",
    Category.NEED: "we do not need this, we manage fine by hand",
    Category.TIMING: "not now, maybe next quarter",
    Category.INCUMBENT: "we are happy with the vendor that we have",
    Category.TRUST: "how do we know that you will still be there in two years",
    Category.SECURITY: "worried about privacy and where our data is kept",
    Category.INTEGRATION: "it does not fit the systems that we run",
    Category.PRODUCT_GAP: "we cannot buy it without this feature",
    Category.EFFORT: "rolling it out and training people is too much work",
    Category.TERMS: "the contract is too long and hard to cancel",
}

Place = tuple[int, int]
"""A turn: its call's id, its position."""

Search = Callable[[str], list[Place]]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for, and the turns that say it."""

    words: str
    wanted: frozenset[Place]
    beside: Place | None = None  # the turn that was taken for the question


def fill(conn: db.Connection, folders: Sequence[Path]) -> dict[str, list[Asked]]:
    """Put everything in; what to ask: by name, by another saying, and for objections."""
    said: dict[str, dict[Place, str]] = defaultdict(dict)  # by theme: its turns, and their quotes
    hesitant: dict[Category, set[Place]] = defaultdict(set)
    for labelled in (call for folder in folders for call in read_folder(folder)):
        call = spoken(conn, *labelled.transcript.turns, title=labelled.id)
        for insight in labelled.truth:
            if insight.kind is Kind.FEATURE_REQUEST:
                theme = f"{labelled.company}: {insight.label}"
                said[theme][call.id, insight.turn] = insight.quote.text
            if insight.kind is Kind.OBJECTION:
                hesitant[Category(insight.label)].add((call.id, insight.turn))
    for wishes in read_wishes(WISHES)[::APART]:
        for theme, sayings in wishes.themes.items():
            call = spoken(conn, *(Turn(Speaker.BUYER, each.said) for each in sayings), title=theme)
            quotes = {(call.id, n): saying.quote for n, saying in enumerate(sayings)}
            said[f"{wishes.company}: {theme}"] |= quotes
    conn.commit()
    named = [Asked(theme.partition(": ")[2], frozenset(of)) for theme, of in said.items()]
    reworded = [
        Asked(quote, frozenset(of) - {place}, place)
        for of in said.values()
        for place, quote in list(of.items())[:1]
        if len(of) > 1
    ]
    objections = [Asked(HESITANT[of], frozenset(turns)) for of, turns in hesitant.items()]
    return {"wishes by name": named, "wishes reworded": reworded, "objections": objections}


def by_words(conn: db.Connection, any_of_them: bool) -> Search:
    """The words, ranked as search does, or any of them."""
    either = "replace(query::text, '&', '|')::tsquery" if any_of_them else "query"

    def search(words: str) -> list[Place]:
        return conn.execute(
            f"""select call_id, position from turn,
                    (select {either} as query
                       from websearch_to_tsquery('english', %s) query) asked
                where search @@ asked.query
                order by ts_rank_cd(search, asked.query) desc, 1, 2 limit 1000""",
            [words],
        ).fetchall()

    return search


def by_meaning(conn: db.Connection, encoder: Encoder, speakers: Sequence[Speaker]) -> Search:
    """These speakers' turns, the nearest first."""

    def search(words: str) -> list[Place]:
        vector = str(encoder.of([words])[0].tolist())
        return conn.execute(
            """select call_id, position from turn_meaning join turn using (call_id, position)
                where speaker = any(%s) order by vector <=> %s::halfvec, 1, 2 limit 1000""",
            [list(speakers), vector],
        ).fetchall()

    return search


def by_wish(conn: db.Connection, reader: Reader) -> Search:
    """The buyers' turns by the meaning that the reader gives to wishes."""
    rows = conn.execute(
        "select call_id, position, text from turn where speaker = 'buyer' order by 1, 2"
    ).fetchall()
    places = [(call, position) for call, position, _ in rows]
    vectors = np.stack([wish(reader, text) for *_, text in rows])

    def search(words: str) -> list[Place]:
        order = np.argsort(-(vectors @ wish(reader, words)), kind="stable")
        return [places[n] for n in order[:1000]]

    return search


def wish(reader: Reader, text: str) -> NDArray[np.float32]:
    """What the reader takes a text to wish."""
    (reading,), _ = reader.read([Turn(Speaker.BUYER, text)])
    return reading.meaning


def measured(search: Search, asked: Sequence[Asked]) -> tuple[float, float]:
    """Recall among the first places, and the mean reciprocal rank of the first turn wanted."""
    recall, reciprocal = [], []
    for one in asked:
        found = [tuple(place) for place in search(one.words) if tuple(place) != one.beside]
        places = [n for n, place in enumerate(found) if place in one.wanted]
        recall.append(sum(n < FIRST for n in places) / min(FIRST, len(one.wanted)))
        reciprocal.append(1 / (1 + places[0]) if places else 0.0)
    return float(np.mean(recall)), float(np.mean(reciprocal))


def floors(conn: db.Connection, asked: Sequence[Asked], encoder: Encoder) -> Iterator[str]:
    """What a floor costs: of the wanted turns among the first, and of what is none of it."""
    texts = [one.words for one in asked] + list(NONSENSE)
    near = []
    for text in texts:
        rows = conn.execute(
            """select call_id, position, 1 - (vector <=> %(vector)s::halfvec) from turn_meaning
                order by vector <=> %(vector)s::halfvec limit 10""",
            {"vector": str(encoder.of([text])[0].tolist())},
        )
        near.append([((call, position), similar) for call, position, similar in rows])
    hits = [s for one, n in zip(asked, near, strict=False) for p, s in n if p in one.wanted]
    empty = near[len(asked) :]
    for floor in (0.27, 0.3, 0.33, 0.36, 0.4):
        kept = np.mean([similar >= floor for similar in hits])
        turns = np.mean([sum(similar >= floor for _, similar in one) for one in empty])
        stay = f"{kept:.0%} of {len(hits)} hits stay"
        yield f"from {floor:.2f}: {stay}; nonsense finds {turns:.1f} turns"


def give(settings: Settings, conn: db.Connection) -> str:
    """Have all turns given their vectors, as a worker does."""
    began = time.process_time()
    while work.go_on(settings):
        pass
    took = time.process_time() - began
    row = conn.execute("select count(*) from turn_meaning").fetchone()
    assert row
    return f"{row[0]} turns; {row[0] / took:.0f} vectors a second of one core"


def compare(conn: db.Connection, questions: dict[str, list[Asked]]) -> None:
    """Print how well each way finds."""
    encoder = Encoder()
    ways = {
        "by meaning": by_meaning(conn, encoder, list(Speaker)),
        "by meaning, buyers alone": by_meaning(conn, encoder, [Speaker.BUYER]),
        "by words": by_words(conn, any_of_them=False),
        "by any of the words": by_words(conn, any_of_them=True),
        "by the reader's wishes": by_wish(conn, Reader.load()),
    }
    for name, search in ways.items():
        for what, asked in questions.items():
            recall, reciprocal = measured(search, asked)
            line = f"recall@{FIRST} {recall:.2f}   MRR {reciprocal:.2f}"
            print(f"{name:<24} {len(asked):>4} {what:<16} {line}")  # noqa: T201
    asked = questions["wishes by name"] + questions["objections"]
    for line in floors(conn, asked, encoder):
        print(line)  # noqa: T201


def main(folders: Sequence[Path]) -> None:
    with (
        TemporaryDirectory() as home,
        embedded(Settings(home=Path(home))) as settings,
        db.connect(settings.database_url) as conn,
    ):
        db.migrate(conn)
        conn.commit()
        questions = fill(conn, folders)
        print(give(settings, conn))  # noqa: T201
        compare(conn, questions)


if __name__ == "__main__":
    main([Path(folder) for folder in sys.argv[1:]] or [Path("samples/history")])
