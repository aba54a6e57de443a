"""Which names are proposed, and what a person may decide of them: pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ingest.base.errors import Refused
from insights.insight import Unlisted
from insights.proposals.proposal import Decision, Proposal, State
from insights.stored import CatalogueEntry

SIGNS = re.compile(r"[^\W_]+")


class BadDecision(Refused):
    """A decision that does not fit what was decided, or what the catalogue says, by now."""

    code = "bad-decision"


def key(name: str) -> str:
    """What makes two spellings one name: letters and digits, case aside. "Tide Wall's" is
    "tidewall"; empty for what holds neither."""
    return "".join(signs(name.casefold().strip().removesuffix("'s").removesuffix("’s")))


def signs(name: str) -> list[str]:
    """The name's words without marks, case aside."""
    return SIGNS.findall(name.casefold())


@dataclass(frozen=True, slots=True)
class Known:
    """Names about a call that need no proposal."""

    listed: tuple[str, ...]  # rivals, their aliases, and the seller's own names
    around: tuple[str, ...]  # the account and the seller: also known by a part of the name


def strangers(names: Iterable[Unlisted], known: Known) -> dict[str, list[Unlisted]]:
    """The names that nobody knows yet, by key; of one name the surest mention in a turn."""
    listed = {key(name) for name in known.listed}
    around = [set(signs(name)) for name in known.around]
    surest: dict[tuple[str, int], Unlisted] = {}
    for name in sorted(names, key=lambda name: -name.score):
        words = set(signs(name.name))
        if words and key(name.name) not in listed and not any(words <= whole for whole in around):
            surest.setdefault((key(name.name), name.turn), name)
    found: dict[str, list[Unlisted]] = {}
    for (name_key, _), name in sorted(surest.items(), key=lambda item: item[0]):
        found.setdefault(name_key, []).append(name)
    return found


def changes(proposal: Proposal, wanted: Decision) -> bool:
    """Whether the decision says something new. Raises BadDecision where it would silently undo
    another one, or cannot be."""
    if wanted.competitor_id is not None and wanted.state is not State.ACCEPTED:
        raise BadDecision("Only an accepted name is another name of a rival: leave the rival out.")
    if wanted.state is State.OPEN or proposal.state is State.OPEN:
        return wanted.state is not proposal.state
    if wanted.state is proposal.state and _rival_meant(proposal) == wanted.competitor_id:
        return False
    raise BadDecision(
        f"{proposal.decided_by} has {proposal.state} “{proposal.name}” already:"
        " undo that first, then decide anew."
    )


def _rival_meant(proposal: Proposal) -> int | None:
    return proposal.competitor_id if proposal.alias else None


def check_untouched(proposal: Proposal, entry: CatalogueEntry) -> None:
    """Raise BadDecision where taking the rival out would lose what was written there since."""
    if key(entry.name) != key(proposal.name) or entry.aliases:
        raise BadDecision(
            f"“{entry.name}” was edited in the catalogue since “{proposal.name}” was accepted:"
            " change or remove it there."
        )
