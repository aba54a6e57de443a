"""The user's own calls as labelled calls: read from the database, and laid out for training."""

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ingest import queries as calls
from ingest.base.db import Connection
from ingest.base.errors import BadSetup
from insights.basis import Basis, load_basis
from insights.insight import Insight
from insights.labels import LabelledCall, as_label, call_object, read_call
from insights.queries import insights_of
from insights.retrain.queries import reviewed_calls
from insights.retrain.reviewed import Pair, held_out, known

SHIPPED = Path(__file__).parents[1] / "training" / "calls"
CHOOSING = 10
"""One shipped company in so many is not learnt from: on its calls the thresholds are chosen. The
calls by which readers are then judged must have no part in making one of them."""


@dataclass(frozen=True, slots=True)
class OwnCall:
    """A call of the user's, and what people said of it."""

    id: int
    basis: Basis
    told: Mapping[Pair, tuple[Insight, ...]]

    @property
    def unlabelled(self) -> LabelledCall:
        """The call in the label format, without any label."""
        company, *product = self.basis.own_names or ("",)
        return LabelledCall(
            source=f"call {self.id}",
            id=f"call-{self.id}",
            company=company,
            date="",
            product=" ".join(product),
            competitors=self.basis.rivals,
            transcript=self.basis.transcript,
            labels=[],
        )

    def by_reviews(self) -> LabelledCall:
        """Labelled by people: of what they said nothing of, nothing is known."""
        pairs = [{"turn": turn, "kind": kind.value} for turn, kind in sorted(self.told)]
        return replace(self.unlabelled, labels=_labels(self._true()), reviewed=pairs)

    def by_llm(self, found: Sequence[Insight]) -> LabelledCall:
        """Labelled as a whole by an LLM; where people said something, it is their word."""
        kept = [i for i in found if (i.turn, i.kind) not in self.told]
        return replace(self.unlabelled, labels=_labels([*kept, *self._true()]))

    def _true(self) -> list[Insight]:
        return [insight for some in self.told.values() for insight in some]


def _labels(insights: Iterable[Insight]) -> list[dict[str, object]]:
    ordered = sorted(insights, key=lambda i: (i.turn, i.quote.start_char, i.kind, i.label))
    return [as_label(insight) for insight in ordered]


def own_call(conn: Connection, call_id: int) -> OwnCall:
    """One call with what its reviews make known. Raises NotFound where it or its words are gone."""
    basis = load_basis(conn, calls.get_call(conn, call_id))
    insights = insights_of(conn, call_id)
    return OwnCall(call_id, basis, known(basis.transcript.turns, basis.rivals, insights))


@dataclass(frozen=True, slots=True)
class Reviewed:
    """The calls of which reviews make something known."""

    learnt: tuple[OwnCall, ...]
    held_out: tuple[OwnCall, ...]  # never learnt from


def reviewed(conn: Connection) -> Reviewed:
    """All calls of the database of which people said something that holds."""
    found = [own_call(conn, call_id) for call_id in reviewed_calls(conn)]
    told = [call for call in found if call.told]
    return Reviewed(
        learnt=tuple(call for call in told if not held_out(call.id)),
        held_out=tuple(call for call in told if held_out(call.id)),
    )


@dataclass(frozen=True, slots=True)
class Folders:
    """What training reads: calls to learn from, others to choose thresholds on, and wishes in
    other words."""

    learnt: Path
    choosing: Path
    wishes: Path


def lay_out(scratch: Path, own: Sequence[LabelledCall], shipped: Path = SHIPPED) -> Folders:
    """Write the shipped calls, as written and as printed, and one's own into two folders under
    `scratch`. Raises BadSetup without the shipped ones."""
    paths = sorted(shipped.glob("*.json"))
    if not paths:
        raise BadSetup(f"{shipped} holds no training calls: reinstall Earshot.")
    paths += sorted(shipped.with_name("printed").glob("*.json"))
    folders = Folders(scratch / "calls", scratch / "choosing", shipped.with_name("wishes"))
    for folder in (folders.learnt, folders.choosing):
        folder.mkdir()
    company_of = {path: read_call(path).company for path in paths}
    choosing = set(sorted(set(company_of.values()))[::CHOOSING])
    for path, company in company_of.items():
        shutil.copy(path, folders.choosing if company in choosing else folders.learnt)
    for call in own:
        text = json.dumps({**call_object(call), "asr": True}, ensure_ascii=False)
        (folders.learnt / f"own-{call.id}.json").write_text(text, encoding="utf-8")
    return folders
