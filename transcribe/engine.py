"""The ear: faster-whisper, and the only place that imports it.

It is entered below its own pipelines, at encode, generate and align: speech is found on a
stream and packed by `listening`, windows of all channels are decoded together, greedily, and
only a window that failed is decoded a second time.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ingest import audio
from ingest.base.errors import BadMetadata, BadSetup, Unavailable
from ingest.base.settings import Settings
from transcribe.gates import Decoding, believe
from transcribe.listening import Detector, Listener
from transcribe.speakers import turns
from transcribe.transcript import Transcript, Word
from transcribe.vocabulary import fit, prompt
from transcribe.weights import model_path
from transcribe.windows import FRAME, RATE, Samples, Window

__all__ = ["Hearer", "batched_pipeline", "load_model", "model_path"]

BATCH = 4  # windows decoded together: more is no faster on a processor, and takes memory
BATCH_CUDA = 16
MEL_HOP = 160  # samples a column of the spectrogram
MEL_COLUMNS = 3000  # of a window of 30 seconds
FAINTER = np.float32(0.1)
"""Silero hears speech in the telephone band far better when it is played to it faintly: on our
8 kHz sample it misses 83 % of the buyer's sound as recorded and by its own thresholds, 23 % at a
tenth of the loudness, 1.4 % with ours as well. Other speech and sounds fare the same either way."""
CONTEXT = 64  # samples before a frame that Silero takes along
HEARINGS = 3  # of one stretch of speech at most
LONGEST_TEXT = 448  # tokens, prompt included: Whisper's own limit


class Hearer:
    """A loaded model. Load it in the process that uses it: one loaded before a fork hangs."""

    def __init__(self, settings: Settings) -> None:
        self._model = load_model(settings)
        self._name = _describe(settings, self._model)
        self._batch = BATCH_CUDA if self._model.model.device == "cuda" else BATCH

    def hear(
        self,
        path: Path,
        *,
        seller_channel: int = 0,
        language: str = "en",
        vocabulary: Sequence[str] = (),
        on_progress: Callable[[float], None] | None = None,
    ) -> Transcript:
        """Transcribe the recording at `path`; `on_progress` hears how many seconds are done.

        `vocabulary`: names that may be said, the likeliest first; as many as fit are used.
        Memory does not grow with the length of the recording but for its words. Raises what
        `ingest.audio.blocks` raises for a file that cannot be read.
        """
        decoder = _Decoder(self._model, language, vocabulary)
        words: dict[int, list[Word]] = {}
        progress = missing = 0.0
        for batch in self._batches(path):
            heard = decoder.words([window for _, window in batch.windows])
            for (track, _), said in zip(batch.windows, heard, strict=True):
                words.setdefault(track, []).extend(said)
            missing = batch.missing
            progress = max(progress, batch.settled)
            if on_progress is not None:
                on_progress(progress)
        return Transcript(
            turns=turns(words, seller_channel),
            seconds=progress,
            engine=f"faster-whisper {version('faster-whisper')}",
            model=self._name,
            language=decoder.language,
            missing_seconds=missing,
            vocabulary=decoder.vocabulary,
            parameters={
                "beam": 1,
                "windows_redecoded": decoder.redecoded,
                "windows_reheard": decoder.reheard,
                "words_dropped": decoder.dropped,
            },
        )

    def _batches(self, path: Path) -> Iterator["_Batch"]:
        listener = Listener(_new_detector)
        waiting: list[tuple[int, Window]] = []
        seconds = missing = 0.0
        for block in audio.blocks(path, rate=RATE):
            waiting += listener.feed(round(block.start * RATE), block.samples)
            seconds = block.start + block.samples.shape[1] / RATE
            missing += block.missing
            while len(waiting) >= self._batch:
                now, waiting = waiting[: self._batch], waiting[self._batch :]
                starts = (window.pieces[0].start / RATE for _, window in waiting)
                yield _Batch(now, min([listener.settled, *starts]), missing)
        waiting += listener.end()
        while waiting:
            now, waiting = waiting[: self._batch], waiting[self._batch :]
            settled = min((window.pieces[0].start / RATE for _, window in waiting), default=seconds)
            yield _Batch(now, settled, missing)
        yield _Batch([], seconds, missing)


@dataclass(frozen=True, slots=True)
class _Batch:
    """Windows to be decoded together."""

    windows: list[tuple[int, Window]]  # each with its track
    settled: float  # seconds: how far the recording is heard once these are
    missing: float  # seconds of sound so far that could not be decoded


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One decoding of one window."""

    tokens: list[int]
    decoding: Decoding


class _Decoder:
    """Turns windows into words, for one recording."""

    def __init__(self, model: Any, language: str, vocabulary: Sequence[str]) -> None:
        from faster_whisper.tokenizer import Tokenizer

        multilingual = model.model.is_multilingual
        self.language = language if multilingual else "en"
        if self.language not in model.supported_languages:
            raise BadMetadata(
                f"Whisper knows no language {language!r}: correct the call's language, or "
                "EARSHOT_LANGUAGE."
            )
        self.redecoded = 0  # windows whose first decoding failed
        self.reheard = 0  # windows of which a part got no words at first
        self.dropped = 0  # words not believed
        self._model = model
        self._tokenizer = Tokenizer(
            model.hf_tokenizer, multilingual, task="transcribe", language=self.language
        )
        self.vocabulary = fit(vocabulary, lambda text: len(self._tokenizer.encode(text)))
        self._prompt = self._prompt_with(self.vocabulary)
        self._suppressed = _suppressed(self._tokenizer)

    def words(self, windows: Sequence[Window]) -> list[list[Word]]:
        """The words said in each window, at the recording's times.

        Whisper may end its text early, or leap over a part: speech that got no words is heard
        again by itself, a few times, while that brings words.
        """
        found: list[list[Word]] = [[] for _ in windows]
        todo = list(enumerate(windows))
        for _ in range(HEARINGS):
            if not todo:
                break
            heard = self._decode([window for _, window in todo])
            now, todo = todo, []
            for (index, window), words in zip(now, heard, strict=True):
                found[index] += words
                if words and (rest := window.unheard([(w.start, w.end) for w in words])):
                    self.reheard += 1
                    todo.append((index, rest))
        return [sorted(words, key=lambda word: word.start) for words in found]

    def _decode(self, windows: Sequence[Window]) -> list[list[Word]]:
        sound = self._model.encode(np.stack([self._mel(window) for window in windows]))
        attempts = self._attempt(sound, len(windows), beam_size=1)
        for index, attempt in enumerate(attempts):
            if attempt.decoding.failed:
                attempts[index] = self._again(windows[index], attempt)
        texts = [a.tokens if a.decoding.believable else [] for a in attempts]
        columns = [min(window.length // MEL_HOP, MEL_COLUMNS) for window in windows]
        aligned = self._model.find_alignment(self._tokenizer, texts, sound, columns)
        return [
            self._placed(window, _whole(pieces))
            for window, pieces in zip(windows, aligned, strict=True)
        ]

    def _prompt_with(self, vocabulary: Sequence[str]) -> list[int]:
        tokenizer = self._tokenizer
        start = [*tokenizer.sot_sequence, tokenizer.no_timestamps]
        if not vocabulary:
            return start
        return [tokenizer.sot_prev, *tokenizer.encode(prompt(vocabulary)), *start]

    def _mel(self, window: Window) -> npt.NDArray[np.float32]:
        """The window's log-mel spectrogram, (mels, MEL_COLUMNS).

        Padded with silence before the transform, as in Whisper's training; faster-whisper pads
        the spectrogram with zeros, which are no silence, and hears a little worse.
        """
        sound = np.zeros(MEL_COLUMNS * MEL_HOP, np.float32)
        sound[: window.length] = window.sound()
        columns: npt.NDArray[np.float32] = self._model.feature_extractor(sound, padding=0)
        return columns[:, :MEL_COLUMNS]

    def _attempt(self, sound: Any, count: int, **how: Any) -> list[_Attempt]:
        results = self._model.model.generate(
            sound,
            [self._prompt] * count,
            max_length=LONGEST_TEXT,
            return_scores=True,
            return_no_speech_prob=True,
            suppress_tokens=self._suppressed,
            **how,
        )
        return [self._judged(result) for result in results]

    def _judged(self, result: Any) -> _Attempt:
        tokens: list[int] = result.sequences_ids[0]
        decoding = Decoding(
            text=self._tokenizer.decode(tokens).strip(),
            # CTranslate2 divides the score by the length; the end token counts as well.
            mean_log_probability=result.scores[0] * len(tokens) / (len(tokens) + 1),
            no_speech=result.no_speech_prob,
        )
        return _Attempt(tokens, decoding)

    def _again(self, window: Window, first: _Attempt) -> _Attempt:
        """Decode a window that failed with more effort, twice at most; return the best."""
        self.redecoded += 1
        sound = self._model.encode(self._mel(window)[None])
        tried = [first]
        for how in ({"beam_size": 5}, {"beam_size": 1, "sampling_temperature": 0.4}):
            attempt = self._attempt(sound, 1, **how)[0]
            if not attempt.decoding.failed:
                return attempt
            tried.append(attempt)
        usable = [attempt for attempt in tried if attempt.decoding.believable] or tried
        return max(usable, key=lambda attempt: attempt.decoding.mean_log_probability)

    def _placed(self, window: Window, heard: list[Word]) -> list[Word]:
        """Words of a window's time as words of the recording's, piece by piece as believed."""
        by_piece: list[list[Word]] = [[] for _ in window.pieces]
        for word in heard:
            index, start, end = window.place(word.start, word.end)
            by_piece[index].append(
                Word(word.text, round(start, 2), round(end, 2), round(word.probability, 3))
            )
        said: list[Word] = []
        for piece, words in zip(window.pieces, by_piece, strict=True):
            if believe(words, len(piece.samples) / RATE):
                said += words
            else:
                self.dropped += len(words)
        return said


def _whole(pieces: Sequence[dict[str, Any]]) -> list[Word]:
    """Whole words from what the aligner returns: a piece without a blank goes on with a word."""
    words: list[Word] = []
    at = 0.0
    for piece in pieces:
        text = piece["word"].strip()
        if not text:
            continue
        start = max(float(piece["start"]), at)
        at = max(float(piece["end"]), start)
        sure = min(max(float(piece["probability"]), 0.0), 1.0)
        if words and not piece["word"].startswith(" "):
            last = words[-1]
            words[-1] = Word(last.text + text, last.start, at, min(last.probability, sure))
        else:
            words.append(Word(text, start, at, sure))
    return words


def load_model(settings: Settings) -> Any:
    """faster-whisper's model of the settings' weights. Raises Unavailable or BadSetup."""
    from faster_whisper import WhisperModel

    source = model_path(settings)
    device = _device(settings)
    try:
        return WhisperModel(
            str(source),
            device=device,
            compute_type="float16" if device == "cuda" else "int8",
            cpu_threads=settings.hearing_threads,
        )
    except OSError as error:  # a name that is in no local cache, and no hub to fetch it from
        raise Unavailable(
            f"The Whisper model {source} cannot be had: {error}. "
            "Set EARSHOT_WHISPER_MODEL to a folder of weights, or leave it empty."
        ) from error
    except (RuntimeError, ValueError) as error:
        raise BadSetup(f"The Whisper model {source} does not load on {device}: {error}") from error


def batched_pipeline(model: Any) -> Any:
    """faster-whisper's own batched pipeline over `model`: what the bench compares with."""
    from faster_whisper import BatchedInferencePipeline

    return BatchedInferencePipeline(model)


def _device(settings: Settings) -> str:
    import ctranslate2

    if settings.device != "auto":
        return settings.device
    return "cuda" if ctranslate2.get_cuda_device_count() else "cpu"


def _describe(settings: Settings, model: Any) -> str:
    name = Path(settings.whisper_model).name or "base"
    return f"{name} {model.model.compute_type}"


def _suppressed(tokenizer: Any) -> list[int]:
    from faster_whisper.transcribe import get_suppressed_tokens

    return list(get_suppressed_tokens(tokenizer, [-1]))


def _new_detector() -> Detector:
    """Silero's voice activity detector over a stream: it keeps its state between calls."""
    from faster_whisper.vad import get_vad_model

    session = get_vad_model().session
    hidden, cell = (np.zeros((1, 1, 128), np.float32) for _ in range(2))
    before: npt.NDArray[np.float32] = np.zeros(CONTEXT, np.float32)

    def detect(samples: Samples) -> npt.NDArray[np.float32]:
        nonlocal hidden, cell, before
        sound = samples.astype(np.float32) * (FAINTER / 32768)
        frames = sound.reshape(-1, FRAME)
        contexts = np.concatenate([before[None], frames[:-1, -CONTEXT:]])
        before = frames[-1, -CONTEXT:].copy()
        given = np.concatenate([contexts, frames], axis=1)
        found, hidden, cell = session.run(None, {"input": given, "h": hidden, "c": cell})
        probabilities: npt.NDArray[np.float32] = found.reshape(-1)
        return probabilities

    return detect
