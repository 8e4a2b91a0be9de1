import numpy as np
import pytest
from scipy.stats import betabinom

from pneumoscope.assurance.site.drift import TAIL, Expected, compare_scores


@pytest.mark.parametrize(("hits", "trials"), [(0, 50), (3, 40), (120, 200), (400, 400)])
@pytest.mark.parametrize("films", [0, 1, 25, 3000])
def test_limits_are_those_of_scipys_beta_binomial(hits: int, trials: int, films: int) -> None:
    low, high = Expected.of(hits, trials).limits(films)
    reference = betabinom(films, hits + 0.5, trials - hits + 0.5)
    assert reference.cdf(low - 1) <= TAIL < reference.cdf(low) or films == 0
    assert reference.sf(high) <= TAIL
    assert high == 0 or reference.sf(high - 1) > TAIL


def test_a_mixture_has_the_moments_of_its_draws() -> None:
    generator = np.random.default_rng(0)
    mixed = Expected.of(95, 100).mixed(Expected.of(10, 60), 0.3)
    draws = 0.3 * generator.beta(95.5, 5.5, 200_000) + 0.7 * generator.beta(10.5, 50.5, 200_000)
    assert mixed.mean == pytest.approx(draws.mean(), abs=1e-3)
    assert mixed.variance == pytest.approx(draws.var(), rel=0.02)


SICK, WELL = np.array([1, 2, 5, 20, 72]), np.array([70, 20, 6, 3, 1])


def seen(prevalence: float, films: int, seed: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return generator.multinomial(films, prevalence * SICK / SICK.sum() + (1 - prevalence) * WELL / WELL.sum())


def test_nothing_is_unusual_while_nothing_changes() -> None:
    shifts = [compare_scores(seen(0.2, 400, seed), SICK, WELL, 0.2) for seed in range(20)]
    assert not any(shift.prevalence_moved or shift.strange for shift in shifts)
    assert np.mean([shift.prevalence for shift in shifts]) == pytest.approx(0.2, abs=0.03)


def test_a_moved_prevalence_is_told_from_strange_films() -> None:
    moved = compare_scores(seen(0.6, 400, 0), SICK, WELL, 0.2)
    assert moved.prevalence_moved
    assert not moved.strange
    assert moved.prevalence == pytest.approx(0.6, abs=0.08)
    strange = compare_scores(np.array([20, 60, 240, 60, 20]), SICK, WELL, 0.2)
    assert strange.strange
    assert sum(strange.expected) == pytest.approx(1)
    assert strange.seen == pytest.approx((0.05, 0.15, 0.6, 0.15, 0.05))
