"""Prevalence: what a probability means where pneumonia is rarer or commoner, and what unlabelled scores tell of it."""

import math

import numpy as np
from numpy.typing import NDArray

_STEPS = 500
_STILL = 1e-7


def check_prevalence(prevalence: float) -> None:
    """Raise a ValueError unless a prevalence lies between 0 and 1."""
    if not 0.0 < prevalence < 1.0:  # so written that NaN fails
        raise ValueError(f"the prevalence is {prevalence}, and must lie between 0 and 1")


def at_prevalence(log_odds: NDArray[np.floating], fitted: float, stated: float) -> NDArray[np.float64]:
    """The probability of pneumonia at another prevalence than the calibration was fitted at.

    The prior's odds change and the likelihood ratio stays: log odds + logit(stated) - logit(fitted) (Elkan 2001, "The
    foundations of cost-sensitive learning", theorem 2; Saerens, Latinne and Decaestecker 2002, "Adjusting the outputs
    of a classifier to new a priori probabilities", equation 2.4). It holds where the films of the sick look alike at
    both places, and those of the healthy too.

    Args:
        log_odds: calibrated log odds of pneumonia, any shape.
        fitted: share of pneumonias among the films that the calibration was fitted on, within 0..1.
        stated: prevalence at the place of use, within 0..1.

    Returns:
        Probabilities, 0..1, in the shape of ``log_odds``.

    Raises:
        ValueError: a prevalence is not between 0 and 1.
    """
    shifted = np.asarray(log_odds, dtype=np.float64) + prior_shift(fitted, stated)
    return np.asarray(np.exp(-np.logaddexp(0, -shifted)))


def prior_shift(fitted: float, stated: float) -> float:
    """By how much log odds of pneumonia grow from one prevalence to another; see :func:`at_prevalence`.

    Raises:
        ValueError: a prevalence is not between 0 and 1.
    """
    check_prevalence(fitted)
    check_prevalence(stated)
    return _logit(stated) - _logit(fitted)


def estimate_prevalence(
    positives: NDArray[np.floating], negatives: NDArray[np.floating], counts: NDArray[np.floating]
) -> NDArray[np.float64]:
    """The prevalence under which unlabelled scores are the likeliest, by expectation and maximisation.

    This is the EM of Saerens, Latinne and Decaestecker (2002, equation 2.9) on binned scores: the densities of both
    classes stay, and only their mixture moves. It is for an alarm and never for a threshold: another device moves the
    densities, and then the estimate is wrong.

    Args:
        positives: shape (..., B), the share of the pneumonias' scores in each of B bins, above 0.
        negatives: shape (..., B), the same of the normals.
        counts: shape (..., B), how many unlabelled scores lie in each bin; at least one in all.

    Returns:
        Shape (...), within 0..1.
    """
    positives, negatives, counts = (np.asarray(values, np.float64) for values in (positives, negatives, counts))
    share = counts / counts.sum(axis=-1, keepdims=True)
    prevalence = np.full(np.broadcast_shapes(positives.shape, counts.shape)[:-1], 0.5)
    for _ in range(_STEPS):
        sick = prevalence[..., None] * positives
        posterior = sick / (sick + (1 - prevalence[..., None]) * negatives)
        before, prevalence = prevalence, (posterior * share).sum(axis=-1)
        if np.abs(prevalence - before).max() < _STILL:
            break
    return np.asarray(prevalence)


def predictive_values(recall: float, specificity: float, prevalence: float) -> tuple[float | None, float | None]:
    """Positive and negative predictive value at a prevalence (Bayes' theorem); None where nothing would be called so.

    Args:
        recall: 0..1.
        specificity: 0..1.
        prevalence: 0..1.
    """
    right, false = prevalence * recall, (1 - prevalence) * (1 - specificity)
    missed, cleared = prevalence * (1 - recall), (1 - prevalence) * specificity
    return (right / (right + false) if right + false else None), (
        cleared / (missed + cleared) if missed + cleared else None
    )


def _logit(share: float) -> float:
    return math.log(share / (1 - share))
