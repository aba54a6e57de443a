"""A house a test, and one that several quick tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.house import House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A house of the test's own, not started."""
    mine = House(tmp_path)
    yield mine
    mine.clean_up()


@pytest.fixture(scope="module")
def shared_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A running house for all tests of a module."""
    ours = House(tmp_path_factory.mktemp("house"))
    ours.start()
    yield ours
    ours.clean_up()
