"""The command that says how fast lists, trends and searches are when there is much to ask about."""

from typing import TYPE_CHECKING, Any

import click

from api.commands.common import json_option, load_settings, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from api.bench.run import Run, Timed


@click.command("api")
@click.option("--calls", type=click.IntRange(50), default=100_000, show_default=True)
@click.option(
    "--requests",
    type=click.IntRange(10),
    default=60,
    show_default=True,
    help="Of each question, after a warm-up.",
)
@json_option
def bench_api(calls: int, requests: int, as_json: bool) -> None:
    """Time lists, trends and searches over HTTP, with 10,000 calls and with many.

    Invents calls, ten insights and thirty turns each on average, in a database of its own on the
    server in the settings, or on the embedded one; it is dropped at the end, and yours is not
    touched. 100,000 calls take some ten minutes and 6 GB of disk. Prints the milliseconds in which
    half of the answers came, and 95 of 100.

    \b
    Example:
      earshot bench api --calls 20000
    """
    from api.bench.run import SMALL, bench
    from api.commands.server import mind_signals

    mind_signals()
    sizes = [size for size in (SMALL,) if size < calls] + [calls]
    runs = list(bench(load_settings(), sizes, requests, lambda said: click.echo(said, err=True)))
    if as_json:
        print_json({"runs": [_object(run) for run in runs]})
    else:
        _print(runs)


def _object(run: "Run") -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(run.filled) | {
        "questions": [
            {
                "question": timed.question.name,
                "target_ms": timed.question.target,
                "p50_ms": round(timed.p50, 1),
                "p95_ms": round(timed.p95, 1),
                "in_time": timed.in_time,
            }
            for timed in run.timed
        ]
    }


def _print(runs: "Sequence[Run]") -> None:
    for run in runs:
        filled = run.filled
        click.echo(
            f"{filled.calls:,} calls, {filled.insights:,} insights, {filled.turns:,} turns:"
            f" filled in {filled.seconds:.0f} s ({filled.calls / filled.seconds:,.0f} calls a"
            f" second), {filled.megabytes:,.0f} MB; {filled.differences} roll-up rows differ."
        )
    headers = ["", *(f"{at} {run.filled.calls:,}" for run in runs for at in ("p50", "p95"))]
    rows = [_row(each) for each in zip(*(run.timed for run in runs), strict=True)]
    print_table((*headers, "growth", "target"), rows)
    late = [timed.question.name for timed in runs[-1].timed if not timed.in_time]
    click.echo(f"Milliseconds. Beyond the target: {', '.join(late) or 'none'}.")


def _row(timed: "Sequence[Timed]") -> tuple[str, ...]:
    question = timed[0].question
    figures = (f"{figure:.0f}" for each in timed for figure in (each.p50, each.p95))
    growth = f"× {timed[-1].p95 / timed[0].p95:.1f}" if len(timed) > 1 else ""
    target = "" if question.target is None else f"{question.target}"
    late = "" if timed[-1].in_time else " missed"
    return question.name, *figures, growth, target + late
