"""Operating points: named thresholds, each with the policy that chose it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pneumoscope.errors import DataError

ASKED_FOR = 0.700
"""The threshold of the system this project was asked to rebuild."""


@dataclass(frozen=True)
class OperatingPoint:
    """A threshold on the calibrated probability.

    Attributes:
        name: how it is asked for.
        threshold: 0..1; a probability at or above it is a finding of pneumonia.
        policy: the rule that chose it, in words.
    """

    name: str
    threshold: float
    policy: str

    def finding(self, probability: float) -> str:
        """Either "pneumonia" or "normal"."""
        return "pneumonia" if probability >= self.threshold else "normal"


def choose(probability: NDArray[np.floating], positive: NDArray[np.bool_]) -> list[OperatingPoint]:
    """Choose the shipped operating points on held-out films.

    Args:
        probability: (N,) calibrated, 0..1.
        positive: (N,) labels.

    Returns:
        "balanced", "high-sensitivity" (left out where the films cannot prove it) and "asked-for".

    Raises:
        DataError: a class is missing.
    """
    if positive.all() or not positive.any():
        raise DataError("operating points need held-out films of both classes")
    points = [
        OperatingPoint(
            "balanced", balanced(probability, positive), "best balanced accuracy, kernel-smoothed (validation)"
        )
    ]
    sensitive = highest_with_recall(probability[positive], 0.98)
    if sensitive is not None:
        policy = "highest threshold whose recall is at least .98 by its one-sided 95% lower bound (validation)"
        points.append(OperatingPoint("high-sensitivity", sensitive, policy))
    points.append(OperatingPoint("asked-for", ASKED_FOR, "the .700 of the system that was asked for"))
    return points


def balanced(probability: NDArray[np.floating], positive: NDArray[np.bool_]) -> float:
    """The threshold with the best kernel-smoothed balanced accuracy.

    On films that are nearly separated the empirical optimum is a wide plateau or hangs on one or two films. The kernel
    estimate of the Youden index (Fluss, Faraggi and Reiser 2005, Biometrical Journal 47:458, section 3.3) smooths each
    class's scores with its own Gaussian kernel, bandwidth by Silverman's rule, and takes the optimum of the smooth
    curve.
    """
    logit = _logit(probability)
    sick, well = logit[positive], logit[~positive]
    grid = np.linspace(logit.min(), logit.max(), 2001)
    recall, specificity = 1 - _smooth_cdf(sick, grid), _smooth_cdf(well, grid)
    best = grid[np.argmax(recall + specificity)]
    return float(1 / (1 + np.exp(-best)))


def highest_with_recall(sick: NDArray[np.floating], least: float, confidence: float = 0.95) -> float | None:
    """The highest threshold whose recall is at least ``least`` by its lower confidence bound.

    The bound is Clopper and Pearson's (1934), one-sided: with k of n found, recall is at least ``least`` when
    P(misses <= n - k | n, 1 - least) <= 1 - confidence.

    Args:
        sick: (N,) probabilities of the pneumonias.
        least: recall to prove, 0..1.
        confidence: of the bound.

    Returns:
        The threshold, or None where even finding every film would not prove it.
    """
    from scipy.stats import binom

    misses = np.arange(len(sick))
    proven = binom.cdf(misses, len(sick), 1 - least) <= 1 - confidence
    return float(np.sort(sick)[proven.sum() - 1]) if proven.any() else None


def _logit(probability: NDArray[np.floating]) -> NDArray[np.float64]:
    p = np.clip(np.asarray(probability, dtype=np.float64), 1e-9, 1 - 1e-9)
    return np.asarray(np.log(p / (1 - p)))


def _smooth_cdf(values: NDArray[np.float64], grid: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gaussian-kernel estimate of P(value <= grid)."""
    from scipy.special import ndtr

    spread = min(values.std(ddof=1), float(np.subtract(*np.percentile(values, [75, 25]))) / 1.34)
    width = max(0.9 * spread * len(values) ** -0.2, 1e-6)
    return np.asarray(ndtr((grid[:, None] - values[None]) / width).mean(axis=1))
