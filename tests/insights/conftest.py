"""A call that was mined before."""

from typing import Any

import pytest

from ingest import queries as calls
from ingest.base import db
from ingest.base.settings import Settings
from ingest.calls import Call
from insights import queries as kept
from insights.basis import load_basis
from insights.mining import Mining
from tests.conftest import AddCall
from tests.insights.remining import OLD, SAID, AddMined
from tests.insights.saying import heard, transcript
from transcribe import queries as transcripts


@pytest.fixture
def mined(conn: db.Connection, settings: Settings, add_call: AddCall) -> AddMined:
    """A call that was mined before, by `miner`."""

    def mine(miner: Mining = OLD, said: str = SAID, **details: Any) -> Call:
        call = add_call(**{"company": "Acme"} | details)
        transcripts.save(conn, call.id, transcript(heard(said)))
        kept.save_insights(conn, call, load_basis(conn, call).mined_by(miner).insights)
        conn.execute("update call set state = 'done' where id = %s", [call.id])
        conn.commit()
        return calls.get_call(conn, call.id)

    return mine
