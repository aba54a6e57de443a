"""Commands that need no server: one file in, an answer out."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from api.commands.common import load_settings
from api.commands.llm import llm_answers_option, mining
from ingest.base.errors import EarshotError, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from insights.insight import Mined
    from insights.labels import LabelledCall
    from transcribe.formats import Format

FORMATS = ("text", "markdown", "vtt", "srt", "json")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--format", "style", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("--language", help="As ISO 639-1; EARSHOT_LANGUAGE, or what is detected, otherwise.")
@click.option("--seller-channel", type=click.IntRange(0), default=0, show_default=True)
@click.option(
    "--name",
    "names",
    multiple=True,
    help="A company, person or product that may be said, the likeliest first; may be repeated.",
)
def transcribe(
    file: Path,
    style: "Format",
    language: str | None,
    seller_channel: int,
    names: tuple[str, ...],
) -> None:
    """Write down what is said in a recording. Needs no server.

    \b
    Example:
      earshot transcribe call.mp3 --name Brackenwatch --name Tidewall --format vtt > call.vtt
    """
    from ingest.audio import Limits, probe
    from transcribe.engine import Hearer
    from transcribe.formats import render
    from transcribe.near_misses import NearMisses

    settings = load_settings(language=language)
    probe(file, Limits.of(settings))  # what is no recording is refused before a model is loaded
    heard = Hearer(settings).hear(
        file,
        seller_channel=seller_channel,
        language=settings.language or None,
        vocabulary=names,
    )
    click.echo(render(NearMisses(names).corrected(heard), style).rstrip("\n"))


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--llm-requests-out",
    "requests_out",
    type=click.Path(path_type=Path),
    help="Mine nothing: write what an LLM would be asked, one JSON a line.",
)
@llm_answers_option
def mine(files: tuple[Path, ...], requests_out: Path | None, answers: Path | None) -> int:
    """Find the insights in calls already written down. Needs no server.

    Reads calls in the label format (what `insights` says there is not looked at) and prints one
    JSON object a line for each. A broken file is reported and the others are still mined.

    \b
    Example:
      earshot mine samples/calls/*.json
    """
    if requests_out and answers:
        raise click.UsageError("--llm-requests-out asks, --llm-answers reads: choose one.")
    if requests_out:
        return _write_requests(files, requests_out)
    mine_call = mining(answers)
    return _each(files, lambda call: _print_mined(call.id, mine_call(call)))


def _write_requests(files: tuple[Path, ...], requests_out: Path) -> int:
    from insights.llm.files import requests

    model = load_settings().llm_model
    try:
        with requests_out.open("w", encoding="utf-8") as out:
            return _each(
                files, lambda call: out.writelines(f"{r}\n" for r in requests(call, model))
            )
    except OSError as error:
        raise Refused(f"{requests_out}: cannot be written ({error.strerror}).") from None


def _each(files: tuple[Path, ...], do: "Callable[[LabelledCall], None]") -> int:
    """Do it for each call; 1 where one could not be done, which is told."""
    from insights.labels import read_call

    broken = 0
    for file in files:
        try:
            do(read_call(file))
        except EarshotError as error:
            click.echo(f"earshot: {error}", err=True)
            broken = 1
    return broken


def _print_mined(call_id: str, mined: "Mined") -> None:
    from insights.labels import as_object

    for sentence in mined.how.sentences:
        click.echo(f"{call_id}: {sentence}", err=True)
    click.echo(json.dumps(as_object(call_id, mined.insights), ensure_ascii=False))


@click.command("model-path")
def model_path() -> None:
    """Print the folder of the Whisper weights in use.

    \b
    Example:
      ls -l "$(earshot model-path)"
    """
    from transcribe.weights import model_path as path_of

    click.echo(path_of(load_settings()))


COMMANDS = (transcribe, mine, model_path)
