"""One loaded ear for all tests of a process."""

from pathlib import Path

import pytest

from ingest.base.settings import Settings
from transcribe.engine import Hearer

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture(scope="session")
def hearing_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("ear"))


@pytest.fixture(scope="session")
def ear(hearing_settings: Settings) -> Hearer:
    return Hearer(hearing_settings)
