"""The ear: speech is found on a stream, packed by `listening`, and decoded.

A window is encoded as soon as it is found; how many batches are then decoded at once, and of how
many windows, is `tuning`'s to say. Each batch is kept as soon as it is heard, so that a hearing
that broke off goes on from there.
"""

import hashlib
import json
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from itertools import chain, count
from pathlib import Path

from ingest import audio
from ingest.base.settings import Settings
from transcribe import heap, instructions
from transcribe.apart import told_apart
from transcribe.decoder import Decoder, vote_of
from transcribe.doubles import once
from transcribe.hearing import Hearing
from transcribe.kept.batch import HeardBatch, Kept, nothing_kept, words_by_track
from transcribe.languages import ENGLISH, Languages, detected, main_language
from transcribe.listening import Listener
from transcribe.plan import Plan
from transcribe.segmentation import Segmenter
from transcribe.silero import new_detector
from transcribe.speakers import turns
from transcribe.transcript import Transcript
from transcribe.tuning import known
from transcribe.voiceprint import Voiceprinter
from transcribe.whisper import describe, load_model
from transcribe.windows import RATE, Window

RULES = 8
"""Of decoding a window: raise it with `decoder`, `gates` and what they build on, so that no call is
heard half by old rules and half by new ones."""


_OfTrack = tuple[int, Window]
"""A window, after its track's number."""


class Hearer:
    """A loaded model. Load it in the process that uses it: one loaded before a fork hangs."""

    def __init__(self, settings: Settings, plan: Plan | None = None) -> None:
        """`plan`: how to run the model; what is known to suit this machine where it is None.

        Raises Unavailable or BadSetup where the model cannot be had, or does not load.
        """
        instructions.choose()
        self._plan = plan or known(settings).chosen
        heap.share()
        self._model = load_model(settings, self._plan)
        self.model = describe(settings, self._model)  # with the compute type, as it is really run
        self.batch = self._plan.batch
        self._weights = settings.whisper_model
        self._printer = Voiceprinter(settings.threads)
        self._segmenter = Segmenter(settings.threads)

    def hear(
        self,
        path: Path,
        *,
        seller_channel: int = 0,
        language: str | None = None,
        vocabulary: Sequence[str] = (),
        on_progress: Callable[[float], None] | None = None,
        keep: Callable[[str], Kept] = nothing_kept,
    ) -> Transcript:
        """Transcribe the recording at `path`; `on_progress` hears how many seconds are done.

        `keep`: given a SHA-256 (hex) of what decides the words, where their batches are kept.
        `language`: ISO 639-1, what all of it is in; else each track's language is detected.
        `vocabulary`: names that may be said, the likeliest first; as many as fit are used.
        Memory does not grow with the length of the recording but for its words. Raises what
        `ingest.audio.blocks` raises for a file that cannot be read.
        """
        languages = self._languages(path, language)
        heard: list[HeardBatch] = []
        progress = missing = 0.0
        with heap.kept(), _threads(self._plan.lanes) as hands:
            decoder = Decoder(self._model, languages, vocabulary, hands)
            kept = keep(self._ear(languages, decoder))
            with closing(self._heard(path, decoder, kept)) as batches:
                for batch, done in batches:
                    heard.append(done)
                    missing = batch.missing
                    progress = max(progress, batch.settled)
                    if on_progress is not None:
                        on_progress(progress)
        counts = sum((batch.heard.counts for batch in heard), Counter[str]())
        foreign = sum((batch.heard.foreign for batch in heard), Counter[str]())
        once_said, doubled = once(words_by_track(heard))
        spoken = turns(once_said, seller_channel)
        left_out = {name: round(samples / RATE, 1) for name, samples in foreign.items()}
        transcript = Transcript(
            turns=spoken,
            seconds=progress,
            engine=f"faster-whisper {version('faster-whisper')}",
            model=self.model,
            language=main_language(spoken, languages, left_out),
            missing_seconds=missing,
            vocabulary=decoder.vocabulary,
            parameters={
                "beam": 1,
                "batch": self.batch,
                **Hearing.counted(counts + doubled, RATE).parameters,
                "languages": {str(turn.channel): languages.of(turn.voice) for turn in spoken},
                "language_asked": language,
                "foreign_seconds": left_out,
            },
        )
        return told_apart(path, transcript, self._printer, self._segmenter)

    def _languages(self, path: Path, asked: str | None) -> Languages:
        if not self._model.model.is_multilingual:
            return Languages(ENGLISH)
        return Languages(asked) if asked else detected(path, partial(vote_of, self._model))

    def _ear(self, languages: Languages, decoder: Decoder) -> str:
        spoken = [languages.main, sorted(languages.by_track.items())]
        decides = [
            RULES,
            *(version(library) for library in ("faster-whisper", "ctranslate2")),
            *(self._weights, self.model, self.batch, spoken, decoder.vocabulary),
        ]
        return hashlib.sha256(json.dumps(decides).encode()).hexdigest()

    def _heard(
        self, path: Path, decoder: Decoder, kept: Kept
    ) -> Generator[tuple["_Batch", HeardBatch], None, None]:
        """Yield each batch with what was heard in it, in order; the next are heard meanwhile."""
        at_work: deque[tuple[_Batch, Future[HeardBatch]]] = deque()
        with _threads(self._plan.lanes) as threads:
            for number, batch in enumerate(self._batches(path, decoder, kept)):
                at_work.append((batch, threads.submit(batch.words, number, decoder, kept)))
                if len(at_work) > self._plan.lanes:
                    first, future = at_work.popleft()
                    yield first, future.result()
            for last, future in at_work:
                yield last, future.result()

    def _batches(self, path: Path, decoder: Decoder, kept: Kept) -> Iterator["_Batch"]:
        listener = Listener(new_detector)
        waiting: list[_OfTrack] = []
        seconds = missing = 0.0
        first, numbers = True, count()

        def begun(found: Iterable[_OfTrack]) -> Iterator[_OfTrack]:
            """The same, in work unless an earlier hearing heard them; nearly, since which batch a
            window will be of is decided by those that follow."""
            for track, window in found:
                if kept.get(next(numbers) // self.batch) is None:
                    decoder.begin(window)
                yield track, window

        for block in _ahead(audio.blocks(path, rate=RATE)):
            waiting += begun(listener.feed(round(block.start * RATE), block.samples))
            seconds = block.start + block.samples.shape[1] / RATE
            missing += block.missing
            while batches := self._plan.due(waiting, first=first):
                waiting, first = waiting[sum(map(len, batches)) :], False
                yield from _told_how_far(batches, waiting, listener.settled, missing)
        waiting += begun(listener.end())
        for size in self._plan.last_rounds(len(waiting)):
            now, waiting = waiting[:size], waiting[size:]
            yield from _told_how_far(self._plan.dealt(now), waiting, seconds, missing)
        yield _Batch([], seconds, missing)


def _told_how_far(
    batches: Sequence[Sequence[_OfTrack]], later: list[_OfTrack], settled: float, missing: float
) -> Iterator["_Batch"]:
    """Batches, in the order in which they are yielded, with how far the recording is heard after
    each; `settled`: seconds up to which all speech is in them, in `later`, or before."""
    for number, batch in enumerate(batches, 1):
        unheard = [*chain.from_iterable(batches[number:]), *later]
        starts = (window.pieces[0].start / RATE for _, window in unheard)
        yield _Batch(batch, min([settled, *starts]), missing)


def _ahead(blocks: Iterator[audio.Block]) -> Iterator[audio.Block]:
    """The same, each read while the one before is worked on: till speech is found nobody hears."""
    with _threads(1) as reader:
        coming = reader.submit(next, blocks, None)
        while (block := coming.result()) is not None:
            coming = reader.submit(next, blocks, None)
            yield block


@contextmanager
def _threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that, where the work is given up, end with what each has in hand."""
    threads = ThreadPoolExecutor(count, thread_name_prefix="hearing")
    try:
        yield threads
    finally:
        threads.shutdown(cancel_futures=True)


@dataclass(frozen=True, slots=True)
class _Batch:
    """Windows to be decoded together."""

    windows: Sequence[_OfTrack]
    settled: float  # seconds: how far the recording is heard once these are
    missing: float  # seconds of sound so far that could not be decoded

    def words(self, number: int, decoder: Decoder, kept: Kept) -> HeardBatch:
        """What is heard in this batch, the `number`th of its recording, unless that is kept."""
        sound = self._sound()
        known = kept.get(number)
        if known is not None and known.sound == sound:
            return known
        tracks = tuple(track for track, _ in self.windows)
        heard = HeardBatch(sound, self.settled, tracks, decoder.words(self.windows))
        kept.put(number, heard)
        return heard

    def _sound(self) -> str:
        """The windows' SHA-256 (hex)."""
        told = hashlib.sha256()
        for track, window in self.windows:
            for piece in window.pieces:
                told.update(f"{track} {piece.start} {len(piece.samples)} ".encode())
                told.update(piece.samples.tobytes())
        return told.hexdigest()
