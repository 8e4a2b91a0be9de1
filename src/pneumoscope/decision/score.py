"""From three class logits to one score."""

import numpy as np
from numpy.typing import NDArray


def pneumonia_score(logits: NDArray[np.floating]) -> NDArray[np.floating]:
    """The raw logit of pneumonia, bacterial or viral: log(e^bacterial + e^viral) - normal.

    Args:
        logits: (..., 3) in the order normal, bacterial, viral.

    Returns:
        (...) in log odds; its sigmoid is the softmax probability of the two pneumonias together.
    """
    return np.asarray(np.logaddexp(logits[..., 1], logits[..., 2]) - logits[..., 0])


def viral_share(logits: NDArray[np.floating]) -> NDArray[np.floating]:
    """Of the probability of pneumonia, the share that is viral, 0..1."""
    return np.asarray(np.exp(-np.logaddexp(0, logits[..., 1] - logits[..., 2])))
