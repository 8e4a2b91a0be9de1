"""Operating points: named thresholds, each with the policy that chose it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pneumoscope.decision.calibration import Calibration
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


def choose(fitted: Calibration, scores: NDArray[np.floating], positive: NDArray[np.bool_]) -> list[OperatingPoint]:
    """Choose the shipped operating points.

    "balanced" is the network's own .5: it is trained with both classes of equal weight, so at the score 0 it holds both
    for equally likely. A threshold fitted to held-out films finds more of the ill on films like those, and calls far
    more of the well ill on films unlike them (docs/evidence/threshold-transfer.md): its regret is the larger one.

    Args:
        fitted: from scores to probabilities.
        scores: (N,) raw scores of held-out films.
        positive: (N,) labels.

    Returns:
        "balanced", "high-sensitivity" (left out where the films cannot prove it) and "asked-for".

    Raises:
        DataError: a class is missing.
    """
    if positive.all() or not positive.any():
        raise DataError("operating points need held-out films of both classes")
    own_half = float(fitted.probability(np.zeros(1))[0])
    points = [
        OperatingPoint("balanced", own_half, "the network's own .5, trained with classes of equal weight: score 0")
    ]
    sensitive = highest_with_recall(fitted.probability(scores[positive]), 0.98)
    if sensitive is not None:
        policy = (
            "highest threshold, to half a film, of recall at least .98 by its one-sided 95% lower bound (validation)"
        )
        points.append(OperatingPoint("high-sensitivity", sensitive, policy))
    points.append(OperatingPoint("asked-for", ASKED_FOR, "the .700 of the system that was asked for"))
    return points


def highest_with_recall(sick: NDArray[np.floating], least: float, confidence: float = 0.95) -> float | None:
    """The highest threshold whose recall is at least ``least`` by its lower confidence bound.

    The bound is Clopper and Pearson's (1934), one-sided: with k of n found, recall is at least ``least`` when
    P(misses <= n - k | n, 1 - least) <= 1 - confidence. The threshold lies halfway from the last film found to the next
    below it: on the film itself, the rounding of another runtime could miss it.

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
    if not proven.any():
        return None
    ordered, last_found = np.sort(sick), int(proven.sum()) - 1
    return float((ordered[max(last_found - 1, 0)] + ordered[last_found]) / 2)
