"""Who receives the webhooks."""

from collections.abc import Iterator

import pytest

from tests.ingest.webhooks.receiver import Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver on 127.0.0.1."""
    with receiving() as running:
        yield running
