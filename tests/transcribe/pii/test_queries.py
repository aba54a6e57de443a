"""Masks in a real PostgreSQL: kept with the words, and made up for where a call is older."""

import pytest
from psycopg.errors import CheckViolation

from ingest.base import db
from ingest.base.db import Connection
from tests.conftest import AddCall
from tests.insights.saying import buyer, seller, transcript
from transcribe import queries as transcripts
from transcribe.pii.queries import VERSION, veil_over
from transcribe.pii.veil import VeiledTurn

CARD = buyer("It is 4242 4242 4242 4242.")
WORDS = transcript(seller("The card?"), CARD, buyer("We have 48,000 rows."))


def masks(conn: Connection) -> int:
    row = conn.execute("select count(*) from mask").fetchone()
    assert row
    count: int = row[0]
    return count


def test_words_are_masked_when_they_are_kept(conn: Connection, add_call: AddCall) -> None:
    call, other = add_call(), add_call()
    transcripts.save(conn, call.id, WORDS)
    transcripts.save(conn, other.id, transcript(buyer("Too dear.")))
    assert masks(conn) == 1
    veil = veil_over(conn, [call.id, other.id, 999])
    assert list(veil.calls) == [call.id]
    assert list(veil.calls[call.id]) == [1]
    assert veil.transcript(call.id, WORDS).turns[1].text == "It is [card number]."
    assert veil.transcript(other.id, WORDS) == WORDS
    assert transcripts.load(conn, call.id) == WORDS, "the raw words stay"


def test_other_words_bring_other_masks(conn: Connection, add_call: AddCall) -> None:
    call = add_call()
    transcripts.save(conn, call.id, WORDS)
    transcripts.save(conn, call.id, transcript(buyer("Too dear.")))
    assert masks(conn) == 0
    assert veil_over(conn, [call.id]).calls == {}


@pytest.mark.parametrize("version", [0, VERSION - 1])
def test_an_older_call_is_masked_by_its_first_reader(
    conn: Connection, add_call: AddCall, version: int
) -> None:
    call = add_call()
    transcripts.save(conn, call.id, WORDS)
    conn.execute("update turn set text = text || ' Or jane@acme.com' where position = 2")
    conn.execute("delete from mask")
    conn.execute("update transcript set masked_by = %s", [version])
    veil = veil_over(conn, [call.id])
    assert veil.calls[call.id][1] == VeiledTurn(CARD.text, veil.calls[call.id][1].masks)
    assert sorted(veil.calls[call.id]) == [1, 2]
    conn.execute("delete from mask")
    assert veil_over(conn, [call.id]).calls == {}, "it is done once"


def test_a_deleted_call_takes_its_masks_along(conn: Connection, add_call: AddCall) -> None:
    call = add_call()
    transcripts.save(conn, call.id, WORDS)
    conn.execute("delete from call where id = %s", [call.id])
    assert masks(conn) == 0


def test_a_mask_hides_something(conn: Connection, add_call: AddCall) -> None:
    transcripts.save(conn, add_call().id, WORDS)
    with pytest.raises(CheckViolation):
        conn.execute("update mask set char_end = char_start")
    conn.rollback()


def test_a_mask_s_query_uses_its_key(database_url: str, add_call: AddCall) -> None:
    with db.connect(database_url) as conn:
        conn.execute("set enable_seqscan = off")
        plan = conn.execute("explain select * from mask where call_id = any(array[1, 2])")
        assert "mask_pkey" in str(plan.fetchall())
