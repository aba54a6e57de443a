"""Which language is spoken on each track, and which windows are in another: pure but for reading
the recording.

The model itself says for a window of speech how likely each language is (Radford et al., "Robust
Speech Recognition via Large-Scale Weak Supervision", 2022, section 2.3). One window may be a
greeting, a name or noise, so a track's language is elected by several.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ingest import audio
from transcribe.listening import Listener
from transcribe.silero import new_detector
from transcribe.transcript import Speaker, Turn
from transcribe.windows import RATE, Window

ENGLISH = "en"

LEAST_SPEECH = 3.0  # seconds: less says too little of a language
WINDOWS = 3  # that vote for a track at most …
ENOUGH = 2  # … and so many, of a track or of all, where each is SURE of the same
SURE = 0.9
MOST = 0.5  # of a track's seconds: a language that is believed in fewer is not elected
SEARCHED = 300.0  # seconds of the recording, in which the second track may stay silent
UNLIKELY = 0.05

CLOSE = (
    *({"no", "nn", "da", "sv"}, {"de", "lb", "nl", "af"}, {"es", "gl", "ca", "oc"}),
    *({"hr", "sr", "bs", "sl"}, {"cs", "sk"}, {"ru", "uk", "be"}, {"az", "tr"}, {"hi", "ur"}),
    *({"zh", "yue"}, {"id", "ms", "jw", "su"}, {"it", "la"}, {"fi", "et"}),
)
"""Languages that the model takes for each other, sure as it may be."""


@dataclass(frozen=True, slots=True)
class Vote:
    """What a window of speech says of its language."""

    seconds: float  # of speech
    shares: Mapping[str, float]  # how likely each is, by ISO 639-1; 1 in all

    @property
    def first(self) -> str:
        """The likeliest language; of several the first by name."""
        return min(self.shares, key=lambda language: (-self.shares[language], language))

    @property
    def sure(self) -> bool:
        """Whether there is little doubt."""
        return self.seconds >= LEAST_SPEECH and self.shares[self.first] >= SURE


@dataclass(frozen=True, slots=True)
class Languages:
    """What each track is heard in, as ISO 639-1."""

    main: str  # of most speech, and of a track that is not named
    by_track: Mapping[int, str] = field(default_factory=dict)

    def of(self, track: int) -> str:
        """The track's language."""
        return self.by_track.get(track, self.main)

    @property
    def all(self) -> tuple[str, ...]:
        """Each language once, the main one first."""
        return tuple(dict.fromkeys([self.main, *self.by_track.values()]))


def decided(votes: Sequence[Vote]) -> bool:
    """Whether no further window of a track has to vote."""
    return len(votes) >= WINDOWS or _agree(votes)


def settled(votes: Mapping[int, Sequence[Vote]], tracks: Collection[int]) -> bool:
    """Whether no window at all has to vote: each track is decided, or all that voted agree."""
    cast = [votes.get(track, ()) for track in tracks]
    if cast and all(cast) and _agree([vote for of_track in cast for vote in of_track]):
        return True
    return bool(cast) and all(decided(of_track) for of_track in cast)


def _agree(votes: Sequence[Vote]) -> bool:
    alike = len({vote.first for vote in votes}) == 1
    return len(votes) >= ENOUGH and alike and all(vote.sure for vote in votes)


def elected(votes: Iterable[Vote]) -> str | None:
    """The language in which most of the seconds are believed to be said; None where too little is
    said, or no language has most of it."""
    votes = list(votes)
    seconds = sum(vote.seconds for vote in votes)
    if seconds < LEAST_SPEECH:
        return None
    language, believed = max(_believed(votes).items(), key=lambda found: (found[1], found[0]))
    return language if believed >= MOST * seconds else None


def languages(votes: Mapping[int, Sequence[Vote]]) -> Languages:
    """Each track's language; one that cannot tell follows the others, or else is English."""
    known = {track: found for track, cast in votes.items() if (found := elected(cast))}
    most = _believed(vote for track in known for vote in votes[track])
    likeliest = (name for name, _ in sorted(most.items(), key=lambda found: (-found[1], found[0])))
    main = next((name for name in likeliest if name in known.values()), ENGLISH)
    return Languages(main, {track: known.get(track, main) for track in votes})


def main_language(
    turns: Sequence[Turn], languages: Languages, left_out: Mapping[str, float]
) -> str:
    """What the call is in: what the buyer speaks, or, where nobody knows who that is, what most
    words are in; but a language of which more was left out than was heard in all.

    `turns` as they come from `speakers`: a turn's voice is its track. `left_out`: seconds.
    """
    heard = sum((turn.end or 0.0) - (turn.start or 0.0) for turn in turns)
    most = max(left_out, key=lambda name: (left_out[name], name), default=None)
    if most is not None and left_out[most] > heard:
        return most
    words: Counter[str] = Counter()
    for turn in [turn for turn in turns if turn.speaker is Speaker.BUYER] or turns:
        words[languages.of(turn.voice)] += len(turn.words)
    return max(words, key=lambda name: (words[name], name), default=languages.main)


def foreign(vote: Vote, language: str) -> str | None:
    """The language of a window that is clearly not in `language`; None where it may be."""
    first = vote.first
    if not vote.sure or vote.shares.get(language, 0.0) >= UNLIKELY:
        return None
    alike = any(first in close and language in close for close in CLOSE)
    return None if alike or first == language else first


def detected(path: Path, vote: Callable[[Window], Vote]) -> Languages:
    """What is spoken in the recording at `path`, by its first windows of speech.

    Reads no further than each track needs, or SEARCHED where one says little. Memory does not grow
    with the recording. Raises what `ingest.audio.blocks` raises.
    """
    listener = Listener(new_detector)
    votes: defaultdict[int, list[Vote]] = defaultdict(list)

    def take(windows: Iterable[tuple[int, Window]]) -> None:
        for track, window in windows:
            if not settled(votes, listener.tracks) and not decided(votes[track]):
                votes[track].append(vote(window))

    for block in audio.blocks(path, rate=RATE):
        take(listener.feed(round(block.start * RATE), block.samples))
        if settled(votes, listener.tracks) or (votes and block.start >= SEARCHED):
            break
    take(listener.end())
    return languages(votes)


def _believed(votes: Iterable[Vote]) -> dict[str, float]:
    """Seconds by language, each second shared out as the model believes."""
    seconds: defaultdict[str, float] = defaultdict(float)
    for vote in votes:
        for language, share in vote.shares.items():
            seconds[language] += vote.seconds * share
    return seconds
