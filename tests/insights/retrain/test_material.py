"""What is learnt from one's own calls: on a real PostgreSQL, in the label format, under masks."""

import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.base.db import Connection
from ingest.base.errors import BadSetup, NotFound, Refused
from ingest.calls import Call
from insights.insight import PERSON, Insight, Kind, Quote, Review, Stance
from insights.labels import call_object, read_call
from insights.model import examples
from insights.model.augment import joined, otherwise
from insights.model.encoding import Encoding
from insights.model.figures import read_calls
from insights.model.reader import HERE, Reader
from insights.queries import insights_of, save_insights
from insights.retrain.material import SHIPPED, lay_out, own_call, reviewed
from insights.retrain.queries import mined_calls, reviewed_calls
from insights.retrain.reviewed import held_out
from insights.reviews.queries import add_missed, review
from insights.reviews.rules import Judgement, Missed
from tests.conftest import NOON, AddCall
from tests.insights.remining import AddMined
from tests.insights.saying import buyer, seller, transcript
from transcribe import queries as transcripts

PRINTED = SHIPPED.with_name("printed") / "tovrin-04-printed.json"
SAID = transcript(
    seller("What stands in the way?"),
    buyer("It costs too much."),
    buyer("Our board has to agree to it."),
    buyer("We run Attrivo, and it should export to Excel."),
)


def objection(turn: int, quote: str, label: str = "price") -> Insight:
    start = SAID.turns[turn].text.index(quote)
    quoted = Quote(quote, start, start + len(quote))
    return Insight(turn, Kind.OBJECTION, label, quoted, 0.9, "objection", "1")


@pytest.fixture
def call(conn: Connection, add_call: AddCall) -> Call:
    """A call with two objections found, of which nothing is said yet."""
    made = add_call(company="Acme")
    transcripts.save(conn, made.id, SAID)
    found = [objection(1, "costs too much"), objection(2, "has to agree", "authority")]
    save_insights(conn, made, found)
    return made


def test_only_what_people_said_is_exported(conn: Connection, call: Call, reviewer: int) -> None:
    assert own_call(conn, call.id).told == {}
    assert reviewed_calls(conn) == []
    price, _ = insights_of(conn, call.id)
    review(conn, price.id, Judgement(Review.REJECTED), reviewer)
    missed = Missed(Kind.FEATURE_REQUEST, "Excel export", quote="export to Excel")
    add_missed(conn, call.id, missed, reviewer)
    written = call_object(own_call(conn, call.id).by_reviews())
    assert written["insights"] == [
        {
            **{"turn": 3, "kind": "feature_request", "theme": "Excel export"},
            **{"quote": "export to Excel", "confidence": 1.0},
        }
    ]
    assert written["known"] == [
        {"turn": 1, "kind": "objection"},
        {"turn": 3, "kind": "feature_request"},
    ]
    read = read_call(json.loads(json.dumps(written)))
    assert read.known == frozenset({(1, Kind.OBJECTION), (3, Kind.FEATURE_REQUEST)})
    assert [t.text for t in read.transcript.turns] == [t.text for t in SAID.turns]
    assert (read.company, read.truth[0].detector) == ("Acme", PERSON)


def test_what_was_confirmed_and_relabelled_is_exported(
    conn: Connection, call: Call, reviewer: int
) -> None:
    price, board = insights_of(conn, call.id)
    review(conn, price.id, Judgement(Review.CONFIRMED), reviewer)
    review(conn, board.id, Judgement(Review.CONFIRMED, "timing"), reviewer)
    truth = own_call(conn, call.id).by_reviews().truth
    assert [(i.turn, i.label) for i in truth] == [(1, "price"), (2, "timing")]


def test_an_llms_labels_yield_to_what_people_said(
    conn: Connection, call: Call, reviewer: int
) -> None:
    price, _ = insights_of(conn, call.id)
    review(conn, price.id, Judgement(Review.REJECTED), reviewer)
    found = [objection(1, "too much", "need"), objection(2, "Our board", "authority")]
    labelled = own_call(conn, call.id).by_llm(found)
    assert [(i.turn, i.quote.text) for i in labelled.truth] == [(2, "Our board")]
    assert labelled.known is None, "it labelled the whole call"


def test_a_third_of_the_reviewed_calls_is_held_out(
    conn: Connection, add_call: AddCall, reviewer: int
) -> None:
    for _ in range(12):
        made = add_call()
        transcripts.save(conn, made.id, SAID)
        save_insights(conn, made, [objection(1, "costs too much")])
        review(conn, insights_of(conn, made.id)[0].id, Judgement(Review.CONFIRMED), reviewer)
    told = reviewed(conn)
    ids = {call.id for call in told.learnt}, {call.id for call in told.held_out}
    assert not ids[0] & ids[1]
    assert ids[0] | ids[1] == set(reviewed_calls(conn))
    assert ids[1] == {n for n in reviewed_calls(conn) if held_out(n)}


def test_the_calls_of_a_time_and_a_company(conn: Connection, mined: AddMined) -> None:
    ours, theirs = mined(), mined(company="Other")
    assert set(mined_calls(conn, None, None)) == {ours.id, theirs.id}
    assert mined_calls(conn, None, "OTHER") == [theirs.id]
    assert mined_calls(conn, NOON.replace(year=2100), None) == []
    with pytest.raises(NotFound, match="no company Nobody"):
        mined_calls(conn, None, "Nobody")


def test_training_reads_shipped_and_own_calls_and_chooses_on_others(
    conn: Connection, call: Call, reviewer: int, tmp_path: Path
) -> None:
    review(conn, insights_of(conn, call.id)[0].id, Judgement(Review.CONFIRMED), reviewer)
    some, printed = tmp_path / "some", tmp_path / "printed"
    for folder, paths in ((some, sorted(SHIPPED.glob("*.json"))[:79]), (printed, [PRINTED])):
        folder.mkdir()
        for path in paths:
            (folder / path.name).symlink_to(path)
    folders = lay_out(tmp_path, [own_call(conn, call.id).by_reviews()], some)
    learnt, choosing = (list(read_calls(f)) for f in (folders.learnt, folders.choosing))
    assert len(learnt) + len(choosing) == 81
    assert not {c.group for c in learnt} & {c.group for c in choosing}
    assert 1 <= len({c.group for c in choosing}) <= len({c.group for c in learnt}) / 5
    assert PRINTED.name in {path.name for path in folders.learnt.iterdir()}
    (own,) = (c for c in learnt if c.known is not None)
    assert (own.group, own.printed) == ("Acme", True)
    assert own.known == frozenset({(1, Kind.OBJECTION)})
    with pytest.raises(BadSetup, match="no training calls"):
        lay_out(tmp_path, [], tmp_path / "nowhere")


@pytest.mark.parametrize(
    "known", ["all", [3], [{"turn": 9, "kind": "objection"}], [{"turn": 0, "kind": "praise"}], [{}]]
)
def test_what_is_known_must_be_in_the_call(known: object) -> None:
    call = read_call({"id": "a", "turns": [{"speaker": "rep", "text": "Hi."}], "known": known})
    with pytest.raises(Refused, match=r"a: known"):
        assert call.known


def partly(known: set[tuple[int, Kind]]) -> examples.Call:
    mention = Insight(
        *(3, Kind.COMPETITOR, "Attrivo", Quote("Attrivo", 7, 14), 1.0, PERSON, ""), Stance.USING
    )
    truth = [objection(1, "costs too much"), mention]
    return examples.Call(
        "Acme",
        SAID.turns,
        tuple(i for i in truth if (i.turn, i.kind) in known),
        (),
        known=frozenset(known),
    )


@pytest.fixture(scope="module")
def encoding() -> Encoding:
    return Reader.load(HERE)._encoding


def test_what_is_not_known_is_not_judged(encoding: Encoding) -> None:
    call = partly({(1, Kind.OBJECTION), (3, Kind.FEATURE_REQUEST)})
    (example,) = examples.examples(call, encoding)
    assert [part.turn for part in example.window.parts] == [1, 2, 3]
    assert [part.judged for part in example.parts] == [True, False, True]
    assert [part.known for part in example.parts[::2]] == [(True, False), (False, True)]
    assert [part.objection for part in example.parts] == [1, 0, 0]
    assert list(examples.examples(partly({(3, Kind.COMPETITOR)}), encoding)) == []


def test_only_known_names_are_masked(encoding: Encoding) -> None:
    rng = random.Random(1)
    call = partly({(3, Kind.COMPETITOR)})
    assert [e.mentions for e in examples.masked_examples(call, encoding, rng)] == []
    unlisted = Insight(
        *(3, Kind.COMPETITOR, "Attrivo", Quote("Attrivo", 7, 14), 1.0, PERSON, ""),
        *(Stance.USING, True),
    )
    named = examples.Call("Acme", SAID.turns, (unlisted,), (), known=call.known)
    (example,) = examples.masked_examples(named, encoding, rng)
    assert [(m.rival, m.stance) for m in example.mentions] == [(1.0, 0)]


@given(
    seed=st.integers(0, 2**32),
    known=st.sets(st.tuples(st.integers(0, 3), st.sampled_from(list(Kind)))),
)
def test_however_it_is_changed_no_more_becomes_known(
    seed: int, known: set[tuple[int, Kind]]
) -> None:
    call, rng = partly(known), random.Random(seed)
    assert otherwise(call, [], rng).known is not None
    made = joined(call, rng)
    assert made.known is not None
    for turn, kind in made.known:
        whole = [n for n, t in enumerate(call.turns) if t.text in made.turns[turn].text]
        assert all(call.tells(n, kind) for n in whole)
