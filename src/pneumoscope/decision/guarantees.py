"""What a number of radiographs can prove: exact binomial bounds, and thresholds with a guarantee.

A threshold that is an order statistic of independent positives has a recall whose distribution is known, whatever the
model: it is the distribution-free tolerance bound of Wilks (1941), "Determination of sample sizes for setting tolerance
limits", and what conformal risk control calls a binomial bound. NumPy only, so that a site can plan with the small
install.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
_HALVINGS = 60  # of an interval of length 1: to the last bit


def binomial_cdf(most: int, trials: int, chance: float) -> float:
    """P(X <= most) for X hits in ``trials`` independent trials.

    Args:
        most: whole number; below 0 the answer is 0, from ``trials`` on it is 1.
        trials: 0 or more.
        chance: of a hit, 0..1.
    """
    if most < 0:
        return 0.0
    if most >= trials or chance <= 0.0:
        return 1.0
    if chance >= 1.0:
        return 0.0
    hits = np.arange(most + 1)
    factorials = _log_factorials(trials)
    ways = factorials[trials] - factorials[hits] - factorials[trials - hits]
    return float(np.exp(ways + hits * np.log(chance) + (trials - hits) * np.log1p(-chance)).sum())


@cache
def _log_factorials(largest: int) -> NDArray[np.float64]:
    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, largest + 1)))])


def lower_bound(hits: int, trials: int, confidence: float = CONFIDENCE) -> float:
    """One-sided lower bound of a share (Clopper and Pearson 1934), 0..1; 0 where there are no trials.

    Args:
        hits: 0 to ``trials``.
        trials: 0 or more.
        confidence: that the share is at least the bound, 0..1.
    """
    if hits == 0:
        return 0.0
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        # The chance of so many hits or more, if the share were the middle.
        too_low = 1 - binomial_cdf(hits - 1, trials, middle) <= 1 - confidence
        low, high = (middle, high) if too_low else (low, middle)
    return low


def upper_bound(hits: int, trials: int, confidence: float = CONFIDENCE) -> float:
    """One-sided upper bound of a share; see :func:`lower_bound`."""
    return 1 - lower_bound(trials - hits, trials, confidence)


def interval(hits: int, trials: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Two-sided interval of a share (Clopper and Pearson 1934): half of the doubt on each side."""
    each = (1 + confidence) / 2
    return lower_bound(hits, trials, each), upper_bound(hits, trials, each)


def misses_allowed(trials: int, least: float, confidence: float = CONFIDENCE) -> int | None:
    """The most misses of ``trials`` that still prove a share of ``least``; None where even no miss proves it.

    Args:
        trials: 0 or more.
        least: the share to prove, within 0..1.
        confidence: of the proof, within 0..1.
    """
    misses = None
    for more in range(trials):
        if binomial_cdf(more, trials, 1 - least) > 1 - confidence:
            break
        misses = more
    return misses


def trials_needed(misses: int, least: float, confidence: float = CONFIDENCE) -> int:
    """The fewest trials of which ``misses`` may fail and a share of ``least`` is still proven."""
    low, high = misses, max(2 * misses, 1)
    while binomial_cdf(misses, high, 1 - least) > 1 - confidence:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        proven = binomial_cdf(misses, middle, 1 - least) <= 1 - confidence
        low, high = (low, middle) if proven else (middle, high)
    return high


def highest_with_recall(positives: NDArray[np.floating], least: float, confidence: float = CONFIDENCE) -> float | None:
    """The highest threshold whose recall is at least ``least`` by its lower confidence bound.

    The bound is Clopper and Pearson's (1934), one-sided: with k of n found, recall is at least ``least`` when
    P(misses <= n - k | n, 1 - least) <= 1 - confidence. The threshold lies halfway from the last positive found
    to the next below it: on the positive itself, the rounding of another runtime could miss it.

    Args:
        positives: (N,) probabilities of the pneumonias, one for each independent patient.
        least: recall to prove, 0..1.
        confidence: of the bound.

    Returns:
        The threshold, or None where even finding every positive would not prove it.
    """
    missed = misses_allowed(len(positives), least, confidence)
    if missed is None:
        return None
    ordered = np.sort(positives)
    return float((ordered[max(missed - 1, 0)] + ordered[missed]) / 2)


def lowest_with_specificity(
    negatives: NDArray[np.floating], least: float, confidence: float = CONFIDENCE
) -> float | None:
    """The lowest threshold whose specificity is at least ``least``; :func:`highest_with_recall`, mirrored."""
    mirrored = highest_with_recall(-np.asarray(negatives), least, confidence)
    return None if mirrored is None else -mirrored
