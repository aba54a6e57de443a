"""The command that measures what is masked."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from api.commands.common import (
    count,
    json_option,
    print_json,
    print_table,
    share_object,
    with_interval,
)

if TYPE_CHECKING:
    from insights.evaluate import Share


@click.command("pii")
@click.argument("path", metavar="FILE|DIR", type=click.Path(path_type=Path))
@json_option
def evaluate_pii(path: Path, as_json: bool) -> None:
    """How much of what is private is masked, and how much else, with 95 % intervals.

    FILE holds utterances with what is private marked, as in tests/fixtures/pii; of DIR its *.txt.
    A card, account, address or number counts as masked if none of its letters and digits is left.

    \b
    Example:
      earshot evaluate pii tests/fixtures/pii/held-out.txt
    """
    from insights.evaluate import Share
    from transcribe.pii.mask import Private
    from transcribe.pii.measure import evaluate as evaluate_file

    results = evaluate_file(path)
    items = [pair for result in results for pair in zip(result.kinds, result.found, strict=True)]
    recall = {
        str(what): Share(sum(found for _, found in of), len(of))
        for what in Private
        if (of := [pair for pair in items if pair[0] is what])
    }
    recall["all"] = Share(sum(found for _, found in items), len(items))
    decoys = [result for result in results if not result.found]
    masked = Share(sum(result.masks > 0 for result in decoys), len(decoys))
    wrong = [r.utterance.place for r in results if r.false_masks or not all(r.found)]
    if as_json:
        told = {what: _counted(share) for what, share in recall.items()}
        print_json({"recall": told, "decoys_masked": _counted(masked), "wrong": wrong})
        return
    print_table(
        ("what", "recall", "masked"),
        [
            (what, with_interval(share.value, share.interval), f"{share.hits} of {share.total}")
            for what, share in recall.items()
        ],
    )
    click.echo(
        f"Of {count(masked.total, 'utterance')} with nothing private, {masked.hits} masked:"
        f" {with_interval(masked.value, masked.interval)}. In brackets 95 % intervals."
    )
    if wrong:
        click.echo(f"Too much or not all masked: {', '.join(wrong)}.")


def _counted(share: "Share") -> dict[str, float]:
    return {"hits": share.hits, "total": share.total, **share_object(share)}
