"""The user's own calls labelled by their LLM, for the small reader to learn from."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NoReturn

from ingest.base.db import Connection
from ingest.base.errors import NotFound, Refused, Unavailable
from ingest.base.settings import Settings
from insights.insight import Mined
from insights.labels import LabelledCall
from insights.llm.endpoint import Endpoint
from insights.llm.files import UNREADABLE, mine_answers, read_answers
from insights.llm.miner import LlmMiner
from insights.retrain.material import OwnCall, own_call
from insights.retrain.reviewed import held_out
from insights.retrain.training import Say

GIVE_UP = 3
"""Calls in a row that the LLM does not label: it is not there, and asking on helps nobody."""

Label = Callable[[OwnCall], Mined]
"""Has the LLM label a call. Raises EarshotError where it did not, or not wholly."""


class NotLabelled(Unavailable):
    """The LLM did not label the call."""


def chosen(conn: Connection, ids: Iterable[int], limit: int) -> list[OwnCall]:
    """The first `limit` of these calls that are not held out, with what people said of them."""
    free = [call_id for call_id in ids if not held_out(call_id)]
    found = (own_call(conn, call_id) for call_id in free[:limit])
    return [call for call in found if any(t.text.strip() for t in call.basis.transcript.turns)]


def by_server(settings: Settings) -> Label:
    """Labels by the LLM that the settings name. Raises Refused where they name none."""
    if not settings.llm_url or not settings.llm_model:
        raise Refused(
            "No LLM is named: set EARSHOT_LLM_URL and EARSHOT_LLM_MODEL, or bring its answers "
            "with --llm-answers."
        )
    miner = LlmMiner(Endpoint.of(settings), settings.llm_model, _no_other_miner)
    return lambda call: call.basis.mined_by(miner)


def _no_other_miner() -> NoReturn:
    """What the embedded miner finds is what the reader knows already: nothing to learn from."""
    raise NotLabelled("The LLM did not answer")


def by_file(file: Path, settings: Settings) -> Label:
    """Labels by answers that were brought. Raises NotFound or Refused for a broken file."""
    answers = read_answers(file)

    def label(call: OwnCall) -> Mined:
        mined = mine_answers(call.unlabelled, answers, settings.llm_model)
        if UNREADABLE in mined.how.dropped:
            raise NotLabelled(f"The answer to call {call.id} cannot be read")
        return mined

    return label


def labelled(calls: Sequence[OwnCall], label: Label, say: Say) -> Iterator[LabelledCall]:
    """Yield the calls that the LLM labelled, with only those of its quotes that are really there.
    A call that it did not label is left out, and told. Raises NotLabelled where it labels none."""
    left_out, in_a_row = 0, 0
    for number, call in enumerate(calls, 1):
        try:
            mined = label(call)
        except (NotLabelled, NotFound) as error:
            left_out, in_a_row = left_out + 1, in_a_row + 1
            why = error.__cause__ or error.__context__ or error
            say(f"{number} of {len(calls)}: call {call.id} is left out ({str(why).rstrip('.')}).")
            if in_a_row >= GIVE_UP and isinstance(error, NotLabelled):
                raise NotLabelled(
                    f"The LLM labelled none of {in_a_row} calls in a row ({why}): see to it, and "
                    "start again."
                ) from None
            continue
        in_a_row = 0
        say(f"{number} of {len(calls)}: call {call.id}, {len(mined.insights)} labels.")
        yield call.by_llm(mined.insights)
    if left_out == len(calls):
        raise NotLabelled("The LLM labelled none of these calls: there is nothing to learn from.")
