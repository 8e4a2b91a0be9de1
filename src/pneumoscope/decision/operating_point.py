"""Operating points: named thresholds, each with the policy that chose it."""

from dataclasses import dataclass

from pneumoscope.decision.labels import Finding

BASELINE = "baseline"
BASELINE_THRESHOLD = 0.700
"""Name and threshold of the two-phase system that this project rebuilt and is compared with."""


@dataclass(frozen=True)
class OperatingPoint:
    """A threshold on the calibrated probability.

    Attributes:
        name: how it is asked for.
        threshold: between 0 and 1; a probability at or above it is a finding of pneumonia.
        policy: the rule that chose it, in words.

    Raises:
        ValueError: the threshold is not between 0 and 1.
    """

    name: str
    threshold: float
    policy: str

    def __post_init__(self) -> None:
        if not 0.0 < self.threshold < 1.0:  # so written that NaN fails
            raise ValueError(f"the threshold of {self.name!r} is {self.threshold}, and must lie between 0 and 1")

    def finding(self, probability: float) -> Finding:
        """What a probability, 0..1, means at this threshold."""
        return Finding.PNEUMONIA if probability >= self.threshold else Finding.NORMAL


def threshold_text(threshold: float) -> str:
    """Write a threshold as it is written everywhere: a fraction with three decimals."""
    return f"{threshold:.3f}"
