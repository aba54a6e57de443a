"""The same call otherwise: as a recogniser prints it, cut into other turns, without known
speakers, with other rivals. Pure; every label keeps its words.

The faults imitated are those seen in recognisers' prints of sales calls: what our own ear made of
words spoken to it (`../lexicon/mishearings.json`); and, by rules, capitals and stops lost,
apostrophes dropped, sound-alikes, split compounds, numbers as figures, fillers, lost small words.
"""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product

from insights.insight import Competitor, Insight, Kind, Quote
from insights.lexicon.mishearings import misheard
from insights.model.examples import Call
from transcribe.transcript import Speaker, Turn

ALIKE = [
    group.split()
    for group in (
        "there their they're", "your you're", "its it's", "to too two", "know no", "hole whole",
        "are our", "for four", "way weigh", "through threw", "here hear", "write right",
        "then than", "by buy", "one won", "week weak", "break brake", "of off", "were we're",
        "where wear", "would wood", "new knew", "piece peace", "site sight", "sell cell",
        "affect effect", "cost costs", "an and", "in and", "have of",
    )
]  # fmt: skip
SOUNDS = {word: [o for o in group if o != word] for group in ALIKE for word in group}
NUMBERS = {
    "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7",
    "eight": "8", "nine": "9", "ten": "10", "eleven": "11", "twelve": "12", "fifteen": "15",
    "twenty": "20", "thirty": "30", "forty": "40", "fifty": "50",
}  # fmt: skip
SPLIT = ("some", "any", "every", "over", "under", "out", "on", "back", "work", "down")
FILLERS = ("um", "uh", "er", "like", "you know", "i mean", "so", "well")
LOST = {"a", "the", "to", "of", "is", "it", "that", "and", "i", "we", "so"}
WORSE = 3.0  # than learnt: `bad` is a half on average, and people speak less clearly than voices


def otherwise(call: Call, names: Sequence[str], rng: random.Random) -> Call:
    """A copy of the call as training may meet it. `names` are rivals of other companies."""
    if rng.random() < 0.3:
        call = renamed(call, names, rng)
    if rng.random() < 0.3:
        call = joined(call, rng)
    if rng.random() < 0.35:
        call = printed(call, rng)
    if rng.random() < 0.2:
        call = replace(call, turns=tuple(replace(t, speaker=Speaker.UNKNOWN) for t in call.turns))
    return call


def rewritten(call: Call, rewrite: Callable[[list[str]], list[list[str]]]) -> Call:
    """The call with each word (blanks removed) replaced by none, one or more words."""
    turns: list[Turn] = []
    moved: list[dict[int, int]] = []  # of each turn: old character to new, at words' starts, ends
    for turn in call.turns:
        old = list(re.finditer(r"\S+", turn.text))
        text, places = "", {}
        for word, new in zip(old, rewrite([w.group() for w in old]), strict=True):
            start = len(text) + bool(text and new)
            text = " ".join([text, *new] if text else new)
            places[word.start()], places[word.end()] = min(start, len(text)), len(text)
        turns.append(replace(turn, text=text, words=()))
        moved.append(places)
    truth = [
        _moved(i, call.turns[i.turn].text, turns[i.turn].text, moved[i.turn]) for i in call.truth
    ]
    return replace(call, turns=tuple(turns), truth=tuple(truth))


def _moved(insight: Insight, old: str, new: str, places: dict[int, int]) -> Insight:
    words = [
        w.span()
        for w in re.finditer(r"\S+", old)
        if w.start() < insight.quote.end_char and w.end() > insight.quote.start_char
    ]
    start, end = places[words[0][0]], places[words[-1][1]]
    return replace(insight, quote=Quote(new[start:end], start, end))


def printed(call: Call, rng: random.Random) -> Call:
    """As a recogniser prints it; how badly is drawn once for the call."""
    bad = rng.uniform(0.1, 1.0)
    stops = rng.random() < 0.7  # lost
    figures, small = rng.random() < 0.4, rng.random() < 0.6

    def rewrite(words: list[str]) -> list[list[str]]:
        return [
            [
                printed
                for word in heard
                for printed in _misprinted(word, rng, bad, stops, figures, small)
            ]
            for heard in misheard(words, rng, bad * WORSE)
        ]

    return rewritten(call, rewrite)


def _misprinted(
    word: str, rng: random.Random, bad: float, stops: bool, figures: bool, small: bool
) -> list[str]:
    said = re.sub(r"[.,;:!?\"]+$", "", word) if stops else word
    said = said.lower() if small else said
    if rng.random() < 0.5 * bad:
        said = said.replace("'", "").replace("’", "")
    low, chance = said.lower(), rng.random()
    if low in SOUNDS and chance < 0.25 * bad:
        return [rng.choice(SOUNDS[low])]
    if figures and low in NUMBERS:
        return [NUMBERS[low]]
    if low in LOST and chance > 1 - 0.06 * bad:
        return []
    for head in SPLIT:
        if low.startswith(head) and len(low) > len(head) + 2 and chance < 0.3 * bad:
            return [said[: len(head)], said[len(head) :]]
    if chance > 1 - 0.015 * bad:
        return [rng.choice(FILLERS), said]
    return [said] if said else []


def joined(call: Call, rng: random.Random) -> Call:
    """Some neighbouring turns of one side made one, as a recogniser hears one channel."""
    turns: list[Turn] = []
    at: list[tuple[int, int]] = []  # of each old turn: its new index, and its first character there
    for turn in call.turns:
        if turns and turns[-1].speaker is turn.speaker and rng.random() < 0.5:
            at.append((len(turns) - 1, len(turns[-1].text) + 1))
            turns[-1] = replace(turns[-1], text=f"{turns[-1].text} {turn.text}", words=())
        else:
            at.append((len(turns), 0))
            turns.append(turn)
    return replace(
        call,
        turns=tuple(turns),
        truth=tuple(_shifted(i, *at[i.turn]) for i in call.truth),
        known=None if call.known is None else _still_known(call, [new for new, _ in at]),
    )


def _still_known(call: Call, new: Sequence[int]) -> frozenset[tuple[int, Kind]]:
    """Of a joined turn is known what is known of all that it was joined from."""
    unknown = {
        (to, kind) for turn, to in enumerate(new) for kind in Kind if not call.tells(turn, kind)
    }
    return frozenset(product(new, Kind)) - unknown


def _shifted(insight: Insight, turn: int, by: int) -> Insight:
    quote = insight.quote
    moved = Quote(quote.text, quote.start_char + by, quote.end_char + by)
    return replace(insight, turn=turn, quote=moved)


def renamed(call: Call, names: Sequence[str], rng: random.Random) -> Call:
    """The rivals under other names, so that no name tells anything."""
    others = rng.sample(names, len(call.competitors))
    new = {rival.name: other for rival, other in zip(call.competitors, others, strict=True)}
    words = {
        alias.lower(): new[rival.name]
        for rival in call.competitors
        for alias in (rival.name, *rival.aliases)
        if " " not in alias and alias[:1].isupper()
    }

    def rewrite(said: list[str]) -> list[list[str]]:
        found = [(word, re.fullmatch(r"(\w+)(\W.*)?", word)) for word in said]
        return [
            [words[m[1].lower()] + (m[2] or "")]
            if m and m[1].lower() in words and m[1][:1].isupper()
            else [word]
            for word, m in found
        ]

    changed = rewritten(call, rewrite)
    return replace(
        changed,
        competitors=tuple(Competitor(c.name, (*c.aliases, new[c.name])) for c in call.competitors),
    )
