"""Some calls beside all others of the same time: pure.

Judged as changes are (`insights.trends.rules.judge`): Fisher's exact test on each pair, and of all
pairs looked at together those are told that Benjamini and Hochberg's procedure lets pass. It says
that two things go together, not that one is why the other is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from insights.evaluate import Share
from insights.trends.rules import judge
from insights.trends.trend import Verdict


@dataclass(frozen=True, slots=True)
class Contrast:
    """A share here beside the share elsewhere; no call is in both."""

    here: Share
    elsewhere: Share
    verdict: Verdict  # of `here`
    chance: float | None = None  # p, as of a change
    false_rate: float | None = None  # q, as of a change

    @property
    def told(self) -> bool:
        """Whether it stands out."""
        return self.verdict in (Verdict.MORE, Verdict.LESS)


def contrasts(pairs: Sequence[tuple[Share, Share]]) -> list[Contrast]:
    """What can be said of each (here, elsewhere), all of them looked at together."""
    return [
        Contrast(each.now, each.before, each.verdict, each.chance, each.false_rate)
        for each in judge(pairs)
    ]


def apart(part: Share, whole: Share) -> tuple[Share, Share]:
    """A part and the rest of the whole that it is in."""
    return part, Share(whole.hits - part.hits, whole.total - part.total)
