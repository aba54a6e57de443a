"""What a call's insights depend on, beside the miner."""

import hashlib
from dataclasses import dataclass

from ingest.base.db import Connection
from ingest.calls import Call
from insights.insight import Competitor, Mined
from insights.minable import minable, mined_part
from insights.mining import Mining
from insights.queries import catalogue, own_names
from transcribe import queries as transcripts
from transcribe.transcript import Transcript


@dataclass(frozen=True, slots=True)
class Basis:
    """A call's words, and the names that count on it."""

    transcript: Transcript
    rivals: tuple[Competitor, ...]
    own_names: tuple[str, ...]

    @property
    def minable(self) -> bool:
        """Whether the call is in a language that is mined."""
        return minable(self.transcript)

    def mined_by(self, miner: Mining) -> Mined:
        """What the miner finds in it."""
        return miner.mine(mined_part(self.transcript), self.rivals, self.own_names)

    def checksum(self, miner: Mining) -> str:
        """SHA-256 in hex: as long as it is the same, the miner finds the same."""
        return hashlib.sha256(repr((miner.version, self)).encode()).hexdigest()


def load_basis(conn: Connection, call: Call) -> Basis:
    """The call's words and its company's catalogue. Raises NotFound where it has no transcript."""
    return Basis(
        transcript=transcripts.load(conn, call.id),
        rivals=tuple(entry.competitor for entry in catalogue(conn, call.company_id)),
        own_names=own_names(conn, call.company_id),
    )
