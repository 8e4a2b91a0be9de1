"""Fit the decision rule to held-out radiographs: calibration and operating points."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pneumoscope.data.labelled import LabelledRadiograph
from pneumoscope.decision.calibration import Calibration
from pneumoscope.decision.guarantees import highest_with_recall
from pneumoscope.decision.operating_point import BASELINE, OperatingPoint
from pneumoscope.decision.rule import DecisionRule
from pneumoscope.decision.score import pneumonia_score
from pneumoscope.errors import DataError
from pneumoscope.release.worst_source import HIGH_SENSITIVITY, Group, best_pair, worst_source_rule
from pneumoscope.training.radiographs.balance import balanced_weights

SOURCE_GOAL = 0.95
"""Share of each source's pneumonias, and of each source's normals, that the outer thresholds are to get right."""

PROVEN_RECALL = 0.98
"""What the validation radiographs must prove of the operating point HIGH_SENSITIVITY."""


def fit_rule(
    logits: NDArray[np.floating], labelled: Sequence[LabelledRadiograph], threshold: float | None = None
) -> DecisionRule:
    """Fit calibration and operating points; the default is "balanced", or the threshold that is given.

    Where the radiographs come from several sources, classes and sources count alike in the calibration, as they do in
    training, and the worst source sets the thresholds (``worst_source``).

    The threshold of "high-sensitivity" is the rule-out threshold too: what it proves of the held-out pneumonias, that
    hardly one lies below, is what an answer of "normal" needs.

    Args:
        logits: (N, 3) of held-out radiographs, in the order of pneumoscope.decision.labels.CLASSES.
        labelled: those radiographs, N of them.
        threshold: on the probability, that was fixed before and not chosen on these radiographs; None for none.

    Raises:
        DataError: a class is missing, or the scores rank normals above pneumonias.
    """
    scores, positive = pneumonia_score(logits), np.array([one.positive for one in labelled])
    if len({one.source for one in labelled}) > 1 and threshold is None:
        return _fit_to_sources(scores, positive, labelled)
    calibration = fit_calibration(scores, positive)
    points = choose_operating_points(calibration, scores, positive)
    if threshold is not None:
        points.insert(0, OperatingPoint(BASELINE, threshold, "fixed by the recipe"))
    sensitive = [point.threshold for point in points if point.name == HIGH_SENSITIVITY]
    return DecisionRule(calibration, tuple(points), points[0].name, *sensitive)


def _fit_to_sources(
    scores: NDArray[np.floating], positive: NDArray[np.bool_], labelled: Sequence[LabelledRadiograph]
) -> DecisionRule:
    sources, trust = np.array([one.source for one in labelled]), np.array([one.weight for one in labelled])
    calibration = fit_calibration(scores, positive, balanced_weights(positive, sources, trust))
    groups: dict[bool, list[Group]] = {False: [], True: []}
    for source, label in sorted(set(zip(sources.tolist(), positive.tolist(), strict=True))):
        own = scores[(sources == source) & (positive == label)]
        groups[label].append(Group(f"the {'pneumonias' if label else 'normals'} of {source}", own, SOURCE_GOAL))
    largest = max(groups[True], key=lambda group: len(group.scores))
    floor = replace(largest, goal=PROVEN_RECALL)
    default = best_pair(groups[False], groups[True], [floor])
    return worst_source_rule(calibration, groups[False], groups[True], default)


def fit_calibration(
    scores: NDArray[np.floating], positive: NDArray[np.bool_], weights: NDArray[np.floating] | None = None
) -> Calibration:
    """Fit slope and intercept by maximum likelihood with Platt's smoothed targets.

    It notes the prevalence at which it holds: the share of pneumonias, weighted as the radiographs are.

    The smoothed targets (Platt 1999, section 2.2) keep the slope finite where the scores separate the classes wholly,
    which held-out radiographs nearly do here.

    Args:
        scores: (N,) raw scores of held-out radiographs.
        positive: (N,) labels.
        weights: (N,) above 0, how much each counts; None for all the same.

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
    counted = np.ones(len(scores)) if weights is None else np.asarray(weights, np.float64)
    shares = np.concatenate([target * counted, (1 - target) * counted])
    model = LogisticRegression(C=1e12, tol=1e-8, max_iter=1000).fit(x / scale, y, shares)
    slope, intercept = float(model.coef_[0, 0]) / scale, float(model.intercept_[0])
    if slope <= 0:
        raise DataError(
            "the scores rank normal radiographs above pneumonias, so no calibration can help; check labels and training"
        )
    return Calibration(slope, intercept, round(float(counted[positive].sum() / counted.sum()), 6))


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
