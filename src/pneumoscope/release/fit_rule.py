"""Fit the decision rule to held-out radiographs: calibration and operating points."""

import numpy as np
from numpy.typing import NDArray

from pneumoscope.decision.calibration import Calibration
from pneumoscope.decision.operating_point import BASELINE, BASELINE_THRESHOLD, OperatingPoint
from pneumoscope.errors import DataError


def fit_calibration(scores: NDArray[np.floating], positive: NDArray[np.bool_]) -> Calibration:
    """Fit slope and intercept by maximum likelihood with Platt's smoothed targets.

    The smoothed targets (Platt 1999, section 2.2) keep the slope finite where the scores separate the classes wholly,
    which held-out films nearly do here.

    Args:
        scores: (N,) raw scores of held-out films.
        positive: (N,) labels.

    Raises:
        DataError: a class is missing, or the scores rank normals above pneumonias.
    """
    from sklearn.linear_model import LogisticRegression

    n_positive, n_negative = int(positive.sum()), int((~positive).sum())
    if not n_positive or not n_negative:
        raise DataError("calibration needs held-out radiographs of both classes")
    # A smoothed target t is the same likelihood as the film counted t times as positive and 1 - t times as negative.
    target = np.where(positive, (n_positive + 1) / (n_positive + 2), 1 / (n_negative + 2))
    x = np.concatenate([scores, scores]).astype(np.float64).reshape(-1, 1)
    scale = max(float(x.std()), 1e-12)
    y = np.repeat([1, 0], len(scores))
    model = LogisticRegression(C=1e12, tol=1e-8, max_iter=1000).fit(x / scale, y, np.concatenate([target, 1 - target]))
    slope, intercept = float(model.coef_[0, 0]) / scale, float(model.intercept_[0])
    if slope <= 0:
        raise DataError(
            "the scores rank normal films above pneumonias, so no calibration can help; check labels and training"
        )
    return Calibration(slope, intercept)


def choose_operating_points(
    fitted: Calibration, scores: NDArray[np.floating], positive: NDArray[np.bool_]
) -> list[OperatingPoint]:
    """Choose the shipped operating points.

    "balanced" is the network's own .5: it is trained with both classes of equal weight, so at the score 0 it holds both
    for equally likely. A threshold fitted to held-out films finds more of the ill on films like those, and calls far
    more of the well ill on films unlike them (docs/evidence/threshold-transfer.md): its regret is the larger one.

    Args:
        fitted: from scores to probabilities.
        scores: (N,) raw scores of held-out films.
        positive: (N,) labels.

    Returns:
        "balanced", "high-sensitivity" (left out where the films cannot prove it) and "baseline".

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
    points.append(OperatingPoint(BASELINE, BASELINE_THRESHOLD, "the threshold of the two-phase baseline"))
    return points


def highest_with_recall(positives: NDArray[np.floating], least: float, confidence: float = 0.95) -> float | None:
    """The highest threshold whose recall is at least ``least`` by its lower confidence bound.

    The bound is Clopper and Pearson's (1934), one-sided: with k of n found, recall is at least ``least`` when
    P(misses <= n - k | n, 1 - least) <= 1 - confidence. The threshold lies halfway from the last film found to the next
    below it: on the film itself, the rounding of another runtime could miss it.

    Args:
        positives: (N,) probabilities of the pneumonias.
        least: recall to prove, 0..1.
        confidence: of the bound.

    Returns:
        The threshold, or None where even finding every film would not prove it.
    """
    from scipy.stats import binom

    misses = np.arange(len(positives))
    reached = binom.cdf(misses, len(positives), 1 - least) <= 1 - confidence
    if not reached.any():
        return None
    ordered, last_found = np.sort(positives), int(reached.sum()) - 1
    return float((ordered[max(last_found - 1, 0)] + ordered[last_found]) / 2)
