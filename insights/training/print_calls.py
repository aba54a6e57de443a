"""Print training calls as our own ear hears them: spoken by a voice, over a telephone line.

    pip install '.[print]'
    python -m insights.training.print_calls insights/training/calls insights/training/printed

Each chosen call is spoken turn by turn (`voices.py`), heard by the transcriber as any recording is,
and written with its labels, whose quotes are now the words that were heard. A call already
printed is not spoken again: it only gets the labels that its original has by now. So the command
may be stopped and started at will, and runs again after labels were mended.
"""

import argparse
import hashlib
import json
import random
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from ingest.base.settings import settings
from insights.lexicon.alignment import Stretch, stretches, words_heard
from insights.training.voices import HEART, JOE, Placed, Speaking, mixed, speak, write
from transcribe.engine import Hearer
from transcribe.evaluate import WordErrors, word_error_rate
from transcribe.transcript import Transcript
from transcribe.vocabulary import Expected, Rival, relevant

COUNT = 24  # calls: a voice and an ear take some half a minute of one core for each
JOES = 0.25  # share of the sides that the slower voice speaks
LEAST = 1 / 3  # of a quote's words that must be heard: of a number said in six, one figure is
CHANNELS = {"rep": 0, "customer": 1}


def chosen(calls: Mapping[str, Any], count: int) -> list[str]:
    """Ids of `count` calls, of a company each and none printed already; more are the same and
    some others."""
    taken: dict[str, str] = {}
    for name in sorted(calls, key=_drawn):
        call = calls[name]
        if not call.get("asr"):
            taken.setdefault(call["company"]["name"], name)
    return list(taken.values())[:count]


def _drawn(name: str) -> int:
    """A number by chance, the same each time."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8])


def speaking(name: str) -> list[Speaking]:
    """How the two sides of a call speak; the same each time."""
    rng = random.Random(_drawn(name))  # noqa: S311 - no secret
    return [
        Speaking(
            voice=JOE if rng.random() < JOES else HEART,
            pace=rng.uniform(1.0, 1.25),
            size=rng.uniform(0.92, 1.15),
            noise=rng.uniform(0.01, 0.08),
        )
        for _ in CHANNELS
    ]


@cache
def _hearer() -> Hearer:
    return Hearer(settings())


def heard_turns(call: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The call's turns spoken and heard, each with the number of the turn that it is a print of;
    a turn of which nothing was heard is left out."""
    how = speaking(call["id"])
    said = [(CHANNELS[turn["speaker"]], turn["text"]) for turn in call["turns"]]
    spoken = [(channel, speak(text, how[channel])) for channel, text in said]
    line, placed = mixed(spoken, [one.noise for one in how], _drawn(call["id"]))
    rivals = call["company"]["competitors"]
    names = relevant(
        Expected(
            company=call["company"]["name"],
            product=call["company"].get("product"),
            account=call.get("account"),
            rivals=tuple(Rival(rival["name"], tuple(rival["aliases"])) for rival in rivals),
        )
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "call.wav"
        write(line, path)
        texts = by_turn(_hearer().hear(path, language="en", vocabulary=names), placed)
    return [
        {**turn, "text": text, "turn_said": number}
        for number, (turn, text) in enumerate(zip(call["turns"], texts, strict=True))
        if text
    ]


def by_turn(transcript: Transcript, placed: Sequence[Placed]) -> list[str]:
    """The words heard, each in the turn of its channel that it lies in or next to."""
    words: list[list[str]] = [[] for _ in placed]
    heard = [(turn.channel, word) for turn in transcript.turns for word in turn.words]
    for channel, word in sorted(heard, key=lambda one: one[1].start):
        middle = (word.start + word.end) / 2
        off = {
            n: max(turn.start - middle, middle - turn.end)
            for n, turn in enumerate(placed)
            if turn.channel == channel
        }
        if off:  # not the noise of a side that says nothing
            words[min(off, key=off.__getitem__)].append(word.text)
    return [" ".join(some) for some in words]


def printed(call: Mapping[str, Any], turns: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The call with the turns as heard, and its labels on them. A label hardly a word of which was
    heard is left out: what is left of it says nothing."""
    return {
        **call,
        "id": f"{call['id']}-printed",
        "asr": True,
        "turns": list(turns),
        "insights": list(_labels(call, turns)),
    }


def _labels(
    call: Mapping[str, Any], turns: Sequence[Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    at = {turn["turn_said"]: number for number, turn in enumerate(turns)}
    for label in call["insights"]:
        if label["turn"] in at:
            number = at[label["turn"]]
            said, heard = call["turns"][label["turn"]]["text"], turns[number]["text"]
            if quote := quote_heard(label["quote"], said, heard):
                yield {**label, "turn": number, "quote": quote}


def quote_heard(quote: str, said: str, heard: str) -> str | None:
    """What was heard of a turn's quote, without its last stop; None where less than LEAST was."""
    start = said.index(quote)
    first = len(said[:start].split()) - bool(start and not said[start - 1].isspace())
    last = len(said[: start + len(quote)].split())
    words = heard.split()
    cut: list[Stretch] = stretches(said.split(), words)
    found = words_heard(cut, first, last)
    if found is None or found[1] - found[0] < LEAST * (last - first):
        return None
    return " ".join(words[slice(*found)]).rstrip(".,;:!?") or None


def read(folder: Path) -> dict[str, Any]:
    """A folder's calls by id."""
    calls = (json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json")))
    return {call["id"]: call for call in calls}


def save(call: Mapping[str, Any], folder: Path) -> None:
    """Write a call whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{call['id']}.json"
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(call, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    unfinished.replace(path)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m insights.training.print_calls",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("calls", type=Path, help="folder of labelled calls")
    parser.add_argument("prints", type=Path, help="folder for their prints")
    parser.add_argument("--count", type=int, default=COUNT, help=f"calls to print ({COUNT})")
    options = parser.parse_args()
    calls, prints = read(options.calls), read(options.prints)
    if not calls:
        parser.error(f"{options.calls}: no calls are there. Name the folder of the *.json files.")
    errors = WordErrors()
    for name in chosen(calls, options.count):
        before = prints.get(f"{name}-printed")
        call = printed(calls[name], before["turns"] if before else heard_turns(calls[name]))
        save(call, options.prints)
        found = word_error_rate(_text(calls[name]), _text(call))
        errors += found
        print(f"{name}: {found.rate:.1%} of {found.words} words wrong", flush=True)  # noqa: T201
    print(f"together: {errors.rate:.1%} of {errors.words} words wrong")  # noqa: T201


def _text(call: Mapping[str, Any]) -> str:
    return " ".join(turn["text"] for turn in call["turns"])


if __name__ == "__main__":
    main()
