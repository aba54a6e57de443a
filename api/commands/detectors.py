"""The command for what reviews say of the detectors, through the running server."""

from pathlib import Path
from typing import Any

import click

from api.commands.common import json_option, load_settings, print_json, print_table

COLUMNS = (
    *("detector", "version", "precision", "recall"),
    *("confirmed", "relabelled", "rejected", "missed", "whole calls"),
)


@click.command()
@json_option
def detectors(as_json: bool) -> None:
    """Print how often each detector is right, as far as reviews tell.

    Precision is the share of the reviewed insights that were confirmed as found; recall the share
    of the true ones that it had found, in calls whose insights of the kind are all reviewed. What
    nobody noticed is not counted: recall is at best an upper bound. Both with 95 % intervals.
    Then it says which reader is in use in this data folder.

    \b
    Example:
      earshot detectors
    """
    from api.client import connected

    settings = load_settings()
    found = list(connected(settings).pages("detectors"))
    if as_json:
        print_json(found)
    elif found:
        print_table(COLUMNS, [_row(detector) for detector in found])
    else:
        click.echo("Nothing is reviewed yet: confirm or reject what was found on a call's page.")
    if not as_json and not settings.url:  # else the workers may be on another machine
        click.echo(_in_use(settings.home))


def _in_use(home: Path) -> str:
    """Which reader mines here, and why not the promoted one."""
    from ingest.base.errors import BadSetup
    from insights.model.promote import promoted, usable
    from insights.model.reader import HERE, Reader

    version, shipped = promoted(home), Reader.load(HERE).version
    if version is None:
        return f"In use: reader {shipped}, as it came with Earshot."
    try:
        usable(home, version)
    except BadSetup as error:
        return f"In use: reader {shipped}, as it came with Earshot. {error}"
    return f"In use: reader {version}, retrained here."


def _row(detector: dict[str, Any]) -> tuple[str, ...]:
    counts = ("confirmed", "relabelled", "rejected", "missed", "calls")
    return (
        detector["kind"].replace("_", " "),
        detector["version"],
        _share(detector["precision"]),
        _share(detector["recall"]),
        *(str(detector[name]) for name in counts),
    )


def _share(share: dict[str, Any]) -> str:
    """ "0.87 [0.75–0.94] of 47", or why there is no figure."""
    if share["value"] is None:
        return str(share["note"])
    return f"{share['value']:.2f} [{share['low']:.2f}–{share['high']:.2f}] of {share['total']}"


COMMANDS = (detectors,)
