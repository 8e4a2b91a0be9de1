"""From class-activation maps to a map of what raised the score."""

import numpy as np
from numpy.typing import NDArray

from pneumoscope.decision.calibration import Calibration
from pneumoscope.decision.score import pneumonia_score, viral_share

_CERTAIN = 4.0  # log odds above the threshold that earn the strongest colour even if no place has more


def contribution_map(
    logits: NDArray[np.float32], cam: NDArray[np.float32], calibration: Calibration
) -> NDArray[np.float32]:
    """Say which places speak for pneumonia, and how loudly.

    The score, logsumexp(bacterial, viral) - normal, is linearised at the film's own logits: its gradient weighs the
    three class-activation maps (Zhou et al. 2016, arXiv:1512.04150) by (-1, share bacterial, share viral). A constant
    then makes the mean over the map the film's score exactly, and the calibration turns it into log-odds.

    Args:
        logits: float32 (3,), normal, bacterial, viral.
        cam: float32 (P, P, 3), the class-activation maps.
        calibration: from score to probability.

    Returns:
        float32 (P, P): local log-odds of pneumonia; the mean is the log-odds of the film's probability.
    """
    viral = float(viral_share(logits[None])[0])
    local = cam @ np.array([-1.0, 1.0 - viral, viral])
    local += float(pneumonia_score(logits[None])[0]) - local.mean()
    return np.asarray(calibration.slope * local + calibration.intercept, dtype=np.float32)


def intensity(contributions: NDArray[np.float32], threshold: float) -> NDArray[np.float32]:
    """Scale a contribution map to 0..1: 0 where it stays below the threshold, 1 at the film's strongest place.

    A film whose strongest place is less than 4 log-odds above the threshold never reaches 1, so that noise is not
    blown up into a hot spot. A normal film has no heat at all: whatever speaks for pneumonia on it was outvoted, and
    colour there would only mislead.
    """
    margin = contributions - np.log(threshold / (1.0 - threshold))
    above = np.maximum(margin, 0.0) if margin.mean() >= 0 else np.zeros_like(margin)
    return np.asarray(above / max(float(above.max()), _CERTAIN), dtype=np.float32)
