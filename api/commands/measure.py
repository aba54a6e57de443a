"""Commands that measure Earshot against what a person marked or wrote down."""

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from api.commands.common import (
    SAMPLES,
    count,
    json_option,
    load_settings,
    print_json,
    print_table,
    share_object,
    with_interval,
)
from api.commands.llm import llm_answers_option, mining
from api.commands.measure_api import bench_api
from api.commands.measure_hearing import evaluate_silence
from api.commands.measure_pii import evaluate_pii
from api.commands.speakers import evaluate_speakers
from ingest.base.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable

    from insights.evaluate import Report, Score, ThemePairs
    from insights.insight import MiningNote
    from insights.labels import LabelledCall
    from transcribe.bench import EngineResult
    from transcribe.evaluate import WordErrors

KINDS = {
    "objection": ("objections", "category"),
    "competitor": ("competitors", "stance"),
    "feature_request": ("feature requests", None),
}

GRID = 4  # hundredths of cosine from one row of `evaluate themes` to the next


@click.group()
def evaluate() -> None:
    """Measure detectors or hearing on known calls.

    \b
    Example:
      earshot evaluate insights samples/calls
    """


@evaluate.command("insights")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@llm_answers_option
@json_option
def evaluate_insights(folder: Path, answers: Path | None, as_json: bool) -> None:
    """Precision, recall and F1 of each kind, with 95 % intervals.

    A hit is the same call, turn and kind (a competitor: also the same name), matched one to one.
    DIR holds calls in the label format, with the insights that a person marked.

    \b
    Example:
      earshot evaluate insights samples/calls
    """
    from insights.evaluate import score, theme_pairs

    calls = _calls_by_date(folder)
    truth = {call.id: call.truth for call in calls}
    mine = mining(answers)
    mined = {call.id: mine(call) for call in calls}
    found = {call: made.insights for call, made in mined.items()}
    report = score(truth, found)
    themes = theme_pairs(truth, found, {call.id: call.company for call in calls})
    how = _all_notes(made.how for made in mined.values())
    if as_json:
        notes = {"fallen_back": len(how.notes), "dropped": how.dropped}
        print_json({**_as_object(report), "themes": _themes_object(themes), **notes})
    else:
        _print_report(report)
        _print_themes(themes)
        _print_notes(how)


@evaluate.command("themes")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@json_option
def evaluate_themes(folder: Path, as_json: bool) -> None:
    """How well wishes are brought together, by how alike they have to be.

    Mines the calls in DIR with the embedded miner and places their requests company by company, in
    the order of the calls' dates. Precision and recall are those of pairs that are given one theme
    from this cosine on; the last column is for choosing from where on a person is asked: the share
    of pairs that are one wish, of those that are this much alike and are not merged by themselves.

    \b
    Example:
      earshot evaluate themes samples/calls
    """
    from insights.evaluate import theme_pairs
    from insights.themes.rules import SURE

    calls = _calls_by_date(folder)
    mine = mining(None)
    found = {call.id: mine(call).insights for call in calls}
    truth = {call.id: call.truth for call in calls}
    company_of = {call.id: call.company for call in calls}
    grid = {
        bound: (
            theme_pairs(truth, found, company_of, sure=bound, doubtful=bound),
            theme_pairs(truth, found, company_of, sure=max(SURE, bound), doubtful=bound).asked,
        )
        for bound in (step / 100 for step in range(100, 0, -GRID))
    }
    if as_json:
        rows = [
            {"cosine": bound, **_themes_object(merged), "asked": share_object(asked)}
            for bound, (merged, asked) in grid.items()
        ]
        print_json({"sure": SURE, "grid": rows})
        return
    print_table(
        ("cosine", "precision", "recall", "merged", "one wish", f"asked below {SURE:.2f}"),
        [
            (
                f"{bound:.2f}",
                with_interval(merged.precision.value, merged.precision.interval),
                with_interval(merged.recall.value, merged.recall.interval),
                count(merged.precision.total, "pair"),
                count(merged.recall.total, "pair"),
                f"{asked.hits} of {asked.total} one wish",
            )
            for bound, (merged, asked) in grid.items()
        ],
    )


def _calls_by_date(folder: Path) -> "list[LabelledCall]":
    """The folder's labelled calls, in the order in which they were held."""
    from insights.labels import read_folder

    calls = sorted(read_folder(folder), key=lambda call: (call.date, call.id))
    if not calls:
        raise NotFound(f"{folder}: holds no calls (*.json in the label format).")
    return calls


class _Notes(NamedTuple):
    notes: list[str]  # one a call that another miner than the chosen one has mined
    dropped: dict[str, int]


def _all_notes(hows: "Iterable[MiningNote]") -> _Notes:
    notes, dropped = [], Counter[str]()
    for how in hows:
        notes += [how.note] if how.note else []
        dropped.update(how.dropped)
    return _Notes(notes, dict(dropped))


def _print_notes(how: _Notes) -> None:
    from insights.insight import MiningNote

    if how.notes:
        click.echo(f"{count(len(how.notes), 'call')} not by the LLM. First: {how.notes[0]}")
    for sentence in MiningNote(dropped=how.dropped).sentences:
        click.echo(sentence)


def _as_object(report: "Report") -> dict[str, Any]:
    return {
        "calls": report.calls,
        "kinds": {kind.value: _score_object(kind, score) for kind, score in report.kinds.items()},
    }


def _score_object(kind: str, score: "Score") -> dict[str, Any]:
    facet = KINDS[kind][1]
    low, high = score.f1_interval
    return {
        "hits": score.hits,
        "true": score.recall.total,
        "found": score.precision.total,
        "precision": share_object(score.precision),
        "recall": share_object(score.recall),
        "f1": {"value": score.f1, "low": low, "high": high},
        "quote": share_object(score.quote_right),
        **({facet: share_object(score.label_right)} if facet else {}),
    }


def _print_report(report: "Report") -> None:
    rows = []
    for kind, score in report.kinds.items():
        name, facet = KINDS[kind]
        rows.append(
            (
                name,
                with_interval(score.precision.value, score.precision.interval),
                with_interval(score.recall.value, score.recall.interval),
                with_interval(score.f1, score.f1_interval),
                f"{facet} {score.label_right.value:.2f}" if facet else "–",
                f"{score.hits} of {score.recall.total}, {score.precision.total} found",
            )
        )
    print_table(("kind", "precision", "recall", "F1", "of the hits", "hits"), rows)
    click.echo(f"{count(report.calls, 'call')}; in brackets 95 % intervals.")


def _themes_object(themes: "ThemePairs") -> dict[str, Any]:
    return {
        "precision": share_object(themes.precision),
        "recall": share_object(themes.recall),
        "pairs": {"said": themes.precision.total, "true": themes.recall.total},
    }


def _print_themes(themes: "ThemePairs") -> None:
    click.echo(
        "Requests of one company brought together as one wish: "
        f"precision {with_interval(themes.precision.value, themes.precision.interval)} "
        f"of {count(themes.precision.total, 'pair')}, "
        f"recall {with_interval(themes.recall.value, themes.recall.interval)} "
        f"of {count(themes.recall.total, 'pair')}."
    )


@evaluate.command("transcripts")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@json_option
def evaluate_transcripts(folder: Path, as_json: bool) -> None:
    """Word error rate of each channel, with Whisper's own normaliser.

    DIR holds recordings with their `NAME.truth.json`; what was said is in `calls/NAME.json`
    there or beside DIR.

    \b
    Example:
      earshot evaluate transcripts samples
    """
    from transcribe.engine import Hearer
    from transcribe.evaluate import evaluate_transcripts as evaluate_folder

    report = evaluate_folder(folder, Hearer(load_settings()).hear)
    total = report.total
    if as_json:
        rows = [
            {"file": r.file, "side": r.side, **_errors_object(r.errors)} for r in report.results
        ]
        print_json({"recordings": rows, "all": _errors_object(total)})
        return
    table = [_errors_row(r.file, r.side, r.errors) for r in report.results]
    print_table(
        ("recording", "side", "WER", "wrong", "missed", "added", "words"),
        [*table, _errors_row("all", "", total)],
    )


def _errors_object(errors: "WordErrors") -> dict[str, float]:
    return {
        "wer": errors.rate,
        "words": errors.words,
        "substitutions": errors.substitutions,
        "deletions": errors.deletions,
        "insertions": errors.insertions,
    }


def _errors_row(file: str, side: str, errors: "WordErrors") -> tuple[str, ...]:
    counts = (errors.substitutions, errors.deletions, errors.insertions, errors.words)
    return file, side, f"{errors.rate:.1%}", *map(str, counts)


@click.group()
def bench() -> None:
    """Measure how fast Earshot works on this machine.

    \b
    Example:
      earshot bench mine
    """


@bench.command("transcribe")
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path), default=SAMPLES)
@json_option
def bench_transcribe(folder: Path, as_json: bool) -> None:
    """Time faster-whisper as it comes, its batched pipeline, and Earshot, on the same files.

    Prints how many times real time each is, its word error rate, the catalogue's names that it
    heard, before and after near-misses are put right, those that nobody said, and its peak memory.
    Earshot hears without names, with those of the call, and with another company's. DIR is a folder
    as for `evaluate transcripts`; the samples otherwise. Takes several minutes.

    \b
    Example:
      earshot bench transcribe samples --json
    """
    from transcribe.bench import bench_transcribe as run_bench

    report = run_bench(folder, load_settings())
    if as_json:
        results = [_engine_object(result) for result in report.results]
        print_json({"model": report.model, "threads": report.threads, "engines": results})
        return
    click.echo(f"Model {report.model}, {count(report.threads, 'thread')}.")
    headers = (
        *("engine", "× real time", "WER", "names heard", "put right", "invented"),
        *("CPU s an hour", "peak MiB"),
    )
    print_table(headers, [_engine_row(result) for result in report.results])


def _engine_object(result: "EngineResult") -> dict[str, Any]:
    return {
        "engine": result.engine,
        "audio_seconds": result.audio_seconds,
        "wall_seconds": result.wall_seconds,
        "times_real_time": result.times_real_time,
        "cpu_seconds_an_hour": result.cpu_seconds_an_hour,
        "peak_mib": result.peak_mib,
        "names": asdict(result.names),
        "names_put_right": asdict(result.corrected) if result.corrected else None,
        **_errors_object(result.errors),
    }


def _engine_row(result: "EngineResult") -> tuple[str, ...]:
    last = result.corrected or result.names
    return (
        result.engine,
        f"{result.times_real_time:.1f}",
        f"{result.errors.rate:.1%}",
        f"{result.names.heard} of {result.names.said}",
        f"{result.corrected.heard} of {result.corrected.said}" if result.corrected else "",
        str(last.invented),
        f"{result.cpu_seconds_an_hour:.0f}",
        f"{result.peak_mib:.0f}",
    )


@bench.command("mine")
@click.argument(
    "folder", metavar="[DIR]", type=click.Path(path_type=Path), default=SAMPLES / "calls"
)
@json_option
def bench_mine(folder: Path, as_json: bool) -> None:
    """Time the miner: how many turns a second one core mines, from the words to the insights.

    Counts this process's CPU time on all cores, without loading. DIR holds calls in the label
    format; the samples otherwise.

    \b
    Example:
      earshot bench mine samples/calls --json
    """
    from insights.bench import bench_mine as run_bench
    from insights.bench import calls_with_turns, turns_an_hour
    from insights.mining import Embedded

    calls = calls_with_turns(folder)
    speed = run_bench(calls, Embedded(), turns_an_hour(SAMPLES))
    if as_json:
        derived = ("turns_a_second_a_core", "core_seconds_a_thousand_hours")
        print_json(asdict(speed) | {name: getattr(speed, name) for name in derived})
        return
    click.echo(
        f"{speed.turns_a_second_a_core:.0f} turns a second a core: {count(speed.turns, 'turn')} of"
        f" {count(speed.calls, 'call')} in {speed.cpu_seconds:.1f} s of CPU time"
        f" ({speed.wall_seconds:.1f} s by the clock)."
    )
    click.echo(
        f"A thousand hours of calls take one core {_minutes(speed.core_seconds_a_thousand_hours)},"
        f" at {speed.turns_an_hour:.0f} turns an hour as in the samples."
    )


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds < 2 * 3600 else f"{seconds / 3600:.1f} hours"


bench.add_command(bench_api)
evaluate.add_command(evaluate_pii)
evaluate.add_command(evaluate_silence)
evaluate.add_command(evaluate_speakers)

COMMANDS = (evaluate, bench)
