"""`earshot retrain` and `earshot distil`: the small reader made anew for one's own calls."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from api.commands.common import (
    SAMPLES,
    count,
    json_option,
    load_settings,
    print_json,
    print_table,
)
from api.commands.llm import llm_answers_option
from ingest.base.errors import NotFound, Refused

if TYPE_CHECKING:
    from ingest.base.settings import Settings
    from insights.labels import LabelledCall
    from insights.retrain.gate import Compared, Reason
    from insights.retrain.material import OwnCall, Reviewed
    from insights.retrain.work import Outcome

KINDS = {
    "objection": "objections",
    "competitor": "competitors",
    "feature_request": "feature requests",
}
THEN = (
    "Workers mine with it from their next call on. To apply it to the calls you have: "
    "earshot remine"
)
COLUMNS = ("judged by", "kind", "of", "F1 now", "F1 new", "hits now", "hits new", "")

validation_option = click.option(
    "--validation",
    type=click.Path(path_type=Path),
    default=SAMPLES / "calls",
    help="Labelled calls to judge by, none of them learnt from; the six samples otherwise.",
)
epochs_option = click.option(
    "--epochs", type=click.IntRange(1), help="How often training goes through the calls."
)
dry_run_option = click.option(
    "--dry-run", is_flag=True, help="Train and judge, and promote nothing."
)


@click.command()
@validation_option
@epochs_option
@dry_run_option
@click.option(
    "--back-to-shipped", is_flag=True, help="Train nothing: mine with Earshot's own reader again."
)
@json_option
def retrain(
    validation: Path, epochs: int | None, dry_run: bool, back_to_shipped: bool, as_json: bool
) -> int:
    """Train the reader anew with your reviews, and use it if it is not worse.

    It learns from Earshot's own training calls and from what you confirmed, rejected, relabelled
    or added, and from nothing else of your calls. One reviewed call in three is held out: by those
    and by the validation calls the new reader is judged beside the present one. Half an hour or so
    on two cores. Run it where the mining workers' data folder is. Stopped, it changes nothing.

    \b
    Example:
      earshot retrain --validation ../labelled-calls
    """
    settings = load_settings()
    if back_to_shipped:
        click.echo(_back(settings))
        return 0
    told = _reviewed(settings)
    if not told.learnt:
        raise Refused(
            "There is nothing to learn from yet: confirm, reject or add insights on your calls' "
            "pages."
        )

    def own() -> "Sequence[LabelledCall]":
        return [call.by_reviews() for call in told.learnt]

    return _retrained(settings, told, own, validation, epochs, dry_run, as_json)


@click.command()
@click.option(
    "--since", type=click.DateTime(("%Y-%m-%d",)), help="Calls held on this day or later."
)
@click.option("--company", help="Only calls of this one of your companies.")
@click.option(
    "--limit", type=click.IntRange(1), default=200, show_default=True, help="The latest so many."
)
@click.option(
    "--llm-requests-out",
    "requests_out",
    type=click.Path(path_type=Path),
    help="Train nothing: write what an LLM would be asked, one JSON a line.",
)
@llm_answers_option
@validation_option
@epochs_option
@dry_run_option
@json_option
def distil(
    since: datetime | None,
    company: str | None,
    limit: int,
    requests_out: Path | None,
    answers: Path | None,
    validation: Path,
    epochs: int | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Train the reader anew on your calls as your LLM labels them.

    As `retrain`, with your reviews and besides with calls that the LLM of EARSHOT_LLM_URL labels
    as a whole. Only what it quotes word by word is learnt, where you reviewed something your word
    counts, and calls that it did not answer are left out. The same held-out reviews judge.

    \b
    Example:
      earshot distil --since 2026-09-01 --limit 100
    """
    from insights.retrain.distil import by_file, by_server, labelled

    if requests_out and answers:
        raise click.UsageError("--llm-requests-out asks, --llm-answers reads: choose one.")
    settings = load_settings()
    chosen = _chosen(settings, since, company, limit)
    if requests_out:
        _write_requests(chosen, settings.llm_model, requests_out)
        return 0
    label = by_file(answers, settings) if answers else by_server(settings)
    told = _reviewed(settings)

    def own() -> "Sequence[LabelledCall]":
        by_llm = list(labelled(chosen, label, _say))
        taken = {call.id for call in by_llm}
        by_people = [call.by_reviews() for call in told.learnt]
        return [*by_llm, *(call for call in by_people if call.id not in taken)]

    return _retrained(settings, told, own, validation, epochs, dry_run, as_json)


def _back(settings: "Settings") -> str:
    from insights.model.promote import back_to_shipped

    before = back_to_shipped(settings.home)
    if before is None:
        return "Earshot's own reader is in use already."
    return f"Earshot's own reader is in use again, instead of {before}. {THEN}"


def _reviewed(settings: "Settings") -> "Reviewed":
    from ingest.base import db
    from ingest.base.services import embedded
    from insights.retrain.material import reviewed

    with embedded(settings) as found, db.connect(found.database_url) as conn:
        return reviewed(conn)


def _chosen(
    settings: "Settings", since: datetime | None, company: str | None, limit: int
) -> "list[OwnCall]":
    from ingest.base import db
    from ingest.base.services import embedded
    from insights.retrain.distil import chosen
    from insights.retrain.queries import mined_calls

    with embedded(settings) as found, db.connect(found.database_url) as conn:
        ids = mined_calls(conn, since.astimezone() if since else None, company)
        calls = chosen(conn, ids, limit)
    if not calls:
        raise NotFound("There are no mined calls to label: choose more by --since or --company.")
    return calls


def _write_requests(calls: "Sequence[OwnCall]", model: str, out: Path) -> None:
    from insights.llm.files import requests

    try:
        with out.open("w", encoding="utf-8") as file:
            for call in calls:
                file.writelines(f"{line}\n" for line in requests(call.unlabelled, model))
    except OSError as error:
        raise Refused(f"{out}: cannot be written ({error.strerror}).") from None


def _retrained(
    settings: "Settings",
    told: "Reviewed",
    own: "Callable[[], Sequence[LabelledCall]]",
    validation: Path,
    epochs: int | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Check what can be checked, train, and tell what came of it; 1 where it is not promoted."""
    from api.commands.server import mind_signals
    from insights.retrain.gate import Sample
    from insights.retrain.training import Training, check_installed
    from insights.retrain.work import Retraining, check_enough, validation_calls

    samples = {
        Sample.VALIDATION: validation_calls(validation),
        Sample.OWN: [call.by_reviews() for call in told.held_out],
    }
    _say(
        f"Your reviews: {count(len(told.learnt), 'call')} to learn from, "
        f"{count(len(told.held_out), 'call')} held out to judge by."
    )
    check_enough(samples)
    check_installed()
    mind_signals()
    outcome = Retraining(settings.home, samples, Training(epochs), _say, dry_run).run(own)
    if as_json:
        print_json(_as_object(outcome))
    else:
        _print(outcome, dry_run)
    return 0 if outcome.promoted or (dry_run and not outcome.against) else 1


def _say(line: str) -> None:
    click.echo(line, err=True)


def _print(outcome: "Outcome", dry_run: bool) -> None:
    print_table(COLUMNS, [_row(compared) for compared in outcome.compared])
    for reason in outcome.against:
        click.echo(f"Not promoted: {_sentence(reason)}")
    if outcome.promoted:
        click.echo(f"Promoted: reader {outcome.new}, instead of {outcome.present}. {THEN}")
    elif outcome.against:
        click.echo(f"Reader {outcome.present} stays.")
    elif dry_run:
        click.echo(f"Nothing is worse: without --dry-run reader {outcome.new} were promoted.")


def _row(compared: "Compared") -> tuple[str, ...]:
    present, new = compared.present, compared.new
    verdict = "worse" if compared.worse else "not worse"
    return (
        compared.sample.value,
        KINDS[compared.kind],
        str(compared.judgements),
        f"{present.f1:.2f}",
        f"{new.f1:.2f}",
        *(f"{c.hits} of {c.true}, {c.found} found" for c in (present, new)),
        verdict if compared.enough else "too few to judge",
    )


def _sentence(reason: "Reason") -> str:
    kind = KINDS[reason.kind] if reason.kind else "all kinds"
    return f"{kind}, by {reason.sample}: {reason.why}."


def _as_object(outcome: "Outcome") -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "present": outcome.present,
        "new": outcome.new,
        "promoted": outcome.promoted,
        "against": [asdict(reason) for reason in outcome.against],
        "compared": [
            {
                **asdict(c),
                "f1_present": round(c.present.f1, 4),
                "f1_new": round(c.new.f1, 4),
                "enough": c.enough,
                "worse": c.worse,
            }
            for c in outcome.compared
        ],
    }


COMMANDS = (retrain, distil)
