"""How well scores tell turns apart: thresholds, scales and figures. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Marks = NDArray[np.bool_]
STEPS = np.linspace(0.05, 0.95, 91)
RESAMPLES = 2000
NEARLY = 0.015  # of F1: some two mentions in the validation calls, far within its interval


@dataclass(frozen=True, slots=True)
class Found:
    """Counts of a decision over turns."""

    right: int
    found: int
    there: int

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 0.0

    @property
    def recall(self) -> float:
        return self.right / self.there if self.there else 0.0

    @property
    def f1(self) -> float:
        return 2 * self.right / max(1, self.found + self.there)


def found(marks: Marks, truth: Marks) -> Found:
    return Found(int((marks & truth).sum()), int(marks.sum()), int(truth.sum()))


def best_threshold(probabilities: Numbers, truth: Marks) -> float:
    """A high threshold among those of nearly the best F1: below a tenth of them. The very best one
    is the sample's, not the world's; and on most calls there is less to find than on labelled
    ones, so that more is found falsely."""
    f1 = np.array([found(probabilities >= step, truth).f1 for step in STEPS])
    return float(np.quantile(STEPS[f1 >= f1.max() - NEARLY], 0.9))


def left_out_f1(probabilities: Numbers, truth: Marks, groups: Sequence[str]) -> float:
    """F1 where each group's threshold is the best one of the other groups."""
    names = np.array(groups)
    marks = np.zeros(len(truth), dtype=bool)
    for name in set(groups):
        mine = names == name
        marks[mine] = probabilities[mine] >= best_threshold(probabilities[~mine], truth[~mine])
    return found(marks, truth).f1


def f1_interval(
    marks: Marks, truth: Marks, calls: Sequence[int], seed: int = 0
) -> tuple[float, float]:
    """95 % interval of F1, by bootstrap over whole calls: turns of one call are alike."""
    rng = np.random.default_rng(seed)
    rows = np.array(calls)
    counts = np.array(
        [
            (
                (marks & truth)[rows == call].sum(),
                marks[rows == call].sum() + truth[rows == call].sum(),
            )
            for call in np.unique(rows)
        ]
    )
    drawn = counts[rng.integers(0, len(counts), (RESAMPLES, len(counts)))].sum(1)
    low, high = np.percentile(2 * drawn[:, 0] / np.maximum(1, drawn[:, 1]), [2.5, 97.5])
    return float(low), float(high)


def fit_scale(scores: Numbers, truth: Marks) -> tuple[float, float]:
    """Slope and bias of Platt's scaling, by Newton's method, with his corrected targets."""
    positives, negatives = int(truth.sum()), int((~truth).sum())
    target = np.where(truth, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    x = np.stack([scores, np.ones_like(scores)], 1)
    weights = np.array([1.0, 0.0])
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(x @ weights, -50, 50)))
        slope = x.T @ (p - target) + 1e-3 * (weights - [1.0, 0.0])
        bend = (x * (p * (1 - p))[:, None]).T @ x + 1e-3 * np.eye(2)
        weights = weights - np.linalg.solve(bend, slope)
    return float(weights[0]), float(weights[1])


def fit_temperature(scores: Numbers, truth: Sequence[int]) -> float:
    """The slope at which softmax(slope x scores) makes the truth likeliest."""
    slopes = np.geomspace(0.2, 5.0, 60)
    rows = np.arange(len(truth))

    def surprise(slope: float) -> float:
        scaled = scores * slope
        scaled = scaled - scaled.max(1, keepdims=True)
        likely = scaled - np.log(np.exp(scaled).sum(1, keepdims=True))
        return float(-likely[rows, list(truth)].mean())

    return float(min(slopes, key=surprise))


def calibration_error(probabilities: Numbers, truth: Marks, bins: int = 10) -> float:
    """Expected calibration error over bins of equal width."""
    at = np.minimum((probabilities * bins).astype(int), bins - 1)
    return float(
        sum(
            abs(probabilities[at == n].mean() - truth[at == n].mean()) * (at == n).mean()
            for n in range(bins)
            if (at == n).any()
        )
    )
