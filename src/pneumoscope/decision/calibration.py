"""Platt calibration: from the model's raw score to the probability of pneumonia."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pneumoscope.errors import DataError


@dataclass(frozen=True)
class Calibration:
    """probability = sigmoid(slope * score + intercept).

    Attributes:
        slope: above 0, so the order of films never changes.
        intercept: in log odds.
    """

    slope: float = 1.0
    intercept: float = 0.0

    def probability(self, score: NDArray[np.floating]) -> NDArray[np.float64]:
        """Calibrated probability of pneumonia, 0..1, of raw scores of any shape."""
        z = self.slope * np.asarray(score, dtype=np.float64) + self.intercept
        # exp of a non-positive number cannot overflow, whichever sign z has.
        e = np.exp(-np.abs(z))
        return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def fit(scores: NDArray[np.floating], positive: NDArray[np.bool_]) -> Calibration:
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
        raise DataError("calibration needs held-out films of both classes")
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
