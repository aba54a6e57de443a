"""How many words were heard wrong: word error rate against calls whose words are known.

Both sides go through the normaliser of Whisper's own paper (Radford et al. 2022, appendix C),
so that figures compare with the literature's.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from ingest.base.errors import BadMetadata, NotFound
from transcribe.transcript import Speaker, Transcript
from transcribe.vocabulary import Expected, Rival

TRUTH = ".truth.json"
SIDES = {"rep": Speaker.SELLER, "customer": Speaker.BUYER}


@dataclass(frozen=True, slots=True)
class WordErrors:
    """Counts of words after normalising."""

    hits: int = 0
    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0

    @property
    def words(self) -> int:
        """Words that were said."""
        return self.hits + self.substitutions + self.deletions

    @property
    def errors(self) -> int:
        """Words to be changed, added or struck to mend the transcript."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def rate(self) -> float:
        """Errors a word said; 0 where nothing was said and nothing heard."""
        return self.errors / self.words if self.words else float(self.errors > 0)

    def __add__(self, other: "WordErrors") -> "WordErrors":
        return WordErrors(
            self.hits + other.hits,
            self.substitutions + other.substitutions,
            self.deletions + other.deletions,
            self.insertions + other.insertions,
        )


@dataclass(frozen=True, slots=True)
class SpokenTurn:
    """What was said, by whom and when, in seconds."""

    speaker: Speaker
    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Spoken:
    """A recording whose words are known."""

    audio: Path
    call: str
    seconds: float
    sides: dict[str, str]  # what each side says; "both" for a recording on one channel
    names: tuple[str, ...]  # the company's, its product's and its rivals': what must be heard right
    turns: tuple[SpokenTurn, ...] = ()  # in time's order
    expected: Expected = field(default_factory=Expected)  # what is known before it is heard


@dataclass(frozen=True, slots=True)
class SideResult:
    """One side of one recording."""

    file: str
    side: str
    errors: WordErrors


@dataclass(frozen=True, slots=True)
class TranscriptReport:
    """How well a folder of recordings was heard."""

    results: tuple[SideResult, ...]

    @property
    def total(self) -> WordErrors:
        """All sides of all recordings."""
        return sum((result.errors for result in self.results), WordErrors())


def word_error_rate(reference: str, hypothesis: str) -> WordErrors:
    """Compare what was said with what was heard."""
    from jiwer import process_words

    said, heard = normalised(reference), normalised(hypothesis)
    if not said or not heard:  # jiwer takes no empty reference
        return WordErrors(deletions=len(said.split()), insertions=len(heard.split()))
    found = process_words(said, heard)
    return WordErrors(found.hits, found.substitutions, found.deletions, found.insertions)


def normalised(text: str) -> str:
    """English text as it is compared: lower case, no signs, numbers as figures, one spelling."""
    return " ".join(_normaliser()(text).split())


@cache
def _normaliser() -> Callable[[str], str]:
    from whisper_normalizer.english import EnglishTextNormalizer

    normaliser: Callable[[str], str] = EnglishTextNormalizer()
    return normaliser


def evaluate_transcripts(folder: Path, hear: Callable[[Path], Transcript]) -> TranscriptReport:
    """Hear every recording in `folder` that has a `<name>.truth.json`, and count the errors.

    The words come from the labelled call that it names, beside it, in `calls` or in `../calls`.
    Raises NotFound or BadMetadata for a folder that does not hold these.
    """
    results: list[SideResult] = []
    for spoken in spoken_in(folder):
        results += compare(spoken, hear(spoken.audio))
    return TranscriptReport(tuple(results))


def compare(spoken: Spoken, transcript: Transcript) -> Iterator[SideResult]:
    """Count the errors of each side of one recording."""
    heard = texts_by_side(transcript)
    for side, words in spoken.sides.items():
        yield SideResult(spoken.audio.name, side, word_error_rate(words, heard.get(side, "")))


def texts_by_side(transcript: Transcript) -> dict[str, str]:
    """What each speaker was heard to say, and "both": all words by their time."""
    texts = {
        speaker.value: " ".join(turn.text for turn in transcript.turns if turn.speaker is speaker)
        for speaker in Speaker
    }
    return {**texts, "both": " ".join(turn.text for turn in transcript.turns)}


def spoken_in(folder: Path) -> list[Spoken]:
    """The recordings in `folder` whose words are known, by name."""
    truths = sorted(folder.glob(f"*{TRUTH}")) if folder.is_dir() else []
    if not truths:
        raise NotFound(f"{folder} holds no recording with its <name>{TRUTH}.")
    return [_spoken(truth) for truth in truths]


def _spoken(truth: Path) -> Spoken:
    data = _read(truth)
    try:
        call = _read(_call_file(truth.parent, str(data["call"])))
        texts = [str(turn["text"]) for turn in call["turns"]]
        rows = sorted(data["turns"], key=lambda row: float(row["start"]))
        sides = dict(_sides(rows, texts, int(data["channels"])))
        return Spoken(
            audio=_audio_file(truth),
            call=str(data["call"]),
            seconds=float(data["seconds"]),
            sides=sides,
            names=tuple(_names(call["company"])),
            turns=tuple(
                SpokenTurn(
                    SIDES[row["speaker"]],
                    texts[row["turn"]],
                    float(row["start"]),
                    float(row["end"]),
                )
                for row in rows
            ),
            expected=_expected(call),
        )
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise BadMetadata(f"{truth.name} or its call lacks a field: {error!r}.") from error


def _sides(
    rows: Iterable[dict[str, Any]], texts: list[str], channels: int
) -> Iterator[tuple[str, str]]:
    rows = list(rows)
    if channels == 1:
        yield "both", " ".join(texts[row["turn"]] for row in rows)
        return
    for name, speaker in SIDES.items():
        yield speaker.value, " ".join(texts[r["turn"]] for r in rows if r["speaker"] == name)


def _names(company: dict[str, Any]) -> Iterator[str]:
    yield str(company["name"])
    if company.get("product"):
        yield str(company["product"])
    for competitor in company.get("competitors", ()):
        yield from (str(name) for name in (competitor["name"], *competitor.get("aliases", ())))


def _expected(call: dict[str, Any]) -> Expected:
    company = call["company"]
    return Expected(
        company=company["name"],
        product=company.get("product"),
        account=call.get("account"),
        title=call.get("title", ""),
        rivals=tuple(
            Rival(rival["name"], tuple(rival.get("aliases", ())))
            for rival in company.get("competitors", ())
        ),
    )


def _audio_file(truth: Path) -> Path:
    stem = truth.name.removesuffix(TRUTH)
    beside = [p for p in sorted(truth.parent.glob(f"{stem}.*")) if p.suffix != ".json"]
    if not beside:
        raise NotFound(f"{truth.name} has no recording beside it.")
    return beside[0]


def _call_file(folder: Path, call: str) -> Path:
    for place in (folder, folder / "calls", folder.parent / "calls"):
        if (file := place / f"{call}.json").is_file():
            return file
    raise NotFound(f"The words of {call} are missing: put {call}.json beside its recording.")


def _read(file: Path) -> dict[str, Any]:
    try:
        data = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise BadMetadata(f"{file.name} cannot be read as JSON: {error}.") from error
    if not isinstance(data, dict):
        raise BadMetadata(f"{file.name} holds no JSON object.")
    return data
