"""What the model made up and nobody said: pure.

Whisper fills what it cannot hear with what it read most: thanks for watching, the same words
over and over. Voice activity keeps most of it out; these gates look at what came back.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from transcribe.transcript import Word

LOOPING = 2.4  # text that shrinks more than this by zlib repeats itself (Whisper's own limit)
UNSURE = -1.0  # mean log-probability a token, below which a decoding has failed (Whisper's own)
NO_SPEECH = 0.6  # probability of no speech, above which an unsure decoding is dropped (likewise)
POOR = 0.35  # mean probability of a piece's words, below which it is noise put into words
FAINT = 0.6  # … and below which a stock phrase is not believed
FASTEST = 9.0  # words a second: auctioneers reach some 7
FEW = 3  # words: too few to speak of a rate
STOCK = frozenset(
    {
        "thank you",
        "thank you very much",
        "thanks",
        "thanks for watching",
        "thank you for watching",
        "thanks for listening",
        "please subscribe",
        "subtitles by the amara org community",
        "bye",
        "bye bye",
        "you",
        "the",
        "so",
        "okay",
        "oh",
        "uh",
        "um",
        "hmm",
        "mm hmm",
        "beep",
    }
)
"""What Whisper writes into sound without words (see openai/whisper discussion 679)."""


@dataclass(frozen=True, slots=True)
class Decoding:
    """What the decoder says of its own text of a window."""

    text: str
    mean_log_probability: float  # a token
    no_speech: float  # probability that there is no speech

    @property
    def repetition(self) -> float:
        """How often zlib can shrink the text: 1 to 2 for speech, more for loops."""
        data = self.text.encode()
        return len(data) / len(zlib.compress(data)) if data else 0.0

    @property
    def failed(self) -> bool:
        """Whether it is worth decoding again."""
        return self.repetition > LOOPING or self.mean_log_probability < UNSURE

    @property
    def believable(self) -> bool:
        """Whether its words may be used at all."""
        silent = self.no_speech > NO_SPEECH and self.mean_log_probability < UNSURE
        return not silent and self.repetition <= LOOPING


def believe(words: Sequence[Word], seconds: float) -> bool:
    """Whether the words of one piece of speech, `seconds` long, were said."""
    if not words:
        return False
    sure = sum(word.probability for word in words) / len(words)
    if sure < POOR or (len(words) > FEW and len(words) / seconds > FASTEST):
        return False
    return sure >= FAINT or plain(words) not in STOCK


def plain(words: Sequence[Word]) -> str:
    """The words in lower case without signs."""
    kept = "".join(c if c.isalnum() else " " for w in words for c in f"{w.text} ".lower())
    return " ".join(kept.split())
