"""Who sells and who buys, by what they say: pure, but for the weights read from beside it.

A voice's words are weighed one by one and in pairs; the weights are learnt from labelled calls
(`transcribe.model.learn_sides`). What counts is the difference between the voices of one call.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise, product
from pathlib import Path

from transcribe.transcript import Speaker, Turn, Voice

WEIGHTS = Path(__file__).parent / "model" / "sides.json"
SURE = 0.8  # from here on a voice that was told apart by its sound is named
SWAPPED = 0.1  # below this, channels are offered for swapping
MOST = 6  # voices named together, the ones that say most; the others stay unknown
GREETINGS = (  # how a company answers its telephone: in none of the calls that were learnt from
    *("for calling", "how can i help", "how may i help", "can i help you", "help you today"),
    *("speaking how", "may i have your", "could i get your"),
)
GREETING = 3.0  # what one of them adds to a voice's score
_TOKEN = re.compile(r"[a-z]+(?:'[a-z]+)?|\d+|\?")


def said(texts: Iterable[str]) -> Counter[str]:
    """How often a voice says each word and each two in a row, in its turns' texts."""
    counts: Counter[str] = Counter()
    for text in texts:
        tokens = ["^", *(_plain(token) for token in _TOKEN.findall(_lower(text))), "$"]
        counts.update(tokens[1:-1])
        counts.update(f"{one} {other}" for one, other in pairwise(tokens))
    return counts


def _lower(text: str) -> str:
    return text.lower().replace("’", "'")


def _plain(token: str) -> str:
    return "0" if token.isdigit() else token


def profile(counts: Mapping[str, int]) -> dict[str, float]:
    """A voice's words as shares of a vector of length 1: who speaks longer weighs no more."""
    damped = {term: math.log1p(count) for term, count in counts.items()}
    length = math.sqrt(sum(value * value for value in damped.values())) or 1.0
    return {term: value / length for term, value in damped.items()}


@dataclass(frozen=True, slots=True)
class Weights:
    """What speaks for a seller (above 0) and for a buyer (below 0), by term."""

    terms: Mapping[str, float]

    @classmethod
    def load(cls) -> "Weights":
        """The shipped ones."""
        return _shipped()

    def score(self, texts: Iterable[str]) -> float:
        """How much a voice sounds like a seller: a logit, to be compared within one call."""
        heard = list(texts)
        greets = any(greeting in _lower(text) for text in heard for greeting in GREETINGS)
        learnt = (self.terms.get(term, 0.0) * value for term, value in profile(said(heard)).items())
        return sum(learnt) + GREETING * greets


@cache
def _shipped() -> Weights:
    return Weights(json.loads(WEIGHTS.read_text(encoding="utf-8"))["terms"])


def selling(texts_by_voice: Mapping[int, Sequence[str]], weights: Weights) -> dict[int, float]:
    """How likely each of a call's voices is a seller's, given that both sides speak.

    Every way to name the voices in which both sides come up is weighed by their scores. Only the
    MOST voices that say most are judged; of a call with one voice, none is.
    """
    longest = sorted(texts_by_voice, key=lambda voice: -sum(map(len, texts_by_voice[voice])))
    judged = sorted(longest[:MOST])
    scores = [weights.score(texts_by_voice[voice]) for voice in judged]
    weighed = {
        naming: sum(score if sells else -score for score, sells in zip(scores, naming, strict=True))
        for naming in product((False, True), repeat=len(judged))
        if any(naming) and not all(naming)
    }
    if not weighed:
        return {}
    most = max(weighed.values())
    shares = {naming: math.exp((logit - most) / 2) for naming, logit in weighed.items()}
    total = sum(shares.values())
    return {
        voice: sum(share for naming, share in shares.items() if naming[index]) / total
        for index, voice in enumerate(judged)
    }


def named(turns: Sequence[Turn]) -> tuple[tuple[Turn, ...], tuple[Voice, ...]]:
    """The turns with their speakers, and the voices with how sure that is.

    Turns whose channel tells the speaker keep him: then it is only said how likely that is right.
    """
    texts: dict[int, list[str]] = {}
    for turn in turns:
        if turn.voice >= 0:
            texts.setdefault(turn.voice, []).append(turn.text)
    by_channel = {t.voice: t.speaker for t in turns if t.speaker is not Speaker.UNKNOWN}
    likely = selling(texts, Weights.load())
    voices = {
        voice: _voice(voice, likely.get(voice), by_channel.get(voice)) for voice in sorted(texts)
    }
    speakers = {voice.number: voice.speaker for voice in voices.values()}
    return (
        tuple(replace(turn, speaker=speakers.get(turn.voice, turn.speaker)) for turn in turns),
        tuple(voices.values()),
    )


def _voice(number: int, selling: float | None, known: Speaker | None) -> Voice:
    if selling is None:
        return Voice(number, known or Speaker.UNKNOWN)
    side = Speaker.SELLER if selling >= 0.5 else Speaker.BUYER
    sure = selling if (known or side) is Speaker.SELLER else 1 - selling
    if known is None and sure < SURE:
        side = Speaker.UNKNOWN
    return Voice(number, known or side, round(sure, 3))


def look_swapped(voices: Sequence[Voice]) -> bool:
    """Whether the sides are set by channel, and what is said on them speaks against it."""
    sure = [voice.confidence for voice in voices if voice.confidence is not None]
    by_person = any(voice.by_person for voice in voices)
    return bool(sure) and not by_person and max(sure) < SWAPPED
