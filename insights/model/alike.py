"""How well meanings tell which wishes are the same, on wishes that were not learnt."""

import random
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np

from insights.model.encoding import Encoding
from insights.model.examples import examples
from insights.model.measure import Marks, Numbers, found
from insights.model.reader import Reader
from insights.model.wishes import Wishes, conversations


def pairs(reader: Reader, encoding: Encoding, wishes: Sequence[Wishes]) -> tuple[Numbers, Marks]:
    """For every two sayings of one company, the cosine of their meanings and whether they are of
    one theme."""
    rng = random.Random(0)  # noqa: S311 - no secret
    cosines: list[float] = []
    same: list[bool] = []
    for of in wishes:
        said = [
            (meaning, part.theme)
            for call in conversations(of, rng)
            for example in examples(call, encoding)
            for meaning, part in zip(reader.run(example.window)[2], example.parts, strict=True)
            if part.theme
        ]
        for (one, theme), (other, its) in combinations(said, 2):
            cosines.append(float(one @ other))
            same.append(theme == its)
    return np.array(cosines), np.array(same, dtype=bool)


def figures(cosines: Numbers, same: Marks, bounds: Sequence[float]) -> dict[str, Any]:
    """Of pairs from each bound on the share that are one wish, and the share of those found."""
    counts = {bound: found(cosines >= bound, same) for bound in bounds}
    return {
        "pairs": len(same),
        "same": int(same.sum()),
        "at": {
            bound: [round(count.precision, 3), round(count.recall, 3)]
            for bound, count in counts.items()
        },
    }
