import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import beta, norm

from pneumoscope.decision.calibration import Calibration
from pneumoscope.decision.operating_point import OperatingPoint, balanced, choose, highest_with_recall
from pneumoscope.errors import DataError

WELL, SICK = norm(-2.0, 1.0), norm(1.5, 1.6)


def _scores(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Scores of ``count`` normals and twice as many pneumonias, from WELL and SICK."""
    rng = np.random.default_rng(seed)
    scores = np.concatenate([WELL.rvs(count, random_state=rng), SICK.rvs(2 * count, random_state=rng)])
    return scores, np.repeat([False, True], [count, 2 * count])


def _sigmoid(score: np.ndarray | float) -> np.ndarray:
    return Calibration().probability(np.asarray(score))


def test_a_probability_at_the_threshold_is_a_finding() -> None:
    point = OperatingPoint("any", 0.25, "by hand")
    assert [point.finding(value) for value in (0.2499999, 0.25, 1.0)] == ["normal", "pneumonia", "pneumonia"]


def test_balanced_lies_where_the_densities_cross() -> None:
    # Balanced accuracy of two known densities is best where they are equal, however many films each class has.
    crossing = brentq(lambda x: WELL.pdf(x) - SICK.pdf(x), -1.5, 1.0)
    scores, positive = _scores(5_000)
    threshold = balanced(_sigmoid(scores), positive)
    assert np.log(threshold / (1 - threshold)) == pytest.approx(crossing, abs=0.15)


def test_balanced_hardly_loses_to_the_empirical_best() -> None:
    scores, positive = _scores(400)
    probability = _sigmoid(scores)

    def accuracy(threshold: float) -> float:
        found = probability >= threshold
        return float(found[positive].mean() + (~found)[~positive].mean()) / 2

    assert accuracy(balanced(probability, positive)) > max(map(accuracy, probability)) - 0.01


@pytest.mark.parametrize(("slope", "intercept"), [(0.3, 0.0), (1.7, -2.0), (1.0, 4.0)])
def test_balanced_takes_the_same_decisions_under_any_calibration(slope: float, intercept: float) -> None:
    scores, positive = _scores(300)
    calibrated = Calibration(slope, intercept).probability(scores)
    base = _sigmoid(scores)
    np.testing.assert_array_equal(
        calibrated >= balanced(calibrated, positive),
        base >= balanced(base, positive),
    )


def test_balanced_falls_in_the_gap_between_separated_classes() -> None:
    positive = np.repeat([False, True], 30)
    probability = np.where(positive, np.linspace(0.9, 0.99, 60), np.linspace(0.01, 0.1, 60))
    assert 0.1 < balanced(probability, positive) < 0.9


def test_balanced_takes_classes_of_one_probability_each() -> None:
    positive = np.repeat([False, True], 30)
    assert 0.2 <= balanced(np.where(positive, 0.8, 0.2), positive) <= 0.8


@pytest.mark.parametrize("count", [149, 237, 500, 1000])
@pytest.mark.parametrize("least", [0.9, 0.98])
def test_the_highest_threshold_that_proves_the_recall(count: int, least: float) -> None:
    sick = np.random.default_rng(count).permutation(np.linspace(0.01, 0.99, count))
    threshold = highest_with_recall(sick, least)
    assert threshold is not None
    found = int((sick >= threshold).sum())
    assert _lower_bound(found, count) >= least
    assert _lower_bound(found - 1, count) < least


def _lower_bound(found: int, count: int) -> float:
    """Clopper and Pearson's one-sided 95% bound, by the beta distribution."""
    return float(beta.ppf(0.05, found, count - found + 1))


def test_too_few_films_prove_nothing() -> None:
    # Finding all of n proves 98% only when .98^n <= .05, from 149 films on.
    assert highest_with_recall(np.linspace(0.5, 1, 148), 0.98) is None
    assert highest_with_recall(np.linspace(0.5, 1, 149), 0.98) == 0.5


def test_more_confidence_lowers_the_threshold() -> None:
    sick = np.linspace(0, 1, 1000)
    surer, sure = (highest_with_recall(sick, 0.95, confidence) for confidence in (0.99, 0.9))
    assert surer is not None
    assert sure is not None
    assert surer < sure


def test_choose_names_its_points() -> None:
    scores, positive = _scores(300)
    points = choose(_sigmoid(scores), positive)
    assert [point.name for point in points] == ["balanced", "high-sensitivity", "asked-for"]
    balanced_point, sensitive, asked_for = points
    assert asked_for.threshold == 0.7
    assert 0 < sensitive.threshold < balanced_point.threshold < 1
    assert all(point.policy for point in points)


def test_choose_leaves_out_what_the_films_cannot_prove() -> None:
    scores, positive = _scores(60)
    assert [point.name for point in choose(_sigmoid(scores), positive)] == ["balanced", "asked-for"]


@pytest.mark.parametrize("label", [True, False])
def test_choose_refuses_one_class_alone(label: bool) -> None:
    with pytest.raises(DataError, match="both classes"):
        choose(np.linspace(0, 1, 10), np.full(10, label))
