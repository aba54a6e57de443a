"""What the model made up and nobody said: pure.

Whisper fills what it cannot hear with what it read most: thanks for watching, the same words
over and over, the names it was told to expect. Voice activity keeps most of it out; these gates
look at what came back, each for one reason, and what they drop is counted by that reason.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from rapidfuzz import fuzz

from transcribe.transcript import Word

LOOPING = 2.4  # text that shrinks more than this by zlib repeats itself (Whisper's own limit)
UNSURE = -1.0  # mean log-probability a token, below which a decoding has failed (Whisper's own)
NO_SPEECH = 0.6  # probability of no speech, above which a doubtful decoding is dropped (likewise)
DOUBTFUL = -0.5  # … and below which it is: speech on our calls is at -0.25, tones at -0.8
HARDLY = -0.8  # … and below which it is hardly speech at all, and less repetition tells so
POOR = 0.35  # mean probability of a piece's words, below which it is noise put into words
FAINT = 0.6  # … and below which a stock phrase or a sentence said again is not believed
FASTEST = 9.0  # words a second: auctioneers reach some 7
FEW = 3  # words: too few to speak of a rate
FAST_RUN = 12  # words: on our calls so many take 2.0 s at least, and 1.3 s are too few
LOOP_TIMES = 4  # people say a thing three times over …
LOOP_WORDS = 12  # … and "no" or "yes" more often, but not for so many words
BABBLE = 6  # words or more, half of them said before: doubtful ones turn about themselves
NEW, HARDLY_NEW = 0.5, 0.6  # at most, of doubtful words: people's are 0.64 and more in a window
LONG_PHRASE, LONG_TIMES = 8, 3  # so many words nobody says three times over alike
LOOP_PHRASE = 40  # words: the longest phrase looked for in a loop
RETOLD = 12  # words or more that stood there before: somebody says a sentence once more
ALIKE = 60  # of rapidfuzz's 100: letters in common by chance reach some 50
STOCK = frozenset(
    {
        "",
        "thank you",
        "thank you very much",
        "thank you so much",
        "thank you so much for watching",
        "thank you bye",
        "thanks",
        "thanks for watching",
        "thank you for watching",
        "thanks for listening",
        "thank you for listening",
        "i ll see you next time",
        "see you next time",
        "see you in the next video",
        "please subscribe",
        "like and subscribe",
        "please subscribe to my channel",
        "subtitles by the amara org community",
        "i m sorry",
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
        "music",
        "applause",
        "silence",
    }
)
"""What Whisper writes into sound without words (see openai/whisper discussion 679)."""


class Reason(StrEnum):
    """Why words are dropped."""

    NO_SPEECH = "no_speech"  # there was nobody to say them
    POOR = "poor"  # noise put into words
    STOCK = "stock"  # what Whisper writes into silence
    FAST = "fast"  # faster than anybody speaks
    LOOP = "loop"  # the same again and again
    PROMPT = "prompt"  # the names it was told to expect
    ECHO = "echo"  # the other channel's, faintly


@dataclass(frozen=True, slots=True)
class Decoding:
    """What the decoder says of its own text of a window."""

    text: str
    mean_log_probability: float  # a token
    no_speech: float  # probability that there is no speech

    @property
    def repetition(self) -> float:
        """How often zlib can shrink the text: 1 to 2 for speech, more for loops."""
        return _shrinks(self.text)

    @property
    def failed(self) -> bool:
        """Whether it is worth decoding again."""
        return self.repetition > LOOPING or self.mean_log_probability < UNSURE

    @property
    def refused(self) -> Reason | None:
        """Why none of its words may be used; a loop that can be cut out costs only itself."""
        if self.no_speech > NO_SPEECH and self.mean_log_probability < DOUBTFUL:
            return Reason.NO_SPEECH
        if self.circles:
            return Reason.LOOP
        if self.mean_log_probability < DOUBTFUL and self._babbles:
            return Reason.LOOP
        return Reason.LOOP if _shrinks(_untold(self.unlooped)) > LOOPING else None

    @property
    def _babbles(self) -> bool:
        said = [plain(word) for word in self.text.split()]
        most = HARDLY_NEW if self.mean_log_probability < HARDLY else NEW
        return len(said) >= BABBLE and len(set(said)) <= most * len(said)

    @property
    def circles(self) -> bool:
        """Whether it says one thing again and again and nothing else: of sound, not of speech."""
        words, left = len(self.text.split()), len(self.unlooped.split())
        return 0 < left * LOOP_TIMES <= words

    @property
    def unlooped(self) -> str:
        """The text with each loop's phrase but once."""
        words = self.text.split()
        looping = loops([plain(word) for word in words])
        return " ".join(word for at, word in enumerate(words) if at not in looping)


def _untold(text: str) -> str:
    """The text without stretches of RETOLD words or more that were said before."""
    words = text.split()
    said = [plain(word) for word in words]
    told: set[tuple[str, ...]] = set()
    again: set[int] = set()
    for at in range(len(said) - RETOLD + 1):
        if at >= RETOLD:
            told.add(tuple(said[at - RETOLD : at]))
        if tuple(said[at : at + RETOLD]) in told:
            again.update(range(at, at + RETOLD))
    return " ".join(word for at, word in enumerate(words) if at not in again)


def _shrinks(text: str) -> float:
    data = text.encode()
    return len(data) / len(zlib.compress(data)) if data else 0.0


def doubt(words: Sequence[Word], seconds: float) -> Reason | None:
    """Why the words of one piece of speech, `seconds` long, were not said; None if they were."""
    if not words:
        return None
    sure = sureness(words)
    if sure < POOR:
        return Reason.POOR
    if len(words) > FEW and len(words) > FASTEST * seconds:
        return Reason.FAST
    if sure < FAINT and plain(" ".join(word.text for word in words)) in STOCK:
        return Reason.STOCK
    return None


def sureness(words: Sequence[Word]) -> float:
    """The mean probability of one word or more."""
    return sum(word.probability for word in words) / len(words)


def loops(words: Sequence[str]) -> frozenset[int]:
    """The places of words that only say once more what was said right before, LOOP_TIMES or more
    (a long phrase LONG_TIMES) and for LOOP_WORDS or more in all; where a phrase is said first is
    none of them."""
    found: set[int] = set()
    at = 0
    while at < len(words):
        phrase, times = _round(words, at)
        found.update(range(at + phrase, at + phrase * times))
        at += phrase * times
    return frozenset(found)


def _round(words: Sequence[str], at: int) -> tuple[int, int]:
    """How long the phrase is that loops from `at` on, and how often it is said; 1, 1 for none."""
    for phrase in range(1, min(LOOP_PHRASE, (len(words) - at) // LONG_TIMES) + 1):
        times = 1
        while words[at + phrase * times : at + phrase * (times + 1)] == words[
            at : at + phrase
        ] and at + phrase * (times + 1) <= len(words):
            times += 1
        fewest = LOOP_TIMES if phrase < LONG_PHRASE else LONG_TIMES
        if times >= fewest and phrase * times >= LOOP_WORDS:
            return phrase, times
    return 1, 1


def crammed(words: Sequence[Word]) -> frozenset[int]:
    """The places of words, in time's order, of which FAST_RUN are said faster than FASTEST."""
    shortest = FAST_RUN / FASTEST
    return frozenset(
        place
        for at in range(len(words) - FAST_RUN + 1)
        if words[at + FAST_RUN - 1].end - words[at].start < shortest
        for place in range(at, at + FAST_RUN)
    )


def recited(text: str, names: Sequence[str]) -> str:
    """The longest run in the text of names in the order in which they were told, two or more; or
    of one, where the text is that one. Empty for none.

    Somebody may have said them so: only a decoding that was not told the names can tell.
    """
    said = plain(text).split()
    keys = [key for name in names if (key := plain(name).split())]
    best = max((_run(said, at, keys) for at in range(len(said))), default=(0, []))
    return " ".join(best[1]) if best[0] > 1 or best[1] == said else ""


def _run(said: list[str], at: int, keys: Sequence[list[str]]) -> tuple[int, list[str]]:
    """How many names of `keys`, in their order, stand side by side from `at` on; their words."""
    count, end = 0, at
    for key in keys:
        start = end + (count > 0 and said[end : end + 1] in (["and"], ["or"]))
        if said[start : start + len(key)] == key:
            count, end = count + 1, start + len(key)
    return count, said[at:end]


def heard_alike(run: str, untold: str) -> bool:
    """Whether what was heard without the names sounds like a run of them somewhere: "road lark and
    a tally" is "roadlark anchor tully" as somebody said it who was not expected to."""
    return fuzz.partial_ratio(run.replace(" ", ""), plain(untold).replace(" ", "")) >= ALIKE


def plain(text: str) -> str:
    """The text in lower case without signs."""
    return " ".join("".join(c if c.isalnum() else " " for c in text.lower()).split())
