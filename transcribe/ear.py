"""An ear for recordings of which nothing is kept: heard while somebody waits, one at a time."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from ingest.base.errors import Unavailable
from ingest.base.settings import Settings
from transcribe.engine import Hearer
from transcribe.transcript import Transcript

PATIENCE_SECONDS = 30.0
"""How long a recording waits for the one before it: most clients give up after a minute or more,
and come again when they are told to."""


class EarBusy(Unavailable):
    """Another recording is still being heard."""

    code = "hearing-busy"


class Ear:
    """Loads its model with the first recording and keeps it; any thread may use it.

    One at a time: each hearing takes all the threads it is given, and memory of its own.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._turn = threading.Lock()
        self._hearer: Hearer | None = None

    def hear(
        self,
        path: Path,
        *,
        language: str | None,
        vocabulary: Sequence[str],
        on_progress: Callable[[float], None],
    ) -> Transcript:
        """What is said in the recording at `path`; what `on_progress` raises ends the hearing.

        Raises EarBusy after PATIENCE_SECONDS, and what `Hearer` and its `hear` raise.
        """
        if not self._turn.acquire(timeout=PATIENCE_SECONDS):
            raise EarBusy("Another recording is being heard: send this one again in a moment.")
        try:
            if self._hearer is None:
                self._hearer = Hearer(self._settings)
            return self._hearer.hear(
                path, language=language, vocabulary=vocabulary, on_progress=on_progress
            )
        finally:
            self._turn.release()
