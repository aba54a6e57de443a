"""Levels in PostgreSQL: the table `waveform`."""

from ingest.base.db import Connection
from ingest.waveform.levels import Levels


def kept_levels(conn: Connection, sha256: str) -> Levels | None:
    """What was measured of a recording (its SHA-256 in hex); None where nobody asked for it yet."""
    row = conn.execute(
        "select levels from waveform where audio_sha256 = decode(%s, 'hex')", [sha256]
    ).fetchone()
    return None if row is None else tuple(row[0])


def keep_levels(conn: Connection, sha256: str, levels: Levels) -> None:
    """Keep what was measured of a recording, unless it is kept, or the recording is gone; the
    caller commits."""
    conn.execute(
        """insert into waveform (audio_sha256, levels)
           select sha256, %s from audio where sha256 = decode(%s, 'hex') for key share
           on conflict do nothing""",
        [list(levels), sha256],
    )
