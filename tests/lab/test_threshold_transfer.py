"""The ways of choosing a threshold find what they say."""

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import norm

pytest.importorskip("sklearn", reason="needs pneumoscope[evaluate]")
from experiments import campaign
from experiments.threshold_transfer import measure
from experiments.threshold_transfer import policies as study
from lab.scores import rates

NORMAL, PNEUMONIA = norm(-2.0, 1.0), norm(1.5, 1.6)


@pytest.fixture(scope="module")
def films() -> tuple[np.ndarray, np.ndarray]:
    """Scores of 4,000 normals and 8,000 pneumonias from two known densities."""
    rng = np.random.default_rng(0)
    scores = np.concatenate([NORMAL.rvs(4_000, random_state=rng), PNEUMONIA.rvs(8_000, random_state=rng)])
    return scores, np.repeat([False, True], [4_000, 8_000])


@pytest.mark.parametrize("policy", ["empirical optimum", "kernel-smoothed optimum", "binormal optimum"])
def test_optima_lie_where_the_densities_cross(policy: str, films: tuple[np.ndarray, np.ndarray]) -> None:
    # Balanced accuracy of two known densities is best where they are equal, however many films each class has.
    crossing = brentq(lambda x: NORMAL.pdf(x) - PNEUMONIA.pdf(x), -1.5, 1.0)
    assert study.BALANCED[policy](*films) == pytest.approx(crossing, abs=0.2)


def test_equal_errors_are_equal(films: tuple[np.ndarray, np.ndarray]) -> None:
    recall, specificity = rates(*films, study.equal_errors(*films))
    assert recall == pytest.approx(specificity, abs=0.002)


@pytest.mark.parametrize("policy", list(study.SENSITIVE))
def test_the_wanted_recall_is_reached_where_it_was_chosen(policy: str, films: tuple[np.ndarray, np.ndarray]) -> None:
    recall, _ = rates(*films, study.SENSITIVE[policy](*films))
    assert recall == pytest.approx(study.RECALL, abs=0.006)
    if "bound" in policy:
        assert recall > study.RECALL


def test_a_prior_corrected_half_does_not_depend_on_how_many_are_positive() -> None:
    rng = np.random.default_rng(1)
    negatives, positives = norm(-2, 1).rvs(6_000, random_state=rng), norm(2, 1).rvs(6_000, random_state=rng)
    for count in (1_000, 6_000):
        scores, positive = np.concatenate([negatives, positives[:count]]), np.repeat([False, True], [6_000, count])
        assert study.logistic_half(scores, positive) == pytest.approx(0, abs=0.1)


def test_a_transfer_is_studied_as_the_sealed_record_holds_it() -> None:
    pair = measure.transfers(campaign("number_blocks"))[0]
    rows = measure.study(pair, resamples=1)
    sealed = campaign("threshold_transfer").content("threshold transfer", "five folds")["rows"][: len(rows)]
    for row, kept in zip(rows, sealed, strict=True):
        for name in ("policy", "way", "goal"):
            assert row[name] == kept[name]
        for name in ("threshold", "recall", "specificity", "balanced_accuracy", "drop", "regret"):
            assert row[name] == pytest.approx(kept[name], abs=1e-6), (row["policy"], name)
