"""What the shipped reader reaches on labelled calls; it runs without torch.

python -m insights.model.figures DIR
"""

import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from insights.evaluate import wilson
from insights.insight import Category, Kind, Stance
from insights.labels import read_call
from insights.model.encoding import Mentioned
from insights.model.examples import Call, spoken
from insights.model.measure import calibration_error, f1_interval, found
from insights.model.reader import HERE, Carry, Reader, Reading
from transcribe.transcript import Speaker


def read_calls(folder: Path) -> Iterator[Call]:
    """Yield a folder's labelled calls by name."""
    for path in sorted(folder.glob("*.json")):
        call = read_call(path)
        printed = bool(json.loads(path.read_text(encoding="utf-8")).get("asr"))
        yield Call(
            *(call.company, call.transcript.turns, call.truth, call.competitors),
            printed=printed,
            known=call.known,
        )


@dataclass(slots=True)
class Tally:
    """Turns of one kind: what was read, what is true, and in which call."""

    probabilities: list[float] = field(default_factory=list)
    truth: list[bool] = field(default_factory=list)
    call: list[int] = field(default_factory=list)
    overlaps: list[float] = field(default_factory=list)  # of the words to quote, found and true

    def figures(self, threshold: float) -> dict[str, Any]:
        probabilities, truth = np.array(self.probabilities), np.array(self.truth)
        marks = probabilities >= threshold
        counts = found(marks, truth)
        low, high = f1_interval(marks, truth, self.call)
        return {
            "turns": len(truth),
            "there": counts.there,
            "precision": round(counts.precision, 3),
            "recall": round(counts.recall, 3),
            "f1": round(counts.f1, 3),
            "f1_95": [round(low, 3), round(high, 3)],
            "calibration_error": round(calibration_error(probabilities, truth), 3),
            "quote_overlap": round(float(np.mean(self.overlaps or [0.0])), 3),
        }


def share(right: Sequence[bool]) -> dict[str, Any]:
    low, high = wilson(sum(right), len(right))
    value = round(sum(right) / max(1, len(right)), 3)
    return {"of": len(right), "share": value, "share_95": [round(low, 3), round(high, 3)]}


def figures(reader: Reader, calls: Sequence[Call]) -> dict[str, Any]:
    """Figures a kind at turn level, over the turns of those who may be the buyer."""
    tallies = {Kind.OBJECTION: Tally(), Kind.FEATURE_REQUEST: Tally()}
    category: list[bool] = []
    stance: list[bool] = []
    rival = Tally()
    for number, call in enumerate(calls):
        spans, stances = _mentions(call)
        readings, mentions = reader.read(call.turns, spans)
        for index, reading in enumerate(readings):
            if call.turns[index].speaker is not Speaker.SELLER:
                _tally_turn(tallies, call, number, index, reading)
                category += _category(call, index, reading)
        for mention, told in zip(mentions, stances, strict=True):
            rival.probabilities.append(mention.rival)
            rival.truth.append(told is not None)
            rival.call.append(number)
            if told:
                stance.append(max(mention.stances, key=mention.stances.__getitem__) is told)
    thresholds = reader.thresholds
    return {
        "objection": tallies[Kind.OBJECTION].figures(thresholds.objection),
        "request": tallies[Kind.FEATURE_REQUEST].figures(thresholds.request),
        "category": share(category),
        "rival": rival.figures(thresholds.rival),
        "stance": share(stance),
    }


def _tally_turn(
    tallies: dict[Kind, Tally], call: Call, number: int, index: int, reading: Reading
) -> None:
    for kind, tally in tallies.items():
        quotes = [i.quote for i in call.truth if i.turn == index and i.kind is kind]
        objection = kind is Kind.OBJECTION
        tally.probabilities.append(reading.objection if objection else reading.request)
        tally.truth.append(bool(quotes))
        tally.call.append(number)
        if quotes:
            true = {
                c[:2]
                for c in reading.carries
                if any(q.start_char < c.end_char and c.start_char < q.end_char for q in quotes)
            }
            said = {c[:2] for c in _stretch(reading.carries, 2 if objection else 3)}
            tally.overlaps.append(len(true & said) / max(1, len(true | said)))


def _stretch(carries: Sequence[Carry], score: int) -> Sequence[Carry]:
    """The run of words that carries most beyond an even chance: the plainest way to a quote."""
    best, start, total, span = 0.0, 0, 0.0, (0, 0)
    for n, carry in enumerate(carries):
        if total <= 0:
            start, total = n, 0.0
        total += carry[score] - 0.3 * max(c[score] for c in carries)
        if total > best:
            best, span = total, (start, n + 1)
    return carries[slice(*span)]


def _category(call: Call, index: int, reading: Reading) -> list[bool]:
    true = [i.label for i in call.truth if i.turn == index and i.kind is Kind.OBJECTION]
    likeliest = max(reading.categories, key=reading.categories.__getitem__)
    return [likeliest is Category(true[0])] if true else []


def _mentions(call: Call) -> tuple[list[Mentioned], list[Stance | None]]:
    """The catalogue's names wherever they are spoken, with their stance where they are rivals."""
    spans: list[Mentioned] = []
    stances: list[Stance | None] = []
    for index, turn in enumerate(call.turns):
        told = {i.label: i.stance for i in call.truth if i.turn == index and i.stance}
        for rival in call.competitors:
            if at := spoken(rival, turn.text):
                spans.append((index, *at.span()))
                stances.append(told.get(rival.name))
    return spans, stances


def speed(reader: Reader, calls: Sequence[Call]) -> float:
    """Turns, of all speakers, in a second of one core's time."""
    reader.read(calls[0].turns)
    began = time.process_time()
    turns = sum(len(reader.read(call.turns)[0]) for call in calls[:10])
    return turns / (time.process_time() - began)


def measure(reader: Reader, calls: Sequence[Call]) -> dict[str, Any]:
    """All figures: of all calls, of those printed as a recogniser prints them, and the speed."""
    printed = [call for call in calls if call.printed]
    return {
        "calls": len(calls),
        **figures(reader, calls),
        "printed": {"calls": len(printed), **figures(reader, printed)} if printed else None,
        "turns_a_second": round(speed(reader, calls)),
    }


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print(json.dumps(measure(Reader.load(HERE), list(read_calls(Path(sys.argv[1])))), indent=2))  # noqa: T201
