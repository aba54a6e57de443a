"""How often each detector is right, as far as people's reviews tell: values only.

**Precision** is the share of the insights a person reviewed that were confirmed as found: the same
label, and of a rival the same stance. It speaks of what people chose to review. Where they open
the doubtful ones first it is too low; where they only note what pleases them it is too high.

**Recall** is the share of the mentions known to be true that the detector had found, label aside:
confirmed ones, of these and those that a person added. It counts only calls in which every
insight of the kind has been reviewed. Nobody knows what nobody noticed: reviewers who read the
list and not the whole transcript add too little, so it is at best an upper bound.

An insight counts for the version that found it last before its review, an added one for the
version that had read the call without finding it; what a later version finds besides is not held
against an earlier one. Both shares take mentions for independent,
which those of one call are not quite: the true intervals are a little wider.
"""

from dataclasses import dataclass

from insights.evaluate import Share
from insights.insight import Kind

ENOUGH_REVIEWS = 20
"""Below so many a share's 95 % interval is some forty points wide: no figure is better."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What reviews say of one version of one detector."""

    kind: Kind
    version: str
    confirmed: int  # as found
    relabelled: int  # confirmed with another label or stance
    rejected: int
    missed: int  # added by a person
    calls: int  # with every insight of the kind reviewed
    found_there: int  # in these calls, confirmed or relabelled
    missed_there: int

    @property
    def precision(self) -> Share:
        return Share(self.confirmed, self.confirmed + self.relabelled + self.rejected)

    @property
    def recall(self) -> Share:
        return Share(self.found_there, self.found_there + self.missed_there)


def enough(share: Share) -> bool:
    """Whether a share rests on reviews enough to be told."""
    return share.total >= ENOUGH_REVIEWS
