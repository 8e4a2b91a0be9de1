"""Platt calibration: from the raw score to the probability of pneumonia."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pneumoscope.decision.prevalence import check_prevalence


@dataclass(frozen=True)
class Calibration:
    """probability = sigmoid(slope * score + intercept) (Platt 1999).

    Attributes:
        slope: finite and above 0, so the order of radiographs never changes.
        intercept: finite, in log odds.
        prevalence: share of pneumonias at which it holds, within 0..1; None where nobody noted it.

    Raises:
        ValueError: a value is out of its range.
    """

    slope: float
    intercept: float
    prevalence: float | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.slope) and self.slope > 0):
            raise ValueError(f"the slope of the calibration is {self.slope}, and must be above 0")
        if not math.isfinite(self.intercept):
            raise ValueError(f"the intercept of the calibration is {self.intercept}, and must be finite")
        if self.prevalence is not None:
            check_prevalence(self.prevalence)

    def log_odds(self, score: NDArray[np.floating]) -> NDArray[np.float64]:
        """Calibrated log odds of pneumonia, of raw scores of any shape."""
        return np.asarray(self.slope * np.asarray(score, dtype=np.float64) + self.intercept)

    def probability(self, score: NDArray[np.floating]) -> NDArray[np.float64]:
        """Calibrated probability of pneumonia, 0..1, of raw scores of any shape."""
        z = self.log_odds(score)
        # exp of a non-positive number cannot overflow, whichever sign z has.
        e = np.exp(-np.abs(z))
        return np.where(z >= 0, 1 / (1 + e), e / (1 + e))
