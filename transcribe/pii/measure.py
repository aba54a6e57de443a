"""How much of what is private is found, and how much else is masked: utterances whose answer is
known, in the format of tests/fixtures/pii."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ingest.base.errors import BadMetadata, NotFound
from transcribe.pii.mask import Mask, Private
from transcribe.pii.passages import private_in
from transcribe.transcript import Speaker, Turn

SIDES = {"B": Speaker.BUYER, "S": Speaker.SELLER}
_TAG = re.compile(r"</?(?P<what>\w+)(?P<goes_on> …)?>")


@dataclass(frozen=True, slots=True)
class Utterance:
    """What was said, and what of it is private."""

    place: str  # "held-out.txt:12", for messages
    turns: tuple[Turn, ...]
    items: tuple[Mapping[int, Mask], ...]  # each by the turns it goes on over


@dataclass(frozen=True, slots=True)
class Result:
    """What the rules did with one utterance."""

    utterance: Utterance
    found: tuple[bool, ...]  # of its items: all its letters and digits are masked, as what it is
    masks: int
    false_masks: int  # those that hide a letter or digit which is not private

    @property
    def kinds(self) -> list[Private]:
        """What each item is."""
        return [next(iter(item.values())).what for item in self.utterance.items]


def evaluate(path: Path) -> list[Result]:
    """Mask every utterance of a file, or of the *.txt in a folder. Raises NotFound where there is
    none, BadMetadata for a line that cannot be read."""
    files = sorted(path.glob("*.txt")) if path.is_dir() else [path]
    try:
        said = [each for file in files for each in read(file.read_text("utf-8"), file.name)]
    except (OSError, UnicodeDecodeError) as error:
        raise NotFound(f"{path}: cannot be read as a text file or folder ({error}).") from error
    if not said:
        raise NotFound(f"{path}: holds no utterances (*.txt, as in tests/fixtures/pii).")
    return [judged(utterance) for utterance in said]


def read(text: str, name: str) -> Iterator[Utterance]:
    """The utterances of a file: blocks between blank lines. Raises BadMetadata."""
    block: list[tuple[int, str]] = []
    for number, line in enumerate([*text.splitlines(), ""], 1):
        if line.strip():
            block.append((number, line))
        elif block:
            yield _utterance(block, name)
            block = []


def judged(utterance: Utterance) -> Result:
    """Compare what is masked with what is private."""
    masks = private_in(utterance.turns)
    hidden = {(turn, at, m.what) for turn, of in masks.items() for m in of for at in _at(m)}
    private = {(turn, at) for item in utterance.items for turn, m in item.items() for at in _at(m)}

    def spoken(turn: int, at: int) -> bool:
        return utterance.turns[turn].text[at].isalnum()

    def is_found(item: Mapping[int, Mask]) -> bool:
        places = ((turn, at, m.what) for turn, m in item.items() for at in _at(m))
        return all(place in hidden for place in places if spoken(*place[:2]))

    wrong = [
        mask
        for turn, of in masks.items()
        for mask in of
        if any(spoken(turn, at) and (turn, at) not in private for at in _at(mask))
    ]
    found = tuple(is_found(item) for item in utterance.items)
    return Result(utterance, found, sum(map(len, masks.values())), len(wrong))


def _at(mask: Mask) -> range:
    return range(mask.start, mask.end)


def _utterance(block: list[tuple[int, str]], name: str) -> Utterance:
    place = f"{name}:{block[0][0]}"
    turns: list[Turn] = []
    items: list[dict[int, Mask]] = []
    goes_on = False
    for number, line in block:
        side, _, marked = line.partition(":")
        if side not in SIDES:
            raise BadMetadata(f"{name}, line {number}: begin it with “B:” or “S:”.")
        text, masks, open_end = _unmarked(marked.strip(), f"{name}, line {number}")
        for mask in masks:
            if goes_on:
                items[-1][len(turns)] = mask
            else:
                items.append({len(turns): mask})
            goes_on = False
        goes_on = goes_on or open_end
        turns.append(Turn(SIDES[side], text))
    return Utterance(place, tuple(turns), tuple(items))


def _unmarked(marked: str, place: str) -> tuple[str, list[Mask], bool]:
    """A line without its tags, what they mark, and whether the last goes on."""
    text, masks, at, goes_on = "", [], 0, False
    opened: int | None = None
    for tag in _TAG.finditer(marked):
        text += marked[at : tag.start()]
        at = tag.end()
        if tag["what"] not in set(Private) or (opened is None) == tag[0].startswith("</"):
            raise BadMetadata(f"{place}: {tag[0]} fits no {', '.join(Private)} opened and closed.")
        if opened is None:
            opened = len(text)
        else:
            masks.append(Mask(opened, len(text), Private(tag["what"])))
            opened, goes_on = None, bool(tag["goes_on"])
    if opened is not None:
        raise BadMetadata(f"{place}: what was opened is not closed.")
    return text + marked[at:], masks, goes_on
