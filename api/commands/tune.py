"""The command that shows how hearing runs on this machine."""

from typing import TYPE_CHECKING

import click

from api.commands.common import json_option, load_settings, print_json, print_table

if TYPE_CHECKING:
    from transcribe.plan import Plan
    from transcribe.tuning import Tuning

PATIENCE_SECONDS = 120.0  # a person who asks waits longer than a call may


@click.command()
@click.option("--again", is_flag=True, help="Measure anew, also where figures are there.")
@json_option
def tune(again: bool, as_json: bool) -> None:
    """Show how hearing runs on this machine, and measure it if nobody did.

    A hearing worker does the same before its first call, in twelve seconds at most; this takes the
    time it needs, up to two minutes. Workers take up a new choice when they start.

    \b
    Example:
      earshot tune --again
    """
    from dataclasses import asdict

    from transcribe.tuning import tuned

    found = tuned(load_settings(), again=again, seconds=PATIENCE_SECONDS)
    if as_json:
        print_json(asdict(found))
        return
    click.echo(f"{found.depends_on['processor']}: {_words(found.chosen)}.")
    if found.measured:
        _print_figures(found)
    else:
        click.echo("By rule, not measured: set by hand, on a GPU, or it could not be.")


def _print_figures(found: "Tuning") -> None:
    click.echo()
    print_table(
        ("", "compute type", "lanes × threads", "batch", "CPU seconds a window", "peak MiB"),
        [
            (
                "→" if figure.plan == found.chosen else "",
                figure.plan.compute_type,
                f"{figure.plan.lanes} × {figure.plan.threads}",
                str(figure.plan.batch),
                f"{figure.cpu_seconds:.2f}",
                f"{figure.peak_mib:.0f}",
            )
            for figure in found.measured
        ],
    )


def _words(plan: "Plan") -> str:
    windows = "one window" if plan.batch == 1 else f"{plan.batch} windows"
    return (
        f"{plan.compute_type}, {plan.lanes} × {plan.threads} threads, {windows} decoded together "
        "by each"
    )


COMMANDS = (tune,)
