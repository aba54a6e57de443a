"""Which miner a command uses: the settings', or an LLM's answers that were brought in a file."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from api.commands.common import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from insights.insight import Mined
    from insights.labels import LabelledCall

llm_answers_option = click.option(
    "--llm-answers",
    "answers",
    type=click.Path(path_type=Path),
    help="Take an LLM's answers to those requests: a JSON a line, with id and content.",
)


def mining(answers: Path | None) -> "Callable[[LabelledCall], Mined]":
    """What finds a call's insights. Raises NotFound for a call without its answers."""
    settings = load_settings()
    if answers:
        from insights.llm.files import mine_answers, read_answers

        given = read_answers(answers)
        return lambda call: mine_answers(call, given, settings.llm_model)
    from insights.mining import choose

    miner = choose(settings)
    return lambda call: miner.mine(call.transcript, call.competitors, call.own_names)
