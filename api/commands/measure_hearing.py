"""Commands that say what is heard where nobody speaks, and how calls were heard."""

from typing import TYPE_CHECKING, Any

import click

from api.commands.common import json_option, load_settings, print_json, print_table

if TYPE_CHECKING:
    from transcribe.invented import Invented


@click.command("silence")
@click.option(
    "--seconds", type=click.FloatRange(1), default=60.0, help="Of each sound at each loudness."
)
@json_option
def evaluate_silence(seconds: float, as_json: bool) -> None:
    """Words heard where nobody speaks, a minute: there should be none.

    Silence, ring tones, hold music, keys, a fax machine and the like, on two channels, one of them
    behind a telephone line, at three loudnesses. Takes a few minutes.

    \b
    Example:
      earshot evaluate silence
    """
    from transcribe.engine import Hearer
    from transcribe.invented import NAMES
    from transcribe.invented import evaluate_silence as measure

    settings = load_settings()
    hearer = Hearer(settings)
    found = measure(
        lambda path: hearer.hear(path, language=settings.language, vocabulary=NAMES), seconds
    )
    if as_json:
        print_json({"sounds": [_object(one) for one in found]})
        return
    minutes, words = sum(one.minutes for one in found), sum(len(one.words) for one in found)
    print_table(
        ("sound", "minutes", "words", "words a minute", "heard"),
        [
            *(_row(o.noise, o.minutes, len(o.words), " ".join(o.words)[:60]) for o in found),
            _row("all", minutes, words, ""),
        ],
    )


def _object(one: "Invented") -> dict[str, Any]:
    return {
        "sound": one.noise,
        "minutes": one.minutes,
        "words": one.words,
        "words_a_minute": one.words_a_minute,
    }


def _row(name: str, minutes: float, words: int, heard: str) -> tuple[str, ...]:
    return name.replace("_", " "), f"{minutes:.1f}", str(words), f"{words / minutes:.2f}", heard


@click.command()
@click.option("--weeks", type=click.IntRange(1, 520), default=12, help="The last so many.")
@json_option
def hearing(weeks: int, as_json: bool) -> None:
    """How well calls were heard, week by week: what was dropped, decoded again and lost.

    \b
    Example:
      earshot hearing --weeks 4
    """
    from api.client import connected

    found = connected(load_settings()).get("hearing", weeks=weeks)["weeks"]
    if as_json:
        print_json(found)
        return
    print_table(
        ("week", "model", "calls", "hours", "words", "dropped", "decoded again", "missing"),
        [
            (
                week["week"],
                week["model"],
                str(week["calls"]),
                f"{week['seconds'] / 3600:.1f}",
                str(week["words"]),
                ", ".join(f"{n} {reason}" for reason, n in week["dropped"].items()) or "–",
                f"{week['redecoded_share']:.1%}",
                f"{week['missing_seconds']:.1f} s",
            )
            for week in found
        ],
    )


COMMANDS = (hearing,)
