"""A change as a small picture for mail, which shows no SVG: PNG, without letters, as fonts are not
the same everywhere; what it shows is said in its text alternative and under it."""

from dataclasses import dataclass

import resvg_py

from api.pages.charts import SCALES, percent
from api.pages.letters.letter import Letter, weeks_words
from insights.digests.edition import Movement
from insights.insight import Kind

WIDTH, HEIGHT = 480, 96
ZOOM = 2
"""Pixels a unit: screens are fine today."""

COMPARED = 4
"""Weeks that a change is told of; those before them are paler."""

HUES: dict[Kind, tuple[str, str]] = {
    Kind.OBJECTION: ("#855000", "#fdeecb"),
    Kind.COMPETITOR: ("#6a3ba6", "#efe6fb"),
    Kind.FEATURE_REQUEST: ("#00665c", "#d8f1ed"),
}
"""As in earshot.css: of the kind, and its wash."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture with what it shows in words."""

    name: str  # within the mail
    title: str
    words: str
    scale: str
    kind: Kind
    png: bytes


def pictures(letter: Letter) -> tuple[Picture, ...]:
    """One for each change that is shown week by week."""
    return tuple(
        Picture(
            name=f"chart-{number}",
            title=movement.words,
            words=weeks_words(movement),
            scale=f"Share of calls, week by week; the line is at {percent(_top(movement))}.",
            kind=movement.kind,
            png=resvg_py.svg_to_bytes(svg_string=_drawn(movement), zoom=ZOOM),
        )
        for number, movement in enumerate(letter.pictured, 1)
    )


def _top(movement: Movement) -> float:
    most = max((share.value for share in movement.weeks), default=0.0)
    return next(top for top in SCALES if top >= most)


def _drawn(movement: Movement) -> str:
    """An SVG: a bar a week, on a line, under the scale's line."""
    hue, wash = HUES[movement.kind]
    step = WIDTH / max(1, len(movement.weeks))
    first = len(movement.weeks) - COMPARED
    bars = []
    for number, share in enumerate(movement.weeks):
        high = round((HEIGHT - 8) * share.value / _top(movement), 1)
        paint = f'fill="{hue}"' if number >= first else f'fill="{wash}" stroke="{hue}"'
        bars.append(
            f'<rect x="{number * step + 5:.1f}" y="{HEIGHT - 2 - high}" width="{step - 10:.1f}"'
            f' height="{high}" {paint}/>'
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>'
        f'<path d="M0 6H{WIDTH}" stroke="#85857f" stroke-dasharray="3 3"/>{"".join(bars)}'
        f'<path d="M0 {HEIGHT - 1}H{WIDTH}" stroke="#1b1b1a" stroke-width="2"/></svg>'
    )
