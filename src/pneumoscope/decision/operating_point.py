"""Operating points: named thresholds, each with the policy that chose it."""

from dataclasses import dataclass

BASELINE = "baseline"
BASELINE_THRESHOLD = 0.700
"""Name and threshold of the two-phase system that this project rebuilt and is compared with."""


@dataclass(frozen=True)
class OperatingPoint:
    """A threshold on the calibrated probability.

    Attributes:
        name: how it is asked for.
        threshold: between 0 and 1; a probability at or above it is a finding of pneumonia (rule-in).
        policy: the rule that chose it, in words.

    Raises:
        ValueError: the threshold is not between 0 and 1.
    """

    name: str
    threshold: float
    policy: str

    def __post_init__(self) -> None:
        check_threshold(self.name, self.threshold)


def check_threshold(name: str, threshold: float) -> None:
    """Raise a ValueError unless a threshold lies between 0 and 1."""
    if not 0.0 < threshold < 1.0:  # so written that NaN fails
        raise ValueError(f"the threshold of {name!r} is {threshold}, and must lie between 0 and 1")


def threshold_text(threshold: float) -> str:
    """Write a threshold as it is written everywhere: a fraction with three decimals."""
    return f"{threshold:.3f}"
