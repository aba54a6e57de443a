"""The command that measures whose words are taken for whose."""

from dataclasses import asdict
from pathlib import Path

import click

from api.commands.common import json_option, load_settings, print_json, print_table


@click.command("speakers")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--one-channel", is_flag=True, help="Mix the channels of each into one first.")
@click.option(
    "--overlap",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    default=0.0,
    help="On one channel, let whoever answers begin so long before the other ends.",
)
@json_option
def evaluate_speakers(folder: Path, one_channel: bool, overlap: float, as_json: bool) -> None:
    """Share of words given to the side that said them, by recording.

    DIR holds recordings with their <name>.truth.json. "Apart" is the share if the voices were named
    as suits best: what their channels or their sound alone tell.

    \b
    Example:
      earshot evaluate speakers samples --one-channel
    """
    from transcribe.attribution import evaluate_speakers as measure
    from transcribe.engine import Hearer

    settings = load_settings()
    hearer = Hearer(settings)
    found = measure(
        folder,
        lambda path: hearer.hear(path, language="en"),
        one_channel=one_channel,
        overlap=overlap,
    )
    if as_json:
        print_json({"recordings": [asdict(one) | {"share": one.share} for one in found]})
        return
    words = sum(one.words for one in found)
    rows = [(o.file, o.voices, o.words, o.right, o.unknown, o.apart) for o in found]
    total = ("all", "", words, *(sum(column) for column in list(zip(*rows, strict=True))[3:]))
    print_table(
        ("recording", "voices", "words", "right", "unknown", "apart"),
        [
            (name, str(voices), str(of), *(f"{100 * n / max(of, 1):.1f} %" for n in counts))
            for name, voices, of, *counts in [*rows, total]
        ],
    )
