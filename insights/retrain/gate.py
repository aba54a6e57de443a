"""Whether a new reader may take the place of the present one: pure.

Both mine the same calls that neither has learnt from, and are counted as `insights.evaluate`
counts: once on the validation calls, and once on the user's own reviewed calls that were held
out. The new one is promoted only where no kind of insight is found worse, on either.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from insights.evaluate import f1
from insights.insight import Kind
from insights.reviews.figures import ENOUGH_REVIEWS

TOLERANCE = 0.01
"""F1 that may be lost without being called worse. Thresholds are chosen no finer (`measure`), and
among a hundred mentions and more it is one or two of them."""


class Sample(StrEnum):
    """Calls that readers are judged by."""

    VALIDATION = "validation"
    OWN = "your reviews"


ENOUGH = {Sample.VALIDATION: 10, Sample.OWN: ENOUGH_REVIEWS}
"""So many mentions of a kind, or reviews of one, are needed to judge by. Reviews: as many as for a
detector's figures. Validation calls are labelled whole, which says more for each; the six that come
with Earshot have eleven rivals."""


@dataclass(frozen=True, slots=True)
class Counts:
    """One reader on one sample, one kind of insight."""

    hits: int
    true: int
    found: int

    @property
    def f1(self) -> float:
        return f1(self.hits, self.true, self.found)

    @property
    def one_hit(self) -> float:
        """What one hit more is worth in F1."""
        return f1(1, self.true, self.found)


@dataclass(frozen=True, slots=True)
class Compared:
    """Both readers on one sample, one kind. `judgements` are the mentions or reviews that it
    rests on."""

    sample: Sample
    kind: Kind
    judgements: int
    present: Counts
    new: Counts

    @property
    def enough(self) -> bool:
        """Whether it rests on enough to be judged."""
        return self.judgements >= ENOUGH[self.sample]

    @property
    def worse(self) -> bool:
        """Whether the new one is worse: by more than the tolerance, and by more than one hit,
        which on few calls is chance."""
        slack = max(TOLERANCE, self.present.one_hit)
        return self.new.f1 < self.present.f1 - slack - 1e-9


class Refusal(StrEnum):
    """Why a new reader is not promoted."""

    WORSE = "worse"
    TOO_FEW = "too few to judge"


@dataclass(frozen=True, slots=True)
class Reason:
    """What stands against it; no kind where it is the sample as a whole."""

    why: Refusal
    sample: Sample
    kind: Kind | None = None


def against(compared: Sequence[Compared]) -> list[Reason]:
    """What stands against promoting the new reader; nothing: it is promoted."""
    worse = [Reason(Refusal.WORSE, c.sample, c.kind) for c in compared if c.enough and c.worse]
    return worse + too_few({(c.sample, c.kind): c.judgements for c in compared})


def too_few(judgements: Mapping[tuple[Sample, Kind], int]) -> list[Reason]:
    """Where there is too little to judge by, whatever the readers find. Every kind must be judged
    on the validation calls. Of one's own calls as many kinds count as have reviews enough, and
    one must."""
    enough = {(s, kind) for (s, kind), number in judgements.items() if number >= ENOUGH[s]}
    reasons = [
        Reason(Refusal.TOO_FEW, Sample.VALIDATION, kind)
        for kind in Kind
        if (Sample.VALIDATION, kind) not in enough
    ]
    if all(sample is not Sample.OWN for sample, _ in enough):
        reasons.append(Reason(Refusal.TOO_FEW, Sample.OWN))
    return reasons
