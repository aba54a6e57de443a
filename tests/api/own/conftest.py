"""Two calls, of a rep and of another, and a viewer who is bound to the first."""

from collections.abc import Iterator

import httpx
import pytest

from ingest.base import db
from ingest.queries import get_call
from insights.catalogue.queries import add_competitor
from insights.insight import Competitor
from tests.api.own.telling import CANARY, REP, WORD, Told, bound, told
from tests.api.running import Api


@pytest.fixture
def ours(api: Api) -> Told:
    """The rep's own call."""
    with db.connect(api.settings.database_url) as conn:
        found = told(api, conn, WORD, REP, 3)
        company_id = get_call(conn, found.call_id).company_id
        add_competitor(conn, company_id, Competitor("Attrivo"))
        conn.commit()
        return found


@pytest.fixture
def theirs(api: Api, ours: Told) -> Told:
    """Another rep's call, with a pair of themes of both."""
    with db.connect(api.settings.database_url) as conn:
        found = told(api, conn, CANARY, f"{CANARY} Lee", 4)
        conn.execute(
            """insert into theme_suggestion (company_id, theme_id, other_id, likeness)
               select company_id, %s, %s, 0.9 from theme where id = %s""",
            [found.theme_id, ours.theme_id, ours.theme_id],
        )
        conn.commit()
        return found


@pytest.fixture
def rep(api: Api) -> Iterator[httpx.Client]:
    """The client of who is bound to the rep."""
    with bound(api) as client:
        yield client
