"""The miner that the settings choose."""

from collections.abc import Sequence
from functools import cache
from typing import Protocol

from ingest.base.settings import Settings
from insights.insight import Competitor, Mined
from insights.llm.endpoint import Endpoint
from insights.llm.miner import LlmMiner
from insights.miner import Miner
from transcribe.transcript import Transcript


class Mining(Protocol):
    """Finds the insights of one call."""

    @property
    def version(self) -> str:
        """Changes when it may find other insights."""
        ...

    def mine(
        self,
        transcript: Transcript,
        competitors: Sequence[Competitor],
        own_names: Sequence[str] = (),
    ) -> Mined:
        """All insights of one call, by turn, and the names to propose."""
        ...


class Embedded:
    """The miner that comes with Earshot."""

    def __init__(self) -> None:
        self._miner = Miner.load()

    @property
    def version(self) -> str:
        """The model's."""
        return self._miner.version

    def mine(
        self,
        transcript: Transcript,
        competitors: Sequence[Competitor],
        own_names: Sequence[str] = (),
    ) -> Mined:
        """All insights of one call, by turn, and the names to propose."""
        return self._miner.mine_with_names(transcript, competitors, own_names)


def choose(settings: Settings) -> Mining:
    """The embedded miner, or the user's LLM with the embedded one behind it, loaded when needed."""
    if settings.miner == "llm":
        return LlmMiner(Endpoint.of(settings), settings.llm_model, cache(Miner.load))
    return Embedded()
