"""Commands that need no server: one file in, an answer out."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from api.commands.common import load_settings
from ingest.base.errors import EarshotError

if TYPE_CHECKING:
    from insights.miner import Miner
    from transcribe.formats import Format

FORMATS = ("text", "json", "vtt", "srt")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--format", "style", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("--language", help="Expected language, as ISO 639-1; EARSHOT_LANGUAGE otherwise.")
@click.option("--seller-channel", type=click.IntRange(0), default=0, show_default=True)
def transcribe(file: Path, style: "Format", language: str | None, seller_channel: int) -> None:
    """Write down what is said in a recording. Needs no server.

    \b
    Example:
      earshot transcribe call.mp3 --format vtt > call.vtt
    """
    from ingest.audio import Limits, probe
    from transcribe.engine import Hearer
    from transcribe.formats import render

    settings = load_settings(language=language)
    probe(file, Limits.of(settings))  # what is no recording is refused before a model is loaded
    transcript = Hearer(settings).hear(
        file, seller_channel=seller_channel, language=settings.language
    )
    click.echo(render(transcript, style).rstrip("\n"))


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
def mine(files: tuple[Path, ...]) -> int:
    """Find the insights in calls already written down. Needs no server.

    Reads calls in the label format (what `insights` says there is not looked at) and prints one
    JSON object a line for each. A broken file is reported and the others are still mined.

    \b
    Example:
      earshot mine samples/calls/*.json
    """
    from insights.miner import Miner

    miner = Miner.load()
    broken = sum(not _mine_one(miner, file) for file in files)
    return 1 if broken else 0


def _mine_one(miner: "Miner", file: Path) -> bool:
    from insights.labels import as_object, read_call

    try:
        call = read_call(file)
    except EarshotError as error:
        click.echo(f"earshot: {error}", err=True)
        return False
    found = miner.mine(call.transcript, call.competitors, call.own_names)
    click.echo(json.dumps(as_object(call.id, found), ensure_ascii=False))
    return True


@click.command("model-path")
def model_path() -> None:
    """Print the folder of the Whisper weights in use.

    \b
    Example:
      ls -l "$(earshot model-path)"
    """
    from transcribe.engine import model_path as path_of

    click.echo(path_of(load_settings()))


COMMANDS = (transcribe, mine, model_path)
