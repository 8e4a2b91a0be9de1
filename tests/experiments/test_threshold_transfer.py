"""The ways of choosing a threshold find what they say."""

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import norm

pytest.importorskip("sklearn", reason="needs pneumoscope[evaluate]")
sys.path.insert(0, str(Path(__file__).parents[2] / "experiments"))
import threshold_transfer as study

WELL, SICK = norm(-2.0, 1.0), norm(1.5, 1.6)


@pytest.fixture(scope="module")
def films() -> tuple[np.ndarray, np.ndarray]:
    """Scores of 4,000 normals and 8,000 pneumonias from two known densities."""
    rng = np.random.default_rng(0)
    scores = np.concatenate([WELL.rvs(4_000, random_state=rng), SICK.rvs(8_000, random_state=rng)])
    return scores, np.repeat([False, True], [4_000, 8_000])


@pytest.mark.parametrize("policy", ["empirical optimum", "kernel-smoothed optimum", "binormal optimum"])
def test_optima_lie_where_the_densities_cross(policy: str, films: tuple[np.ndarray, np.ndarray]) -> None:
    # Balanced accuracy of two known densities is best where they are equal, however many films each class has.
    crossing = brentq(lambda x: WELL.pdf(x) - SICK.pdf(x), -1.5, 1.0)
    assert study.BALANCED[policy](*films) == pytest.approx(crossing, abs=0.2)


def test_equal_errors_are_equal(films: tuple[np.ndarray, np.ndarray]) -> None:
    recall, specificity = study.rates(*films, study.equal_errors(*films))
    assert recall == pytest.approx(specificity, abs=0.002)


@pytest.mark.parametrize("policy", list(study.SENSITIVE))
def test_the_wanted_recall_is_reached_where_it_was_chosen(policy: str, films: tuple[np.ndarray, np.ndarray]) -> None:
    recall, _ = study.rates(*films, study.SENSITIVE[policy](*films))
    assert recall == pytest.approx(study.RECALL, abs=0.006)
    if "bound" in policy:
        assert recall > study.RECALL


def test_a_prior_corrected_half_does_not_depend_on_how_many_are_ill() -> None:
    rng = np.random.default_rng(1)
    well, sick = norm(-2, 1).rvs(6_000, random_state=rng), norm(2, 1).rvs(6_000, random_state=rng)
    for ill in (1_000, 6_000):
        scores, positive = np.concatenate([well, sick[:ill]]), np.repeat([False, True], [6_000, ill])
        assert study.logistic_half(scores, positive) == pytest.approx(0, abs=0.1)
