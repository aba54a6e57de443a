"""Which theme a request belongs to, and what a theme may be called: pure.

A request joins a theme by its label, where that is the theme's name or one of its aliases, or by
its meaning, where that is like most of the theme's members. Likeness to the nearest member alone
would chain: A is like B, B like C, and in the end one theme holds wishes that have nothing in
common (single linkage; see Manning et al. 2008, Introduction to Information Retrieval, 17.2).
Likeness to every member (complete linkage) cannot chain, yet one misheard member then closes a
theme for good. So a request has to be like three quarters of the members: all of them in a theme
of up to three, where chains begin, while a large one bears a few odd ones.

What a person has merged are still parts of their own here, each with its own members: a wish in
one of two wordings that a person brought together is like half of the whole, and all of its part.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray
from pydantic import HttpUrl, TypeAdapter, ValidationError

from ingest.base.errors import Refused
from insights.insight import Insight, Kind
from insights.merge import Kept

SURE = 0.62
"""Cosine from which on two wishes are one. Chosen by `earshot evaluate themes`: precision of pairs
at least 0.90 on the validation calls, as a theme of two wishes costs all trust. There all 13 pairs
from 0.60 on are one wish, of the 19 from 0.56 on 14; of the demo's history all 14 and 17 of 18."""

DOUBTFUL = 0.48
"""Cosine from which on a person is asked: every other pair is one wish there, and few below."""

MOST = 0.75
"""The share of a theme's members that a request has to be like."""

LONGEST_NAME = 80  # characters: a theme has two to six words
LONGEST_NOTE = 300  # characters: why, in a sentence or two

_URL = TypeAdapter(HttpUrl)

Numbers = NDArray[np.float32]
Meaning = Sequence[float]


class BadTheme(Refused):
    """A name that says nothing or means another theme, mentions that are not the theme's, a note
    that is too long, or an address that no browser should open."""

    code = "bad-theme"


class ThemeChanged(Refused):
    """Somebody was there before: the themes are no longer as the asker saw them."""

    code = "theme-changed"
    status = 409


@dataclass(frozen=True, slots=True)
class Doubt:
    """A theme that a request may belong to."""

    theme: int
    likeness: float  # cosine


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request belongs: to a theme, or (None) to one of its own, perhaps with a doubt."""

    theme: int | None = None
    doubt: Doubt | None = None


@dataclass(slots=True)
class Shelf:
    """The themes of one company, as placing knows them; it grows with each request placed.
    All meanings on it are of one model: those of two models are not alike in any sense."""

    names: dict[str, int] = field(default_factory=dict)  # casefolded name or alias → theme
    themes: list[int] = field(default_factory=list)  # of each member
    meanings: list[Numbers] = field(default_factory=list)  # of each member, unit vectors

    def place(
        self,
        label: str,
        meaning: Meaning | None,
        sure: float = SURE,
        doubtful: float = DOUBTFUL,
    ) -> Place:
        """Where a request of this label and meaning belongs."""
        if (named := self.names.get(label.casefold())) is not None:
            return Place(named)
        nearest = self._nearest(meaning)
        if nearest is None or not nearest.likeness >= doubtful:
            return Place()
        return Place(nearest.theme) if nearest.likeness >= sure else Place(doubt=nearest)

    def put(self, theme: int, meaning: Meaning | None) -> None:
        """Count a request among a theme's members."""
        if meaning:
            self.themes.append(theme)
            self.meanings.append(np.asarray(meaning, dtype=np.float32))

    def _nearest(self, meaning: Meaning | None) -> Doubt | None:
        """The theme whose members the meaning is most like; of several the oldest."""
        if not meaning or not self.meanings:
            return None
        cosines = np.stack(self.meanings) @ np.asarray(meaning, dtype=np.float32)
        likeness = most_alike(np.array(self.themes), cosines)
        theme = max(sorted(likeness), key=likeness.__getitem__)
        return Doubt(theme, likeness[theme])


def most_alike(themes: NDArray[np.int64], cosines: Numbers) -> dict[int, float]:
    """How like each theme a request is, from its cosine with each member: the cosine that the
    request reaches with three quarters of the theme's members. Both of shape (members,)."""
    order = np.lexsort((-cosines, themes))
    numbers, firsts, counts = np.unique(themes[order], return_index=True, return_counts=True)
    reached = cosines[order][firsts + np.ceil(MOST * counts).astype(int) - 1]
    return dict(zip(numbers.tolist(), reached.tolist(), strict=True))


@dataclass(frozen=True, slots=True)
class Gathered:
    """What placing made of requests, without anybody's help."""

    themes: tuple[int, ...]  # each request's, from 0 in the order in which they came up
    doubts: tuple[Doubt | None, ...]  # of requests with a theme of their own


def gather(requests: Iterable[Insight], sure: float = SURE, doubtful: float = DOUBTFUL) -> Gathered:
    """Place one company's requests as they come in."""
    shelf = Shelf()
    themes: list[int] = []
    doubts: list[Doubt | None] = []
    for request in requests:
        place = shelf.place(request.label, request.meaning, sure, doubtful)
        theme = place.theme
        if theme is None:
            theme = max(themes, default=-1) + 1
            shelf.names[request.label.casefold()] = theme
        shelf.put(theme, request.meaning)
        themes.append(theme)
        doubts.append(place.doubt)
    return Gathered(tuple(themes), tuple(doubts))


def held(kept: Sequence[Kept], found: Sequence[Insight]) -> dict[Insight, int]:
    """The themes that requests found again keep: those of the kept ones that they are.

    One is found again where the words overlap and its label is as it was. Where a person has
    reviewed it or shaped its theme, the words suffice: another model's label changes nothing then.
    """
    pairs = sorted(
        (
            not _same_label(old, new),
            old.start_char != new.quote.start_char,
            -old.shared(new),
            at,
            old.id,
            old.theme_id,
        )
        for at, new in enumerate(found)
        for old in kept
        if old.theme_id is not None and new.kind is Kind.FEATURE_REQUEST and old.shared(new)
        if _same_label(old, new) or old.reviewed or old.settled
    )
    themes: dict[Insight, int] = {}
    taken: set[int] = set()
    for *_, at, kept_id, theme_id in pairs:
        if found[at] not in themes and kept_id not in taken:
            themes[found[at]] = theme_id
            taken.add(kept_id)
    return themes


def _same_label(old: Kept, new: Insight) -> bool:
    return (old.mined_label or old.label).casefold() == new.label.casefold()


def checked_name(name: str, taken: Mapping[str, str]) -> str:
    """A name that a person may give a theme, its blanks made single. `taken` holds the names and
    aliases of the company's other themes, casefolded, with the themes' present names. Raises
    BadTheme."""
    name = " ".join(name.split())
    if not any(letter.isalnum() for letter in name):
        raise BadTheme("The theme's name is empty: write it, in two to six words.")
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise BadTheme(f"A theme's name is one line of at most {LONGEST_NAME} characters.")
    if other := taken.get(name.casefold()):
        raise BadTheme(
            f"“{name}” already means the theme “{other}”: merge the two, or choose another."
        )
    return name


def checked_note(note: str) -> str | None:
    """Why a person does something, its blanks made single; None for nothing. Raises BadTheme."""
    note = " ".join(note.split())
    if len(note) > LONGEST_NOTE:
        raise BadTheme(f"A note is at most {LONGEST_NOTE} characters: this has {len(note)}.")
    return note or None


def checked_link(address: str) -> str | None:
    """The address of an issue as a browser reads it (WHATWG URL), http or https; None for nothing.
    Raises BadTheme for any other scheme, which a click would run, and where a password is in it,
    which everybody could read."""
    if not address.strip():
        return None
    try:
        url = _URL.validate_python(address.strip())
    except ValidationError:
        raise BadTheme(
            "This is no address of an issue: copy it from the browser, with https:// in front."
        ) from None
    if url.username or url.password:
        raise BadTheme("This address holds a user name or password: take it out.")
    return str(url)


def host_of(link: str) -> str:
    """Where a checked link leads."""
    return urlsplit(link).hostname or ""


def space_of(version: str) -> str:
    """The model in an insight's version: it says which meanings can be compared."""
    return version.partition("+")[0]
