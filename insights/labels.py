"""The label format (JSON, one call a file): read into our values, and written as `mine` prints it.

Reading is liberal where the format is rich (title, date, account and names may be missing) and
strict where a guess would change what is mined: each fault names the file and the place in it.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ingest.base.errors import NotFound, Refused
from insights.insight import PERSON, Category, Competitor, Insight, Kind, Quote, Stance
from transcribe.transcript import Speaker, Transcript, Turn

E = TypeVar("E", Kind, Category, Stance)

SPEAKERS = {
    "rep": Speaker.SELLER,
    "seller": Speaker.SELLER,
    "customer": Speaker.BUYER,
    "buyer": Speaker.BUYER,
    "unknown": Speaker.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class LabelledCall:
    """One call of the label format. `truth` is read only when asked for, so that mining
    never looks at the labels and is not stopped by a fault in them."""

    source: str  # the file, for error messages
    id: str
    company: str
    date: str  # ISO 8601, the day it was held; empty where the file does not say
    product: str
    competitors: tuple[Competitor, ...]
    transcript: Transcript
    labels: Any  # the file's `insights` as they stand there
    reviewed: Any = None  # the file's `known`, likewise

    @property
    def truth(self) -> tuple[Insight, ...]:
        """The insights that a person marked. Raises Refused where one is broken."""
        if self.labels is None:
            return ()
        at = Place(self.source, "insights")
        return tuple(
            _insight(at.item(number), label, self.transcript.turns)
            for number, label in enumerate(at.a_list(self.labels))
        )

    @property
    def known(self) -> frozenset[tuple[int, Kind]] | None:
        """The turns and kinds of which the labels speak; None: all, so that what is not labelled
        is not there. Of the others nothing is known. Raises Refused where one is broken."""
        if self.reviewed is None:
            return None
        at = Place(self.source, "known")
        return frozenset(
            _pair(at.item(number), pair, self.transcript.turns)
            for number, pair in enumerate(at.a_list(self.reviewed))
        )

    @property
    def own_names(self) -> tuple[str, ...]:
        """What the seller's side calls itself: never a rival."""
        return tuple(name for name in (self.company, self.product) if name)


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file we read, for errors that a person can act on."""

    source: str
    path: str = ""

    def item(self, number: int) -> "Place":
        return Place(self.source, f"{self.path}[{number}]")

    def key(self, name: str) -> "Place":
        return Place(self.source, f"{self.path}.{name}" if self.path else name)

    def fault(self, said: str) -> Refused:
        return Refused(f"{self.source}: {self.path + ' ' if self.path else ''}{said}")

    def a_list(self, value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise self.fault(f"must be a list, not {short(value)}")
        return value

    def an_object(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self.fault(f"must be an object, not {short(value)}")
        return value

    def text(self, value: Any) -> str:
        if not isinstance(value, str):
            raise self.fault(f"must be text, not {short(value)}")
        return value


def short(value: Any) -> str:
    """The value in few characters, each of them one that an answer can carry."""
    try:
        said = json.dumps(value, ensure_ascii=False, default=str)
    except RecursionError:
        return "something nested deeply"
    said = said.encode("utf-8", "backslashreplace").decode()  # halves of characters
    return said if len(said) <= 40 else said[:37] + "..."


def read_call(source: Path | str | Mapping[str, Any]) -> LabelledCall:
    """Read one call from a file or from an object already parsed.

    Raises Refused for what is not in the format, NotFound for a file that is not there.
    """
    if isinstance(source, Mapping):
        return _call(Place(str(source.get("id") or "call")), dict(source))
    path = Path(source)
    try:
        raw = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as e:
        raise NotFound(f"{path}: no such file") from e
    except OSError as e:
        raise Refused(f"{path}: cannot be read ({e.strerror})") from e
    except UnicodeDecodeError as e:
        raise Refused(f"{path}: is not UTF-8 text; a call is one JSON object") from e
    except (json.JSONDecodeError, RecursionError) as e:
        raise Refused(f"{path}: is not JSON ({e})") from e
    return _call(Place(str(path)), raw, path.stem)


def read_object(raw: Any, source: str) -> LabelledCall:
    """Read one call from parsed JSON that came from `source`. Raises Refused."""
    return _call(Place(source), raw, Path(source).stem)


def read_folder(folder: Path | str) -> Iterator[LabelledCall]:
    """Yield the calls of a folder's `*.json` files by name; recordings' truth files are none."""
    if not Path(folder).is_dir():
        raise NotFound(f"{folder}: no such folder")
    for path in sorted(Path(folder).glob("*.json")):
        if not path.name.endswith(".truth.json"):
            yield read_call(path)


def _call(at: Place, raw: Any, name: str = "") -> LabelledCall:
    call = at.an_object(raw)
    if "turns" not in call:
        raise at.fault('has no "turns"; a call needs the list of what was said')
    company = at.key("company").an_object(call.get("company") or {})
    turns = tuple(
        _turn(at.key("turns").item(number), turn)
        for number, turn in enumerate(at.key("turns").a_list(call["turns"]))
    )
    return LabelledCall(
        source=at.source,
        id=at.key("id").text(call.get("id") or name or "call"),
        company=at.key("company.name").text(company.get("name") or ""),
        date=at.key("date").text(call.get("date") or ""),
        product=at.key("company.product").text(company.get("product") or ""),
        competitors=_catalogue(at.key("company.competitors"), company.get("competitors") or []),
        transcript=Transcript(turns=turns, seconds=0.0, engine="imported"),
        labels=call.get("insights"),
        reviewed=call.get("known"),
    )


def _catalogue(at: Place, raw: Any) -> tuple[Competitor, ...]:
    found = []
    for number, entry in enumerate(at.a_list(raw)):
        here = at.item(number)
        rival = here.an_object(entry)
        name = here.key("name").text(rival.get("name"))
        if not name.strip():
            raise here.key("name").fault("is empty")
        aliases = here.key("aliases").a_list(rival.get("aliases") or [])
        found.append(Competitor(name, tuple(here.key("aliases").text(a) for a in aliases)))
    return tuple(found)


def _turn(at: Place, raw: Any) -> Turn:
    turn = at.an_object(raw)
    side = turn.get("speaker") or "unknown"
    if not isinstance(side, str) or side not in SPEAKERS:
        raise at.key("speaker").fault(f'must be "rep", "customer" or "unknown", not {short(side)}')
    if "text" not in turn:
        raise at.fault('has no "text"')
    name = turn.get("name")
    return Turn(
        speaker=SPEAKERS[side],
        text=at.key("text").text(turn["text"]),
        name=None if name is None else at.key("name").text(name),
    )


def _insight(at: Place, raw: Any, turns: Sequence[Turn]) -> Insight:
    label = at.an_object(raw)
    number = _number(at.key("turn"), label.get("turn"), turns)
    quote = at.key("quote").text(label.get("quote"))
    start = turns[number].text.find(quote)
    if not quote or start < 0:
        raise at.key("quote").fault(f"is not in the words of turn {number}")
    kind = _choice(at.key("kind"), Kind, label.get("kind"))
    stance = label.get("stance")
    return Insight(
        turn=number,
        kind=kind,
        label=_label(at, kind, label),
        quote=Quote(quote, start, start + len(quote)),
        confidence=1.0,
        detector=PERSON,
        version="",
        stance=_choice(at.key("stance"), Stance, stance) if kind is Kind.COMPETITOR else None,
        unlisted=bool(label.get("unlisted", False)),
    )


def _pair(at: Place, raw: Any, turns: Sequence[Turn]) -> tuple[int, Kind]:
    pair = at.an_object(raw)
    number = _number(at.key("turn"), pair.get("turn"), turns)
    return number, _choice(at.key("kind"), Kind, pair.get("kind"))


def _number(at: Place, value: Any, turns: Sequence[Turn]) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < len(turns):
        raise at.fault(f"must be a turn of this call, not {short(value)}")
    return value


def _label(at: Place, kind: Kind, label: dict[str, Any]) -> str:
    if kind is Kind.OBJECTION:
        return _choice(at.key("category"), Category, label.get("category"))
    key = "name" if kind is Kind.COMPETITOR else "theme"
    return at.key(key).text(label.get(key))


def _choice(at: Place, choices: type[E], value: Any) -> E:
    if value not in list(choices):
        raise at.fault(f"must be one of {', '.join(choices)}, not {short(value)}")
    return choices(value)


def call_object(call: LabelledCall) -> dict[str, Any]:
    """The JSON object of a call in the label format: `read_call` reads it back."""
    sides = {Speaker.SELLER: "rep", Speaker.BUYER: "customer", Speaker.UNKNOWN: "unknown"}
    rivals = [{"name": c.name, "aliases": list(c.aliases)} for c in call.competitors]
    written = {
        "id": call.id,
        "company": {"name": call.company, "product": call.product, "competitors": rivals},
        "turns": [{"speaker": sides[t.speaker], "text": t.text} for t in call.transcript.turns],
        "insights": call.labels,
    }
    return written if call.reviewed is None else {**written, "known": call.reviewed}


def as_object(call_id: str, insights: Sequence[Insight]) -> dict[str, Any]:
    """The JSON object that `mine` prints for a call, in the label format's own words."""
    return {"id": call_id, "insights": [as_label(insight) for insight in insights]}


def as_label(insight: Insight) -> dict[str, Any]:
    """One insight in the label format's own words."""
    label: dict[str, Any] = {"turn": insight.turn, "kind": insight.kind.value}
    if insight.kind is Kind.OBJECTION:
        label["category"] = insight.label
    elif insight.kind is Kind.COMPETITOR:
        label["name"] = insight.label
        label["stance"] = insight.stance.value if insight.stance else None
        if insight.unlisted:
            label["unlisted"] = True
    else:
        label["theme"] = insight.label
    return {**label, "quote": insight.quote.text, "confidence": round(insight.confidence, 3)}
