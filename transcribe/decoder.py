"""From windows of speech to words: faster-whisper below its own pipelines, at encode, generate and
align.

Windows of all channels are decoded together, greedily, and only a window that failed is decoded a
second time.
"""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Any

import numpy as np

from transcribe.doubles import SoundedWord
from transcribe.gates import UNSURE, Decoding, Reason, crammed, doubt, heard_alike, recited
from transcribe.languages import ENGLISH, Languages, Vote, foreign
from transcribe.seams import put_right
from transcribe.transcript import Word
from transcribe.vocabulary import fit, prompt
from transcribe.whisper import (
    Encoded,
    Mel,
    aligned,
    encoded,
    generated,
    grouped,
    language_shares,
    suppressed,
    together,
    tokenizer_for,
)
from transcribe.windows import RATE, Window

MEL_HOP = 160  # samples a column of the spectrogram
MEL_COLUMNS = 3000  # of a window of 30 seconds
HEARINGS = 3  # of one stretch of speech at most
LONGEST_TEXT = 448  # tokens, prompt included: Whisper's own limit
HARDER = ({"beam_size": 5}, {"beam_size": 1, "repetition_penalty": 1.1, "no_repeat_ngram_size": 3})
"""How a window that failed is decoded again. Nothing here is left to chance: what is heard after a
worker was killed is what would have been heard."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard in each of some windows, and how often it took what."""

    words: list[list[SoundedWord]]
    counts: Counter[str]  # windows, and their samples; redecoded, reheard: of these; words dropped
    # by the name of the reason
    foreign: Counter[str]  # samples of sound left out because it is in that other language


@dataclass(frozen=True, slots=True)
class _Spoken:
    """A window, and the language it is heard in."""

    language: str
    window: Window


@dataclass(frozen=True, slots=True)
class _Taken:
    """A window as the decoder takes it, and what the model says of its language."""

    sound: Encoded
    vote: Vote


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One decoding of one window."""

    tokens: list[int]
    decoding: Decoding


class Decoder:
    """Turns windows into words, for one recording. Several threads may use it at once."""

    def __init__(
        self, model: Any, languages: Languages, vocabulary: Sequence[str], hands: Executor
    ) -> None:
        """`hands`: what encodes windows, as many at once as the model has lanes."""
        self._model = model
        self._hands = hands
        self._begun: dict[Window, Future[list[_Taken]]] = {}
        self._languages = languages
        self._tokenizers = {name: tokenizer_for(model, name) for name in languages.all}
        self._tokenizer = self._tokenizers[languages.main]  # all share their tokens
        self.vocabulary = fit(vocabulary, lambda text: len(self._tokenizer.encode(text)))
        self._prompts = {
            (name, told): _prompt_of(tokenizer, self.vocabulary if told else ())
            for name, tokenizer in self._tokenizers.items()
            for told in (True, False)
        }
        self._suppressed = suppressed(self._tokenizer)

    def begin(self, window: Window) -> None:
        """Encode a window that `words` will be asked for, while others are still looked for. Where
        several are encoded at once it waits for them."""
        if together(self._model) == 1:
            self._begun[window] = self._hands.submit(_take, self._model, [window])

    def words(self, windows: Sequence[tuple[int, Window]]) -> Heard:
        """The words said in each window, given with its track, at the recording's times.

        Whisper may end its text early, or leap over a part: speech that got no words is heard
        again by itself, a few times, while that brings words. A window in another language than
        its track's has no words: those that the model would find for it are invented.
        """
        samples = sum(window.length for _, window in windows)
        counts = Counter({"windows": len(windows), "samples": samples})
        left_out: Counter[str] = Counter()
        found: list[list[SoundedWord]] = [[] for _ in windows]
        todo = [(i, _Spoken(self._languages.of(on), w)) for i, (on, w) in enumerate(windows)]
        for _ in range(HEARINGS):
            if not todo:
                break
            heard = self._decode([spoken for _, spoken in todo], counts, left_out)
            now, todo = todo, []
            for (index, spoken), words in zip(now, heard, strict=True):
                found[index] += words
                if words and (rest := spoken.window.unheard([(w.start, w.end) for w in words])):
                    counts["reheard"] += 1
                    todo.append((index, _Spoken(spoken.language, rest)))
        ordered = [sorted(words, key=lambda word: word.start) for words in found]
        return Heard(ordered, counts, left_out)

    def _decode(
        self, spoken: Sequence[_Spoken], counts: Counter[str], left_out: Counter[str]
    ) -> list[list[SoundedWord]]:
        taken = self._taken([one.window for one in spoken])
        sounds, votes = [one.sound for one in taken], [one.vote for one in taken]
        attempts = self._attempt(sounds, [one.language for one in spoken], beam_size=1)
        texts: list[list[int]] = []
        for one, sound, vote, attempt in zip(spoken, sounds, votes, attempts, strict=True):
            if (other := foreign(vote, one.language)) is not None:
                left_out[other] += one.window.length
                texts.append([])
            else:
                settled = self._settled(one, sound, attempt, counts)
                texts.append(self._believed(settled, counts))
        return [
            self._placed(one.window, _whole(pieces), counts)
            for one, pieces in zip(spoken, self._aligned(spoken, texts, sounds), strict=True)
        ]

    def _taken(self, windows: Sequence[Window]) -> list[_Taken]:
        jobs = [self._job(group) for group in grouped(self._model, windows)]
        return [taken for job in jobs for taken in job.result()]

    def _job(self, group: Sequence[Window]) -> Future[list[_Taken]]:
        begun = self._begun.pop(group[0], None)
        return begun if begun is not None else self._hands.submit(_take, self._model, group)

    def _aligned(
        self, spoken: Sequence[_Spoken], texts: Sequence[list[int]], sounds: Sequence[Encoded]
    ) -> list[list[dict[str, Any]]]:
        """The texts in pieces with their times: one language after the other, since the aligner
        takes but one at a time."""
        columns = [min(one.window.length // MEL_HOP, MEL_COLUMNS) for one in spoken]
        found: list[list[dict[str, Any]]] = [[] for _ in spoken]
        for language in dict.fromkeys(one.language for one in spoken):
            mine = [n for n, one in enumerate(spoken) if one.language == language and texts[n]]
            asked = [(texts[n], sounds[n], columns[n]) for n in mine]
            for n, pieces in zip(
                mine, aligned(self._model, self._tokenizers[language], asked), strict=True
            ):
                found[n] = pieces
        return found

    def _attempt(
        self, sounds: Sequence[Encoded], languages: Sequence[str], told: bool = True, **how: Any
    ) -> list[_Attempt]:
        """Decode a window in each of these languages; `told`: with the names that are expected."""
        results = generated(
            self._model,
            sounds,
            [self._prompts[language, told] for language in languages],
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

    def _settled(
        self, spoken: _Spoken, sound: Encoded, attempt: _Attempt, counts: Counter[str]
    ) -> _Attempt:
        """The window decoded as well as it can be."""
        if attempt.decoding.failed:
            counts["redecoded"] += 1
            attempt = self._again(spoken, sound, attempt)
        return self._unrecited(spoken, sound, attempt, counts)

    def _again(self, spoken: _Spoken, sound: Encoded, first: _Attempt) -> _Attempt:
        """Decode a window that failed with more effort, twice at most; return the best."""
        tried = [first]
        for how in HARDER:
            tried += self._attempt([sound], [spoken.language], **how)
            if not tried[-1].decoding.failed:
                break
        # Where the model went in circles, what it is not sure of either is one more guess.
        circled = any(attempt.decoding.circles for attempt in tried)
        refused = [attempt for attempt in tried if attempt.decoding.refused]
        usable = [
            attempt
            for attempt in tried
            if not attempt.decoding.refused
            and not (circled and attempt.decoding.mean_log_probability <= UNSURE)
        ]
        return max(usable or refused, key=lambda attempt: attempt.decoding.mean_log_probability)

    def _unrecited(
        self, spoken: _Spoken, sound: Encoded, attempt: _Attempt, counts: Counter[str]
    ) -> _Attempt:
        """The same, unless its names are but the prompt's: then as heard without a prompt."""
        run = recited(attempt.decoding.text, self.vocabulary)
        if not run:
            return attempt
        counts["redecoded"] += 1
        untold = self._attempt([sound], [spoken.language], told=False, beam_size=1)[0]
        if heard_alike(run, untold.decoding.text):
            return attempt
        counts[Reason.PROMPT] += len(run.split())
        return untold

    def _believed(self, attempt: _Attempt, counts: Counter[str]) -> list[int]:
        """Its tokens, without those that go round in a loop; none where it is refused."""
        decoding = attempt.decoding
        words = len(decoding.text.split())
        if (reason := decoding.refused) is not None:
            counts[reason] += words
            return []
        if again := words - len(decoding.unlooped.split()):
            counts[Reason.LOOP] += again
            tokens: list[int] = self._tokenizer.encode(f" {decoding.unlooped}")
            return tokens
        return attempt.tokens

    def _placed(self, window: Window, heard: list[Word], counts: Counter[str]) -> list[SoundedWord]:
        """Words of a window's time as words of the recording's, piece by piece as believed."""
        fast = crammed(heard)
        counts[Reason.FAST] += len(fast)
        heard = [word for at, word in enumerate(heard) if at not in fast]
        by_piece: list[list[SoundedWord]] = [[] for _ in window.pieces]
        for word in heard:
            index, start, end = window.place(word.start, word.end)
            by_piece[index].append(
                SoundedWord(
                    word.text,
                    round(start, 2),
                    round(end, 2),
                    round(word.probability, 3),
                    window.pieces[index].level(start, end),
                )
            )
        said: list[SoundedWord] = []
        by_piece = put_right(by_piece, window.pieces)
        for piece, words in zip(window.pieces, by_piece, strict=True):
            if (reason := doubt(words, len(piece.samples) / RATE)) is None:
                said += words
            else:
                counts[reason] += len(words)
        return said


def vote_of(model: Any, window: Window) -> Vote:
    """What the model says of one window's language."""
    return _take(model, [window])[0].vote


def _take(model: Any, windows: Sequence[Window]) -> list[_Taken]:
    """Windows that are encoded at once."""
    sounds = encoded(model, [_mel(model, window) for window in windows])
    votes = _votes(model, sounds, windows)
    return [_Taken(sound, vote) for sound, vote in zip(sounds, votes, strict=True)]


def _votes(model: Any, sounds: Sequence[Encoded], windows: Sequence[Window]) -> list[Vote]:
    """What the model says of each window's language."""
    if not model.model.is_multilingual:
        return [Vote(window.length / RATE, {ENGLISH: 1.0}) for window in windows]
    return [
        Vote(window.length / RATE, {name[2:-2]: share for name, share in shares})  # "<|en|>"
        for window, shares in zip(windows, language_shares(model, sounds), strict=True)
    ]


def _mel(model: Any, window: Window) -> Mel:
    """The window's log-mel spectrogram, (mels, MEL_COLUMNS).

    Padded with silence before the transform, as in Whisper's training; faster-whisper pads
    the spectrogram with zeros, which are no silence, and hears a little worse.
    """
    sound = np.zeros(MEL_COLUMNS * MEL_HOP, np.float32)
    sound[: window.length] = window.sound()
    columns: Mel = model.feature_extractor(sound, padding=0)
    return columns[:, :MEL_COLUMNS]


def _prompt_of(tokenizer: Any, vocabulary: Sequence[str]) -> list[int]:
    start = [*tokenizer.sot_sequence, tokenizer.no_timestamps]
    if not vocabulary:
        return start
    return [tokenizer.sot_prev, *tokenizer.encode(prompt(vocabulary)), *start]


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
