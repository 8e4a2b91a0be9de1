"""Ways of choosing a threshold on scores of known labels.

Every chooser takes raw scores (N,) in log odds and whether each radiograph is pneumonia (N,), and gives a threshold.
"""

from collections.abc import Callable

import numpy as np
from scipy.special import ndtr
from scipy.stats import norm

from lab.scores import Mask, Values
from pneumoscope.decision.guarantees import highest_with_recall
from pneumoscope.decision.operating_point import BASELINE_THRESHOLD
from pneumoscope.release.fit_rule import fit_calibration

RECALL = 0.98
"""What the policies of SENSITIVE are to reach."""

Chooser = Callable[[Values, Mask], float]


def empirical_j(score: Values, positive: Mask) -> float:
    """The threshold with the best balanced accuracy (Youden 1950); the middle one of several."""
    cuts = np.sort(score)
    middles = np.r_[cuts[0] - 1, (cuts[1:] + cuts[:-1]) / 2]
    recall = 1 - np.searchsorted(np.sort(score[positive]), middles) / positive.sum()
    specificity = np.searchsorted(np.sort(score[~positive]), middles) / (~positive).sum()
    best = np.flatnonzero(np.isclose(recall + specificity, (recall + specificity).max()))
    return float(middles[best[len(best) // 2]])


def smoothed_j(score: Values, positive: Mask) -> float:
    """The optimum of the kernel-smoothed balanced accuracy (Fluss, Faraggi and Reiser 2005, section 3.3)."""
    grid = np.linspace(score.min(), score.max(), 2001)
    recall, specificity = 1 - _smooth_cdf(score[positive], grid), _smooth_cdf(score[~positive], grid)
    return float(grid[np.argmax(recall + specificity)])


def _smooth_cdf(values: Values, grid: Values) -> Values:
    """Gaussian-kernel estimate of P(value <= grid), bandwidth by Silverman's rule."""
    spread = min(values.std(ddof=1), float(np.subtract(*np.percentile(values, [75, 25]))) / 1.34)
    width = max(0.9 * spread * len(values) ** -0.2, 1e-6)
    return np.asarray(ndtr((grid[:, None] - values[None]) / width).mean(axis=1))


def binormal_j(score: Values, positive: Mask) -> float:
    """The optimum under normal scores in both classes (Fluss, Faraggi and Reiser 2005, section 2.1)."""
    positives, negatives = score[positive], score[~positive]
    grid = np.linspace(negatives.mean(), positives.mean(), 4001)
    recall = norm.sf(grid, positives.mean(), positives.std(ddof=1))
    specificity = norm.cdf(grid, negatives.mean(), negatives.std(ddof=1))
    return float(grid[np.argmax(recall + specificity)])


def equal_errors(score: Values, positive: Mask) -> float:
    """Where the conformal p-values of both classes meet: as many misses as false alarms, in shares."""
    cuts = np.sort(score)
    missed = np.searchsorted(np.sort(score[positive]), cuts) / positive.sum()
    alarms = 1 - np.searchsorted(np.sort(score[~positive]), cuts) / (~positive).sum()
    return float(cuts[np.argmin(np.abs(missed - alarms))])


def logistic_half(score: Values, positive: Mask) -> float:
    """Where Platt's calibrated probability is 0.500 once the classes are made equally frequent (prior-corrected)."""
    fitted = fit_calibration(score, positive)
    prior = np.log(positive.mean() / (1 - positive.mean()))
    return float((prior - fitted.intercept) / fitted.slope)


def network_half(score: Values, positive: Mask) -> float:
    """Score 0, the network's own 0.500: it is trained with classes of equal weight, and nothing is chosen."""
    return 0.0


def baseline(score: Values, positive: Mask) -> float:
    """Where Platt's calibrated probability is BASELINE_THRESHOLD."""
    fitted = fit_calibration(score, positive)
    return float((np.log(BASELINE_THRESHOLD / (1 - BASELINE_THRESHOLD)) - fitted.intercept) / fitted.slope)


def quantile(score: Values, positive: Mask) -> float:
    """The highest threshold that finds the wanted share of the pneumonias at hand."""
    ordered = np.sort(score[positive])
    return float(ordered[int(np.floor((1 - RECALL) * len(ordered)))])


def conformal(score: Values, positive: Mask) -> float:
    """Split conformal within the pneumonias (Vovk 2012): on average misses at most 1 - RECALL of exchangeable ones."""
    ordered = np.sort(score[positive])
    rank = int(np.floor((1 - RECALL) * (len(ordered) + 1)))
    return float(ordered[rank - 1]) if rank else float(ordered[0])


def lower_bound(score: Values, positive: Mask) -> float:
    """The highest threshold whose recall is as wanted by its one-sided 95% Clopper-Pearson bound."""
    threshold = highest_with_recall(score[positive], RECALL)
    return float(score[positive].min()) if threshold is None else threshold


def binormal_quantile(score: Values, positive: Mask) -> float:
    """The quantile of a normal fitted to the pneumonias' scores."""
    positives = score[positive]
    return float(norm.ppf(1 - RECALL, positives.mean(), positives.std(ddof=1)))


BALANCED: dict[str, Chooser] = {
    "empirical optimum": empirical_j,
    "kernel-smoothed optimum": smoothed_j,
    "binormal optimum": binormal_j,
    "equal error shares": equal_errors,
    "prior-corrected .5": logistic_half,
    "the network's own .5": network_half,
    "calibrated .700": baseline,
}
SENSITIVE: dict[str, Chooser] = {
    "empirical quantile": quantile,
    "conformal": conformal,
    "Clopper-Pearson bound": lower_bound,
    "binormal quantile": binormal_quantile,
}
