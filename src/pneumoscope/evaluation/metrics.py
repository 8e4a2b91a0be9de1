"""Metrics as functions of weighted radiographs, so that the value and its bootstrap interval come from the same lines.

scikit-learn takes one weight vector a call; 2,000 resamples need the whole matrix at once. The tests hold every
function here to scikit-learn's value.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pneumoscope.evaluation.bootstrap import Proportion, Statistic, Weights, divide

BINS = 10
"""Equal-width bins of the probability, for the calibration error and the reliability diagram."""


def confusion(truth: NDArray[np.int64], said: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """Count radiographs by truth (rows) and finding (columns), shape (classes, classes)."""
    matrix = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(matrix, (truth, said), 1)
    return matrix


def decisions(positive: NDArray[np.bool_], called: NDArray[np.bool_]) -> dict[str, Statistic]:
    """The metrics of a yes-or-no decision.

    Args:
        positive: bool, shape (N,), labelled pneumonia.
        called: bool, shape (N,), found pneumonia.
    """
    recall, specificity = Proportion(called, positive), Proportion(~called, ~positive)

    def balanced_accuracy(weights: Weights) -> NDArray[np.float64]:
        return (recall(weights) + specificity(weights)) / 2

    return {
        "accuracy": Proportion(called == positive, np.ones_like(positive)),
        "recall": recall,
        "specificity": specificity,
        "precision": Proportion(positive, called),
        "balanced_accuracy": balanced_accuracy,
    }


@dataclass(frozen=True, eq=False)
class _Ranked:
    """Weighted radiographs summed over ties of their score, highest score first."""

    order: NDArray[np.int64]
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, scores: NDArray[np.float64]) -> "_Ranked":
        order = np.argsort(-scores, kind="stable")
        ranked = scores[order]
        return cls(order, np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]]))

    def sums(self, weights: Weights, mask: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Weight of the radiographs in ``mask`` at each distinct score, shape (R, distinct scores)."""
        return np.add.reduceat((weights * mask)[:, self.order], self.starts, axis=1)


def auc(scores: NDArray[np.float64], positive: NDArray[np.bool_], negative: NDArray[np.bool_]) -> Statistic:
    """Area under the ROC curve: the chance that a positive radiograph scores above a negative one, ties counting half.

    Args:
        scores: shape (N,).
        positive: bool, shape (N,).
        negative: bool, shape (N,); radiographs in neither do not count.
    """
    ranked = _Ranked.of(scores)

    def statistic(weights: Weights) -> NDArray[np.float64]:
        above, below = ranked.sums(weights, positive), ranked.sums(weights, negative)
        lower = below.sum(axis=1, keepdims=True) - np.cumsum(below, axis=1)
        return divide((above * (lower + below / 2)).sum(axis=1), above.sum(axis=1) * below.sum(axis=1))

    return statistic


def average_precision(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> Statistic:
    """Area under the precision-recall curve as average precision: precision summed over the steps of recall.

    Not defined without positives, nor (here, unlike in scikit-learn) without negatives, where it could only be 1.
    """
    ranked = _Ranked.of(scores)

    def statistic(weights: Weights) -> NDArray[np.float64]:
        hits, misses = ranked.sums(weights, positive), ranked.sums(weights, ~positive)
        found, called = np.cumsum(hits, axis=1), np.cumsum(hits + misses, axis=1)
        precision = np.divide(found, called, out=np.zeros_like(found), where=called > 0)
        total = np.where(misses.sum(axis=1) > 0, hits.sum(axis=1), 0.0)
        return divide((hits * precision).sum(axis=1), total)

    return statistic


def brier(probability: NDArray[np.float64], positive: NDArray[np.bool_]) -> Statistic:
    """Mean squared difference between probability and label (Brier 1950): 0 is perfect, 0.25 is a coin."""
    errors = (probability - positive) ** 2

    def statistic(weights: Weights) -> NDArray[np.float64]:
        return divide(weights @ errors, weights.sum(axis=1))

    return statistic


def bins(probability: NDArray[np.float64]) -> NDArray[np.int64]:
    """The bin of each probability, 0 to BINS - 1, shape (N,); a probability of 1 falls into the last."""
    return np.minimum((probability * BINS).astype(np.int64), BINS - 1)


def calibration_error(probability: NDArray[np.float64], positive: NDArray[np.bool_]) -> Statistic:
    """Expected calibration error (Guo et al. 2017, eq. 3) over BINS equal-width bins of the probability."""
    member = np.eye(BINS)[bins(probability)]
    excess = (positive - probability)[:, None] * member

    def statistic(weights: Weights) -> NDArray[np.float64]:
        return divide(np.abs(weights @ excess).sum(axis=1), weights.sum(axis=1))

    return statistic
