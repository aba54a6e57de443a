"""`earshot import`: calls of which only the words are left."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from api.commands.calls import conclude, tell_refused
from api.commands.common import count, json_option, load_settings
from ingest.base.errors import EarshotError, NotFound, Unavailable

if TYPE_CHECKING:
    from api.client import Client


@click.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--wait", is_flag=True, help="Wait until every call is mined.")
@json_option
def import_(paths: tuple[Path, ...], wait: bool, as_json: bool) -> int:
    """Bring calls that you have as transcripts, without sound.

    PATHS are JSON files, one call each, or folders of them; README.md shows the format. What a
    file says of insights is not read: Earshot finds them. A file that is refused does not stop
    the others. The same words are one call, so that the command can be run again. The rivals in
    the files are taken for a company that has none yet; a catalogue that you keep is not changed.

    \b
    Example:
      earshot import transcripts/ --wait
    """
    from api.client import connected

    files = transcripts_in(paths)
    client = connected(load_settings())
    calls = bring(client, files, quiet=as_json)
    if not as_json:
        tell_rivals(calls)
    return conclude(client, calls, len(files), wait, as_json)


def transcripts_in(paths: Sequence[Path]) -> list[Path]:
    """The files that are meant: those named, and the `*.json` of folders but for the samples'
    `*.truth.json`. Raises NotFound for a folder without any."""
    files: list[Path] = []
    for path in paths:
        inside = in_folder(path) if path.is_dir() else [path]
        if not inside:
            raise NotFound(f"{path}: no *.json file is in this folder.")
        files += inside
    return files


def in_folder(folder: Path) -> list[Path]:
    """The transcripts in a folder by name; none where there is no such folder."""
    found = sorted(folder.glob("*.json"))
    return [file for file in found if file.is_file() and not file.name.endswith(".truth.json")]


def bring(client: "Client", files: Sequence[Path], *, quiet: bool) -> list[dict[str, Any]]:
    """Bring each, saying how far it is; the calls of those that were taken. Raises Unavailable
    where the server goes away: the rest would only fail one by one."""
    calls: list[dict[str, Any]] = []
    for number, file in enumerate(files, 1):
        try:
            call = client.bring_transcript(file)
        except Unavailable as error:
            raise Unavailable(
                f"{error} {len(calls)} of {count(len(files), 'transcript')} came through: run this "
                "again for the rest, what is there is not brought twice."
            ) from error
        except (EarshotError, OSError) as error:
            tell_refused(file, error)
            continue
        calls.append(call)
        if not quiet:
            known = " (was here before)" if call["duplicate"] else ""
            click.echo(f"{number} of {len(files)}: {file} is call {call['id']}{known}")
    return calls


def tell_rivals(calls: Sequence[dict[str, Any]]) -> None:
    """Say which catalogues were filled, and which names of the files are in none."""
    for company in dict.fromkeys(call["company"] for call in calls):
        ours = [call for call in calls if call["company"] == company]
        added = sum(call["rivals_added"] for call in ours)
        if added:
            click.echo(f"{company} had no rivals in its catalogue: {added} of the files are there.")
        left_out = dict.fromkeys(name for call in ours for name in call["rivals_left_out"])
        if left_out:
            click.echo(
                f"Not in {company}'s catalogue, and not looked for: {', '.join(left_out)}. "
                "`earshot competitors add` adds them, `earshot remine` finds them."
            )


COMMANDS = (import_,)
