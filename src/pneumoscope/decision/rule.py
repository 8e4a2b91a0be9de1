"""The decision rule: from the network's logits to a finding. A bundle freezes exactly this."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pneumoscope.decision.calibration import Calibration
from pneumoscope.decision.labels import Finding
from pneumoscope.decision.operating_point import OperatingPoint, check_threshold
from pneumoscope.decision.prevalence import prior_shift
from pneumoscope.decision.score import pneumonia_score, viral_share
from pneumoscope.errors import DataError

CUSTOM = "custom"
"""The name of an operating point that was given as a number."""


def decide(probability: float, threshold: float, normal_below: float) -> Finding:
    """What a probability means between two thresholds.

    Args:
        probability: 0..1.
        threshold: at or above it the finding is pneumonia, 0..1.
        normal_below: below it the finding is normal, where it is not pneumonia; 0..1.
    """
    if probability >= threshold:
        return Finding.PNEUMONIA
    return Finding.NORMAL if probability < normal_below else Finding.UNCERTAIN


@dataclass(frozen=True)
class DecisionRule:
    """Calibration and operating points. Nothing in it may be chosen on the radiographs that it is judged by.

    Attributes:
        calibration: from the pneumonia score to a probability.
        operating_points: thresholds on that probability, each with a name of its own.
        default_operating_point: the name of the one that is used where none is asked for.
        rule_out: between 0 and 1; only a probability below it is a finding of normal. None where the held-out
            radiographs could not prove one: every probability below the threshold is a finding of normal then.

    Raises:
        ValueError: two operating points share a name, none has the default's, or rule_out is out of its range.
    """

    calibration: Calibration
    operating_points: tuple[OperatingPoint, ...]
    default_operating_point: str
    rule_out: float | None = None

    def __post_init__(self) -> None:
        names = [point.name for point in self.operating_points]
        if len(set(names)) < len(names):
            raise ValueError("two operating points have the same name")
        if self.default_operating_point not in names:
            raise ValueError(f"no operating point is called {self.default_operating_point!r}")
        if self.rule_out is not None:
            check_threshold("rule-out", self.rule_out)

    def finding(self, probability: float, point: OperatingPoint) -> Finding:
        """What a probability, 0..1, means at an operating point."""
        return decide(probability, point.threshold, self.normal_below(point))

    def normal_below(self, point: OperatingPoint) -> float:
        """The probability below which a finding is normal, at most the threshold of the operating point.

        Where it equals the threshold, there are two answers and nothing is uncertain.
        """
        return point.threshold if self.rule_out is None else min(self.rule_out, point.threshold)

    def operating_point(self, asked: str | float | None = None) -> OperatingPoint:
        """Find an operating point.

        Args:
            asked: a name; or a threshold on the probability, as a number between 0 and 1 or its text; None for the
                default.

        Raises:
            DataError: there is no such operating point.
        """
        points = {point.name: point for point in self.operating_points}
        name = self.default_operating_point if asked is None else asked
        if name in points:
            return points[str(name)]
        try:
            return OperatingPoint(CUSTOM, float(name), "asked for at screening")
        except ValueError:
            known = ", ".join(points)
            raise DataError(
                f"Unknown operating point {name!r}. Known: {known}; or a threshold between 0 and 1."
            ) from None

    def at_prevalence(self, fitted: float, stated: float) -> "DecisionRule":
        """The same rule with probabilities for another prevalence.

        Thresholds move with the probabilities, so that every finding stays what it is.

        Args:
            fitted: prevalence at which the calibration holds, within 0..1.
            stated: prevalence at the place of use, within 0..1.

        Raises:
            ValueError: a prevalence is not between 0 and 1.
        """
        shift, held = prior_shift(fitted, stated), self.calibration
        return replace(
            self,
            calibration=replace(held, intercept=held.intercept + shift, prevalence=stated),
            operating_points=tuple(
                replace(point, threshold=_shifted(point.threshold, shift)) for point in self.operating_points
            ),
            rule_out=None if self.rule_out is None else _shifted(self.rule_out, shift),
        )

    def probability(self, logits: NDArray[np.floating]) -> NDArray[np.float64]:
        """Calibrated probability of pneumonia, shape (N,), 0..1, for logits of shape (N, 3)."""
        return np.asarray(self.calibration.probability(pneumonia_score(logits)), dtype=np.float64)

    def viral_probability(self, logits: NDArray[np.floating]) -> NDArray[np.float64]:
        """Probability of a viral pneumonia, shape (N,), 0..probability, for logits of shape (N, 3)."""
        return np.asarray(self.probability(logits) * viral_share(logits), dtype=np.float64)

    def log_odds(self, logits: NDArray[np.floating]) -> NDArray[np.float64]:
        """The logit of the probability, shape (N,): finite where the probability itself rounds to 0 or 1."""
        return self.calibration.log_odds(pneumonia_score(logits))


def _shifted(threshold: float, shift: float) -> float:
    """Move a threshold by so many log odds."""
    return float(1 / (1 + (1 - threshold) / threshold * np.exp(-shift)))
