import numpy as np
import pytest
from scipy.stats import beta, binom

from pneumoscope.decision.guarantees import (
    binomial_cdf,
    highest_with_recall,
    interval,
    lower_bound,
    lowest_with_specificity,
    misses_allowed,
    trials_needed,
    upper_bound,
)


@pytest.mark.parametrize(("most", "trials"), [(-1, 5), (0, 1), (3, 10), (10, 10), (40, 1000), (2400, 5000)])
@pytest.mark.parametrize("chance", [0.0, 0.001, 0.05, 0.5, 0.98, 1.0])
def test_the_binomial_equals_scipys(most: int, trials: int, chance: float) -> None:
    assert binomial_cdf(most, trials, chance) == pytest.approx(binom.cdf(most, trials, chance), rel=1e-9, abs=1e-15)


@pytest.mark.parametrize(("hits", "trials"), [(0, 7), (1, 7), (6, 7), (7, 7), (190, 200), (1, 3000)])
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_bounds_are_quantiles_of_the_beta_distribution(hits: int, trials: int, confidence: float) -> None:
    low = beta.ppf(1 - confidence, hits, trials - hits + 1) if hits else 0.0
    high = beta.ppf(confidence, hits + 1, trials - hits) if hits < trials else 1.0
    assert lower_bound(hits, trials, confidence) == pytest.approx(low, abs=1e-10)
    assert upper_bound(hits, trials, confidence) == pytest.approx(high, abs=1e-10)
    each = (1 + confidence) / 2
    assert interval(hits, trials, confidence) == (lower_bound(hits, trials, each), upper_bound(hits, trials, each))


def test_nothing_is_known_without_trials() -> None:
    assert interval(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("least", "needed"),
    [(0.90, (29, 46, 61, 103)), (0.95, (59, 93, 124, 208)), (0.98, (149, 236, 313, 523))],
)
def test_the_numbers_of_the_planning_table(least: float, needed: tuple[int, ...]) -> None:
    assert tuple(trials_needed(misses, least) for misses in (0, 1, 2, 5)) == needed
    for misses, trials in zip((0, 1, 2, 5), needed, strict=True):
        assert misses_allowed(trials, least) == misses
        assert (misses_allowed(trials - 1, least) or -1) < max(misses, 0)
    assert misses_allowed(needed[0] - 1, least) is None


def test_a_threshold_keeps_its_promise_on_fresh_patients() -> None:
    """Of many sites, at most one in twenty gets a threshold whose true recall is below the promise."""
    generator = np.random.default_rng(5)
    broken = []
    for _ in range(2000):
        threshold = highest_with_recall(generator.uniform(size=100), 0.95)
        assert threshold is not None
        broken.append(threshold > 0.05)  # of uniform scores, the share below a threshold is the threshold
    assert 0 < np.mean(broken) <= 0.055


def test_specificity_mirrors_recall() -> None:
    negatives = np.random.default_rng(1).uniform(size=120)
    threshold = lowest_with_specificity(negatives, 0.9)
    mirrored = highest_with_recall(1 - negatives, 0.9)
    assert threshold is not None
    assert mirrored is not None
    assert threshold == pytest.approx(1 - mirrored)
    hits = int((negatives < threshold).sum())
    assert lower_bound(hits, 120) >= 0.9 > lower_bound(hits - 1, 120)
    assert lowest_with_specificity(negatives[:28], 0.9) is None
