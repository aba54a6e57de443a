"""What an LLM's answer is worth: pure. Only what can be verified in the call becomes an insight."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from insights.insight import Category, Insight, Kind, Quote, Stance
from insights.llm.prompt import SURENESS, Told
from transcribe.transcript import Speaker, Turn

LONGEST_LABEL = 80  # characters: a theme has two to six words


class Dropped(StrEnum):
    """Why a part of an answer is not taken."""

    NO_INSIGHT = "not an insight"
    WRONG_TURN = "wrong turn"
    NO_QUOTE = "quote not found"
    SELLER = "said by the seller"
    CATEGORY = "unknown category"
    STANCE = "unknown stance"
    RIVAL = "unknown rival"
    THEME = "no theme"
    TWICE = "told twice"


class Unreadable(ValueError):
    """An answer that is not JSON, or not of the form that was asked for."""


@dataclass(slots=True)
class Checked:
    """What a call's answers come to."""

    insights: list[Insight] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)


class _Drop(Exception):
    def __init__(self, why: Dropped) -> None:
        self.why = why


def parse(content: str) -> list[Any]:
    """The list in an answer, not yet checked; prose or a code fence around the object is passed
    over. Raises Unreadable."""
    try:
        answer = json.loads(content[content.find("{") : content.rfind("}") + 1])
    except (ValueError, RecursionError):
        raise Unreadable("it is not JSON, or was cut off") from None
    found = answer.get("insights") if isinstance(answer, dict) else None
    if not isinstance(found, list):
        raise Unreadable("it holds no list of insights")
    return found


def check(told: Told, window: range, answer: Sequence[Any], version: str, into: Checked) -> None:
    """Add what holds of one window's answer, and count what does not."""
    known = {_key(insight) for insight in into.insights}
    for raw in answer:
        try:
            insight = _insight(told, window, raw, version)
            if _key(insight) in known:
                raise _Drop(Dropped.TWICE)
        except _Drop as drop:
            into.dropped[drop.why] += 1
        else:
            known.add(_key(insight))
            into.insights.append(insight)
    into.insights.sort(key=lambda i: (i.turn, i.quote.start_char, i.kind, i.label))


def _key(insight: Insight) -> object:
    """What makes two the same: a rival counts once a turn, the others once a quote and label."""
    start = 0 if insight.kind is Kind.COMPETITOR else insight.quote.start_char
    return insight.turn, insight.kind, insight.label.casefold(), start


def _insight(told: Told, window: range, raw: Any, version: str) -> Insight:
    if not isinstance(raw, dict) or raw.get("kind") not in list(Kind):
        raise _Drop(Dropped.NO_INSIGHT)
    kind = Kind(raw["kind"])
    number = raw.get("turn")
    if not isinstance(number, int) or isinstance(number, bool) or number not in window:
        raise _Drop(Dropped.WRONG_TURN)
    turn = told.turns[number]
    quote = _quote(told, number, raw.get("quote"))
    if kind is not Kind.COMPETITOR and turn.speaker is Speaker.SELLER:
        raise _Drop(Dropped.SELLER)
    label, unlisted = _label(told, turn, kind, raw)
    return Insight(
        turn=number,
        kind=kind,
        label=label,
        quote=quote,
        confidence=_sureness(raw.get("sure")),
        detector=kind.value,
        version=version,
        stance=_stance(raw.get("stance")) if kind is Kind.COMPETITOR else None,
        unlisted=unlisted,
    )


def _quote(told: Told, number: int, said: Any) -> Quote:
    """The quote as it stands in its turn: the very words, only blanks may differ."""
    words = said.split() if isinstance(said, str) else []
    if not words:
        raise _Drop(Dropped.NO_QUOTE)
    pattern = re.compile(r"\s+".join(map(re.escape, words)))
    turn = told.turns[number]
    found = pattern.search(turn.text)
    if not found:
        elsewhere = any(pattern.search(other.text) for other in told.turns)
        raise _Drop(Dropped.WRONG_TURN if elsewhere else Dropped.NO_QUOTE)
    return Quote(found[0], *found.span(), *turn.seconds_of(*found.span()))


def _label(told: Told, turn: Turn, kind: Kind, raw: dict[str, Any]) -> tuple[str, bool]:
    """The insight's label, and whether it is a rival outside the catalogue."""
    if kind is Kind.OBJECTION:
        if raw.get("category") not in list(Category):
            raise _Drop(Dropped.CATEGORY)
        return Category(raw["category"]).value, False
    if kind is Kind.FEATURE_REQUEST:
        theme = _short(raw.get("theme"))
        if not theme:
            raise _Drop(Dropped.THEME)
        return theme, False
    return _rival(told, turn, _short(raw.get("name")), raw.get("unlisted"))


def _rival(told: Told, turn: Turn, name: str, unlisted: Any) -> tuple[str, bool]:
    """The catalogue's name, or, where the answer says that it is unlisted, one that was said."""
    wanted = name.casefold()
    for rival in told.competitors:
        if wanted in (known.casefold() for known in (rival.name, *rival.aliases)):
            return rival.name, False
    own = wanted in (mine.casefold() for mine in told.own_names)
    if not name or own or unlisted is not True or wanted not in turn.text.casefold():
        raise _Drop(Dropped.RIVAL)
    return name, True


def _short(said: Any) -> str:
    """A label in one line; empty where it is none that can be kept."""
    text = " ".join(said.split()) if isinstance(said, str) else ""
    return text if text.isprintable() and len(text) <= LONGEST_LABEL else ""


def _stance(said: Any) -> Stance:
    if said not in list(Stance):
        raise _Drop(Dropped.STANCE)
    return Stance(said)


def _sureness(said: Any) -> float:
    return SURENESS.get(said, SURENESS["likely"]) if isinstance(said, str) else SURENESS["likely"]
