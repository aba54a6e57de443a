"""The reader: what the trained model makes of each turn of a call.

For who builds on it (the detectors):

    reader = Reader.load()            # checks the files, starts no threads: safe before a fork
    readings, mentions = reader.read(turns, [(turn_index, start_char, end_char), ...])
    for turn, reading in zip(turns, readings):
        if reading.objection >= reader.thresholds.objection:
            category = max(reading.categories, key=reading.categories.__getitem__)
    for mention in mentions:
        if mention.rival >= reader.thresholds.rival: ...

It reads reader.onnx.gz, tokenizer.json and card.json beside this file, or those that were retrained
and promoted here (`promote`); the card holds the model's checksum, and how to turn its raw scores
into probabilities.
"""

import gzip
import hashlib
import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from ingest.base.errors import BadSetup
from ingest.base.settings import settings
from insights.insight import Category, Stance
from insights.model.encoding import MARKS, Encoding, Mentioned, Said, Window
from transcribe.transcript import Speaker, Turn

if TYPE_CHECKING:
    import onnxruntime

HERE = Path(__file__).parent
Numbers = NDArray[np.float32]
KINDS = 2 + len(Category)  # scores of a part before those of the themes
WORDS = 3 + len(Stance)  # scores of a word piece: objection, request, rival, stances


class Carry(NamedTuple):
    """How much one word, the characters [start_char, end_char) of the turn, carries an objection
    or a request, from 0 to 1: to be compared within a turn, for choosing the clause to quote; and
    how likely it is a rival's name."""

    start_char: int
    end_char: int
    objection: float
    request: float
    rival: float


@dataclass(frozen=True, slots=True)
class Reading:
    """One turn's reading. `objection` and `request` are calibrated probabilities; `categories`
    are those of an objection, if there is one (they sum to 1; a turn with two is very rare);
    `wish` is the known theme that a request, if it is one, comes nearest to, and how near (cosine);
    `meaning` is what it wishes, a unit vector: two of one model are as alike as their cosine.
    A seller's turn reads 0 and carries nothing: only the buyer's side objects and wishes."""

    objection: float
    request: float
    categories: dict[Category, float]
    wish: tuple[str, float]
    meaning: Numbers = field(compare=False)  # as arrays are not compared as a whole
    carries: tuple[Carry, ...]


@dataclass(frozen=True, slots=True)
class Mention:
    """One name's reading: how likely it is a rival and no word in its ordinary sense or other
    name, and the stances, if it is one (they sum to 1)."""

    rival: float
    stances: dict[Stance, float]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From which probability on something counts, chosen by cross-validation over companies."""

    objection: float
    request: float
    rival: float


@dataclass(frozen=True, slots=True)
class Scale:
    """From a raw score to a probability: sigmoid(slope x score + bias), after Platt (1999)."""

    slope: float
    bias: float = 0.0

    def probability(self, score: float) -> float:
        return 1.0 / (1.0 + math.exp(-max(-50.0, min(50.0, self.slope * score + self.bias))))

    def shares(self, scores: Numbers) -> Numbers:
        """Softmax at the temperature 1 / slope."""
        powers = np.exp((scores - scores.max()) * self.slope)
        shares: Numbers = powers / powers.sum()
        return shares


NOTHING = np.zeros(0, dtype=np.float32)
SILENT = Reading(0.0, 0.0, dict.fromkeys(Category, 1 / len(Category)), ("", 0.0), NOTHING, ())


class Reader:
    """Runs the model on onnxruntime. One thread uses a reader at a time."""

    def __init__(self, folder: Path, card: dict[str, Any], threads: int) -> None:
        self._folder, self._threads = folder, threads
        self.version: str = card["version"]
        self.thresholds = Thresholds(**card["thresholds"])
        self._themes: list[str] = card["themes"]
        self._scales = {head: Scale(**scale) for head, scale in card["scales"].items()}

    @classmethod
    def load(cls, folder: Path | None = None, *, threads: int = 1) -> Self:
        """Check the model in `folder`, or else the one in use here: what `earshot retrain`
        promoted, or the shipped one. BadSetup where it is absent, altered or of another kind."""
        if folder is None:
            from insights.model.promote import in_use  # here: it loads readers itself

            return cls.load(in_use(settings().home), threads=threads)
        try:
            card = json.loads((folder / "card.json").read_bytes())
            for name, sha256 in card["sha256"].items():
                if hashlib.sha256((folder / name).read_bytes()).hexdigest() != sha256:
                    raise BadSetup(
                        f"{folder / name} is not the file that its card.json describes: "
                        "reinstall Earshot, or train the model again."
                    )
            return cls(folder, card, threads)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadSetup(
                f"The model in {folder} cannot be used ({error}): "
                "reinstall Earshot, or train the model again."
            ) from error

    def read(
        self, turns: Sequence[Turn], names: Sequence[Mentioned] = ()
    ) -> tuple[list[Reading], list[Mention]]:
        """Read each turn in its conversation, and how each name is spoken of. The names are
        hidden from all readings: what is said of one tells more than which one it is."""
        said, places = self._encoding.masked(self._encoding.said(turns), names)
        named = [(turn, at) for (turn, _, _), at in zip(names, places, strict=True)]
        scores: dict[int, list[Numbers]] = {}
        pieces = [np.full((len(turn.ids), WORDS), -np.inf, dtype=np.float32) for turn in said]
        for window in self._encoding.windows(said, {turn for turn, _ in named}):
            of_parts, of_pieces, wishes, themes = self.run(window)
            of_parts = np.hstack([of_parts, themes, wishes])
            for part, score in zip(window.parts, of_parts, strict=True):
                scores.setdefault(part.turn, []).append(score)
                here = pieces[part.turn][part.first : part.first + part.count]
                np.maximum(here, of_pieces[part.at : part.at + part.count], out=here)
        readings = [
            SILENT
            if turn.speaker is Speaker.SELLER or n not in scores
            else self._reading(turn, said[n], np.stack(scores[n]), pieces[n][:, :3])
            for n, turn in enumerate(turns)
        ]
        return readings, [self._mention(pieces[turn][at]) for turn, at in named]

    @cached_property
    def _encoding(self) -> Encoding:
        from tokenizers import Tokenizer

        return Encoding(Tokenizer.from_file(str(self._folder / "tokenizer.json")))

    @cached_property
    def _session(self) -> "onnxruntime.InferenceSession":
        import onnxruntime  # here, and not on load: its threads do not survive a fork

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        return onnxruntime.InferenceSession(
            gzip.decompress((self._folder / "reader.onnx.gz").read_bytes()),
            options,
            providers=["CPUExecutionProvider"],
            disabled_optimizers=["SkipLayerNormFusion"],  # its kernel is slower than what it joins
        )

    def run(self, window: Window) -> tuple[Numbers, Numbers, Numbers, Numbers]:
        """Raw scores of one window alone: int8 takes its scale from the whole input, so that in a
        batch its neighbours would change a turn's reading. Returns the parts' scores, (parts, 13):
        objection, request, categories; the pieces', (judged, 9): objection, request, rival,
        stances; the parts' wishes, (parts, width); and how near these come to the known themes,
        (parts, themes)."""
        member = np.zeros((1, len(window.parts), len(window.judged)), dtype=np.float32)
        for n, part in enumerate(window.parts):
            member[0, n, part.at - MARKS : part.at + part.count] = 1.0
        ids, judged = (np.array([one], dtype=np.int64) for one in (window.ids, window.judged))
        scores = self._session.run(None, {"ids": ids, "judged": judged, "member": member})
        turns, words, wishes, themes = (score[0] for score in scores)
        return turns, words, wishes, themes

    def _reading(self, turn: Turn, said: Said, scores: Numbers, pieces: Numbers) -> Reading:
        """`scores` are those of the turn's parts: what stands in one of them stands in it."""
        strongest = scores[scores[:, 0].argmax()]
        shares = self._scales["category"].shares(strongest[2:KINDS])
        wished = scores[scores[:, 1].argmax(), KINDS:]
        themes, meaning = np.split(wished, [len(self._themes)])
        return Reading(
            objection=self._scales["objection"].probability(float(scores[:, 0].max())),
            request=self._scales["request"].probability(float(scores[:, 1].max())),
            categories=dict(zip(Category, map(float, shares), strict=True)),
            wish=(self._themes[themes.argmax()], float(themes.max())),
            meaning=meaning,
            carries=_carries(turn.text, said.spans, 1 / (1 + np.exp(-np.clip(pieces, -50, 50)))),
        )

    def _mention(self, scores: Numbers) -> Mention:
        shares = self._scales["stance"].shares(scores[3:])
        return Mention(
            rival=self._scales["rival"].probability(float(scores[2])),
            stances=dict(zip(Stance, map(float, shares), strict=True)),
        )


def _carries(
    text: str, spans: Sequence[tuple[int, int]], pieces: NDArray[np.floating[Any]]
) -> tuple[Carry, ...]:
    """Word pieces' scores, of shape (pieces, 3), as words' scores: a word's is its pieces' mean."""
    starts, ends = np.array(spans, dtype=int).reshape(-1, 2).T
    found = []
    for word in re.finditer(r"\S+", text):
        first = np.searchsorted(ends, word.start(), side="right")
        last = np.searchsorted(starts, word.end())
        if first < last:
            scores = map(float, pieces[first:last].mean(axis=0))
            found.append(Carry(word.start(), word.end(), *scores))
    return tuple(found)
