"""Proposals on a real database: once each, decided once, never back when refused."""

import threading

import pytest

from ingest.base import db
from ingest.base.db import Connection
from ingest.base.errors import NotFound
from ingest.calls import Call
from insights.catalogue.queries import add_competitor, delete_competitor, set_competitor
from insights.catalogue.rules import BadCompetitor
from insights.insight import Competitor, Quote, Unlisted
from insights.proposals.proposal import Decision, Proposal, State
from insights.proposals.queries import decide, find_proposals, proposal, save_names
from insights.proposals.rules import BadDecision
from insights.queries import catalogue, save_insights
from tests.conftest import AddCall

ACCEPT, REFUSE, UNDO = (
    Decision(State.ACCEPTED),
    Decision(State.REFUSED),
    Decision(State.OPEN),
)


def said(name: str, turn: int = 0, score: float = 0.6) -> Unlisted:
    quote = f"we had {name} in"
    return Unlisted(name, turn, Quote(quote, 0, len(quote), 1.5, 2.0), score)


def save(conn: Connection, call: Call, *names: Unlisted) -> None:
    save_insights(conn, call, [])
    save_names(conn, call, names)


def proposed(conn: Connection, state: State = State.OPEN) -> list[str]:
    return [found.name for found in find_proposals(conn, "Acme", state)]


def only(conn: Connection, state: State = State.OPEN) -> Proposal:
    (found,) = find_proposals(conn, "Acme", state)
    return found


def names(conn: Connection, call: Call) -> list[tuple[str, tuple[str, ...]]]:
    return [(entry.name, entry.aliases) for entry in catalogue(conn, call.company_id)]


@pytest.fixture
def call(add_call: AddCall) -> Call:
    return add_call(company="Acme", account="Hartsoe Home", rep="Dana Whitlock")


def test_a_name_is_proposed_with_its_evidence(
    conn: Connection, call: Call, add_call: AddCall
) -> None:
    save(conn, call, said("Hexa", 3, 0.5), said("hexa", 5, 0.9), said("Hartsoe"), said("Dana"))
    other = add_call(company="acme", account="Other")
    save(conn, other, said("HEXA", 1, 0.7), said("Tide Wall", 2, 0.4))
    hexa, tide = find_proposals(conn, None, State.OPEN)
    assert (hexa.name, hexa.mentions, hexa.calls, hexa.accounts) == ("Hexa", 3, 2, 2)
    assert tide.strength < hexa.strength <= 1
    assert [(e.call_id, e.turn) for e in hexa.evidence] == [
        (call.id, 5),
        (other.id, 1),
        (call.id, 3),
    ]
    assert (hexa.evidence[0].quote, hexa.evidence[0].start) == ("we had hexa in", 1.5)
    assert hexa.evidence[0].account == "Hartsoe Home"


def test_mined_again_it_is_the_same_or_gone(conn: Connection, call: Call) -> None:
    save(conn, call, said("Hexa"))
    before = find_proposals(conn, "Acme", State.OPEN)
    save(conn, call, said("Hexa"))
    assert find_proposals(conn, "Acme", State.OPEN) == before
    save(conn, call)
    assert proposed(conn) == []


def test_a_refused_name_never_comes_back(
    conn: Connection, call: Call, add_call: AddCall, reviewer: int
) -> None:
    save(conn, call, said("Hexa"))
    decide(conn, only(conn).id, REFUSE, reviewer)
    save(conn, call, said("Hexa"))
    save(conn, add_call(company="Acme"), said("hexa's"))
    assert proposed(conn) == []
    refused = only(conn, State.REFUSED)
    assert (refused.calls, refused.decided_by) == (2, "Rhea Moss")
    decide(conn, refused.id, UNDO, reviewer)
    assert proposed(conn) == ["Hexa"]


def test_accepted_it_is_a_rival_and_can_be_taken_back(
    conn: Connection, call: Call, reviewer: int
) -> None:
    save(conn, call, said("Hexa"))
    number = only(conn).id
    for _ in range(2):
        decide(conn, number, ACCEPT, reviewer)
    assert names(conn, call) == [("Hexa", ())]
    assert proposal(conn, number).competitor == "Hexa"
    decide(conn, number, UNDO, reviewer)
    assert names(conn, call) == []
    assert proposed(conn) == ["Hexa"]


def test_accepted_as_another_name(conn: Connection, call: Call, reviewer: int) -> None:
    entry = add_competitor(conn, call.company_id, Competitor("Hexagrid", ("HX",)))
    save(conn, call, said("Hexa"))
    number = only(conn).id
    decide(conn, number, Decision(State.ACCEPTED, entry.id), reviewer)
    assert names(conn, call) == [("Hexagrid", ("HX", "Hexa"))]
    decide(conn, number, UNDO, reviewer)
    assert names(conn, call) == [("Hexagrid", ("HX",))]


def test_another_companys_rival_is_not_there(
    conn: Connection, call: Call, add_call: AddCall, reviewer: int
) -> None:
    theirs = add_call(company="Other")
    entry = add_competitor(conn, theirs.company_id, Competitor("Hexagrid"))
    save(conn, call, said("Hexa"))
    for number in (entry.id, 999):
        with pytest.raises(NotFound):
            decide(conn, only(conn).id, Decision(State.ACCEPTED, number), reviewer)
    assert find_proposals(conn, "Other", State.OPEN) == []
    with pytest.raises(NotFound):
        decide(conn, 999, ACCEPT, reviewer)


def test_what_was_edited_since_is_not_lost_by_taking_back(
    conn: Connection, call: Call, reviewer: int
) -> None:
    save(conn, call, said("Hexa"))
    number = only(conn).id
    decide(conn, number, ACCEPT, reviewer)
    rival = proposal(conn, number).competitor_id
    assert rival is not None
    set_competitor(conn, rival, Competitor("Hexa", ("Hexa One",)))
    with pytest.raises(BadDecision):
        decide(conn, number, UNDO, reviewer)
    delete_competitor(conn, rival)
    decide(conn, number, UNDO, reviewer)
    assert proposed(conn) == ["Hexa"]


def test_one_listed_by_hand_is_not_proposed(conn: Connection, call: Call, reviewer: int) -> None:
    save(conn, call, said("Hexa"))
    number = only(conn).id
    add_competitor(conn, call.company_id, Competitor("Hexa"))
    assert proposed(conn) == []
    with pytest.raises(BadCompetitor):
        decide(conn, number, ACCEPT, reviewer)
    save(conn, call, said("Hexa"))
    assert proposal(conn, number).mentions == 0


def test_a_call_given_to_another_company_takes_its_evidence_along(
    conn: Connection, call: Call, add_call: AddCall
) -> None:
    save(conn, call, said("Hexa"))
    other = add_call(company="Other")
    conn.execute("update call set company_id = %s where id = %s", (other.company_id, call.id))
    assert proposed(conn) == []
    save(conn, call, said("Hexa"))
    assert [p.company for p in find_proposals(conn, None, State.OPEN)] == ["Other"]


def test_two_workers_and_a_person_at_once(
    conn: Connection, database_url: str, add_call: AddCall, reviewer: int
) -> None:
    calls = [add_call(company="Acme") for _ in range(6)]
    save(conn, calls[0], said("Hexa"))
    number = only(conn).id
    conn.commit()
    failed: list[BaseException] = []

    def work(call: Call) -> None:
        try:
            with db.connect(database_url) as own:
                save(own, call, said("Tidewall"), said("Hexa"), said("Attrivo"))
                own.commit()
                decide(own, number, ACCEPT, reviewer)
                own.commit()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    conn.rollback()
    assert sorted(proposed(conn)) == ["Attrivo", "Tidewall"]
    assert names(conn, calls[0]) == [("Hexa", ())]
