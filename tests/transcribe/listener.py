"""A process that hears a recording, and says what it heard and what it took.

python -m tests.transcribe.listener '{"home": …}' RECORDING
"""

import json
import sys
import time
from pathlib import Path

from ingest.base.settings import Settings
from transcribe.engine import Hearer
from transcribe.tuning import peak_mib


def main() -> None:
    ear = Hearer(Settings.model_validate_json(sys.argv[1]))
    before = time.process_time()
    heard = ear.hear(Path(sys.argv[2]))
    said = {
        "model": heard.model,
        "seconds": heard.seconds,
        "words": sum(len(turn.words) for turn in heard.turns),
        "starts": [turn.start for turn in heard.turns],
        "text": " ".join(turn.text for turn in heard.turns),
        "cpu_seconds": time.process_time() - before,
        "peak_mib": peak_mib(),
    }
    sys.stdout.write(json.dumps(said) + "\n")


if __name__ == "__main__":
    main()
