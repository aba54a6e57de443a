"""Calls in which something is wished."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from ingest.base.db import Connection
from ingest.calls import Call
from tests.conftest import AddCall
from tests.insights.test_queries import mined
from tests.insights.themes.wishing import SHIPPED_AT, Wish, wish


@pytest.fixture
def said(conn: Connection, add_call: AddCall) -> Wish:
    """A call in which this is wished: `said("CSV export", 20)`."""

    def add(label: str, degrees: float | None = None, **details: Any) -> Call:
        call = add_call(**details)
        mined(conn, call, wish(label, degrees))
        return call

    return add


@pytest.fixture
def ranked(conn: Connection, said: Wish) -> None:
    """One of most accounts, one of the largest deal, one heard last."""
    for n, account in enumerate(("Acme", "Bolt")):
        said("many", account=account, held_at=SHIPPED_AT + timedelta(n), segment="SMB")
    said("large", account="Cole", deal_value_usd=Decimal(9000), held_at=SHIPPED_AT)
    said("late", account="Dorn", held_at=SHIPPED_AT + timedelta(9), segment="Mid")
