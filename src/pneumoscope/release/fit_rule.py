"""Fit the decision rule to held-out radiographs: calibration and operating points."""

import numpy as np
from numpy.typing import NDArray

from pneumoscope.decision.calibration import Calibration
from pneumoscope.decision.guarantees import highest_with_recall
from pneumoscope.decision.operating_point import BASELINE, OperatingPoint
from pneumoscope.decision.rule import DecisionRule
from pneumoscope.decision.score import pneumonia_score
from pneumoscope.errors import DataError

HIGH_SENSITIVITY = "high-sensitivity"
PROVEN_RECALL = 0.98
"""What the validation radiographs must prove of the operating point HIGH_SENSITIVITY."""


def fit_rule(logits: NDArray[np.floating], positive: NDArray[np.bool_], threshold: float | None = None) -> DecisionRule:
    """Fit calibration and operating points; the default is "balanced", or the threshold that is given.

    The threshold of "high-sensitivity" is the rule-out threshold too: what it proves of the held-out pneumonias, that
    hardly one lies below, is what an answer of "normal" needs.

    Args:
        logits: (N, 3) of held-out radiographs, in the order of pneumoscope.decision.labels.CLASSES.
        positive: (N,) labels.
        threshold: on the probability, that was fixed before and not chosen on these radiographs; None for none.

    Raises:
        DataError: a class is missing, or the scores rank normals above pneumonias.
    """
    scores = pneumonia_score(logits)
    calibration = fit_calibration(scores, positive)
    points = choose_operating_points(calibration, scores, positive)
    if threshold is not None:
        points.insert(0, OperatingPoint(BASELINE, threshold, "fixed by the recipe"))
    sensitive = [point.threshold for point in points if point.name == HIGH_SENSITIVITY]
    return DecisionRule(calibration, tuple(points), points[0].name, *sensitive)


def fit_calibration(scores: NDArray[np.floating], positive: NDArray[np.bool_]) -> Calibration:
    """Fit slope and intercept by maximum likelihood with Platt's smoothed targets.

    The smoothed targets (Platt 1999, section 2.2) keep the slope finite where the scores separate the classes wholly,
    which held-out radiographs nearly do here.

    Args:
        scores: (N,) raw scores of held-out radiographs.
        positive: (N,) labels.

    Raises:
        DataError: a class is missing, or the scores rank normals above pneumonias.
    """
    from sklearn.linear_model import LogisticRegression

    n_positive, n_negative = int(positive.sum()), int((~positive).sum())
    if not n_positive or not n_negative:
        raise DataError("calibration needs held-out radiographs of both classes")
    # A smoothed target t is the same likelihood as t times a positive and 1 - t times a negative.
    target = np.where(positive, (n_positive + 1) / (n_positive + 2), 1 / (n_negative + 2))
    x = np.concatenate([scores, scores]).astype(np.float64).reshape(-1, 1)
    scale = max(float(x.std()), 1e-12)
    y = np.repeat([1, 0], len(scores))
    model = LogisticRegression(C=1e12, tol=1e-8, max_iter=1000).fit(x / scale, y, np.concatenate([target, 1 - target]))
    slope, intercept = float(model.coef_[0, 0]) / scale, float(model.intercept_[0])
    if slope <= 0:
        raise DataError(
            "the scores rank normal radiographs above pneumonias, so no calibration can help; check labels and training"
        )
    return Calibration(slope, intercept)


def choose_operating_points(
    fitted: Calibration, scores: NDArray[np.floating], positive: NDArray[np.bool_]
) -> list[OperatingPoint]:
    """Choose the shipped operating points.

    "balanced" is at the raw score 0: the network is trained with both classes of equal weight, so there it holds both
    for equally likely. A threshold fitted to held-out radiographs finds more of the positives among radiographs like
    those, and calls far more of the negatives positive among radiographs unlike them
    (docs/evidence/threshold-transfer.md): its regret is the larger one.

    Args:
        fitted: from scores to probabilities.
        scores: (N,) raw scores of held-out radiographs.
        positive: (N,) labels.

    Returns:
        "balanced", and "high-sensitivity" where the radiographs can prove it.

    Raises:
        DataError: a class is missing.
    """
    if positive.all() or not positive.any():
        raise DataError("operating points need held-out radiographs of both classes")
    at_zero = float(fitted.probability(np.zeros(1))[0])
    points = [OperatingPoint("balanced", at_zero, "raw score 0: the network was trained with classes of equal weight")]
    sensitive = highest_with_recall(fitted.probability(scores[positive]), PROVEN_RECALL)
    if sensitive is not None:
        policy = "highest threshold with recall at least 0.98 by its one-sided 95% lower bound, on the validation set"
        points.append(OperatingPoint(HIGH_SENSITIVITY, sensitive, policy))
    return points
