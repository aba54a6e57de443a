"""What a call's insights depend on, beside the miner."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ingest.base.db import Connection
from ingest.calls import Call
from insights.insight import Competitor, Insight
from insights.queries import catalogue, own_names
from transcribe import queries as transcripts
from transcribe.transcript import Transcript


class Finder(Protocol):
    """What finds insights: the miner. The same words give the same insights."""

    @property
    def version(self) -> str:
        """Changes when it may find other insights."""
        ...

    def mine(
        self,
        transcript: Transcript,
        competitors: Sequence[Competitor],
        own_names: Sequence[str] = (),
    ) -> list[Insight]:
        """All insights of one call."""
        ...


@dataclass(frozen=True, slots=True)
class Basis:
    """A call's words, and the names that count on it."""

    transcript: Transcript
    rivals: tuple[Competitor, ...]
    own_names: tuple[str, ...]

    def mined_by(self, miner: Finder) -> list[Insight]:
        """What the miner finds in it."""
        return miner.mine(self.transcript, self.rivals, self.own_names)

    def checksum(self, miner: Finder) -> str:
        """SHA-256 in hex: as long as it is the same, the miner finds the same."""
        return hashlib.sha256(repr((miner.version, self)).encode()).hexdigest()


def load_basis(conn: Connection, call: Call) -> Basis:
    """The call's words and its company's catalogue. Raises NotFound where it has no transcript."""
    return Basis(
        transcript=transcripts.load(conn, call.id),
        rivals=tuple(entry.competitor for entry in catalogue(conn, call.company_id)),
        own_names=own_names(conn, call.company_id),
    )
