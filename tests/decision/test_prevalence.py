import numpy as np
import pytest

from pneumoscope.decision.prevalence import at_prevalence, estimate_prevalence, predictive_values


@pytest.mark.parametrize("stated", [0.02, 0.3, 0.622, 0.95])
def test_the_shift_is_bayes_theorem(stated: float) -> None:
    """Elkan's theorem 2, written out with probabilities instead of log odds."""
    fitted, probability = 0.622, np.array([1e-6, 0.1, 0.5, 0.813, 1 - 1e-6])
    elkan = stated * (probability - probability * fitted)
    elkan /= fitted - probability * fitted + stated * probability - fitted * stated
    found = at_prevalence(np.log(probability / (1 - probability)), fitted, stated)
    np.testing.assert_allclose(found, elkan, rtol=1e-9)


def test_the_same_prevalence_changes_nothing_and_extremes_stay_finite() -> None:
    z = np.array([-800.0, 0.3, 800.0])
    np.testing.assert_allclose(at_prevalence(z, 0.4, 0.4), [0, 1 / (1 + np.exp(-0.3)), 1], atol=1e-12)


@pytest.mark.parametrize("bad", [0.0, 1.0, -0.1, float("nan")])
def test_a_prevalence_out_of_range_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        at_prevalence(np.zeros(1), 0.5, bad)


@pytest.mark.parametrize("true", [0.05, 0.3, 0.8])
def test_em_finds_the_likeliest_mixture(true: float) -> None:
    """Against a search over all mixtures of the same likelihood."""
    generator = np.random.default_rng(3)
    positives, negatives = generator.dirichlet(np.ones(10)), generator.dirichlet(np.ones(10))
    counts = generator.multinomial(4000, true * positives + (1 - true) * negatives)
    grid = np.linspace(1e-5, 1 - 1e-5, 200_001)[:, None]
    with np.errstate(divide="ignore"):
        likelihood = (counts * np.log(grid * positives + (1 - grid) * negatives)).sum(axis=1)
    found = estimate_prevalence(positives, negatives, counts)
    assert float(found) == pytest.approx(grid[likelihood.argmax(), 0], abs=1e-4)
    assert float(found) == pytest.approx(true, abs=0.08)


def test_many_estimates_at_once_equal_one_by_one() -> None:
    generator = np.random.default_rng(4)
    positives, negatives = generator.dirichlet(np.ones(6), 5), generator.dirichlet(np.ones(6), 5)
    counts = generator.integers(1, 50, (5, 6))
    together = estimate_prevalence(positives, negatives, counts)
    alone = [float(estimate_prevalence(*row)) for row in zip(positives, negatives, counts, strict=True)]
    np.testing.assert_allclose(together, alone, atol=1e-4)


def test_predictive_values_count_a_thousand_children() -> None:
    positive, negative = predictive_values(0.9, 0.8, 0.1)
    assert positive == pytest.approx(90 / (90 + 180))
    assert negative == pytest.approx(720 / (720 + 10))
    assert predictive_values(0.0, 1.0, 0.1)[0] is None
