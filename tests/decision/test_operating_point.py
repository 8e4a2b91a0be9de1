import numpy as np
import pytest
from scipy.stats import beta, norm

from pneumoscope.decision.calibration import Calibration
from pneumoscope.decision.operating_point import OperatingPoint, choose, highest_with_recall
from pneumoscope.errors import DataError

WELL, SICK = norm(-2.0, 1.0), norm(1.5, 1.6)


def _scores(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Scores of ``count`` normals and twice as many pneumonias, from WELL and SICK."""
    rng = np.random.default_rng(seed)
    scores = np.concatenate([WELL.rvs(count, random_state=rng), SICK.rvs(2 * count, random_state=rng)])
    return scores, np.repeat([False, True], [count, 2 * count])


def test_a_probability_at_the_threshold_is_a_finding() -> None:
    point = OperatingPoint("any", 0.25, "by hand")
    assert [point.finding(value) for value in (0.2499999, 0.25, 1.0)] == ["normal", "pneumonia", "pneumonia"]


@pytest.mark.parametrize(("slope", "intercept"), [(0.3, 0.0), (1.7, -2.0), (1.0, 4.0)])
def test_balanced_is_score_0_under_any_calibration(slope: float, intercept: float) -> None:
    scores, positive = _scores(300)
    fitted = Calibration(slope, intercept)
    point, *_ = choose(fitted, scores, positive)
    found = [point.finding(value) == "pneumonia" for value in fitted.probability(np.array([-0.01, 0.0, 0.01]))]
    assert found == [False, True, True]


@pytest.mark.parametrize("count", [149, 237, 500, 1000])
@pytest.mark.parametrize("least", [0.9, 0.98])
def test_the_highest_threshold_that_proves_the_recall(count: int, least: float) -> None:
    sick = np.random.default_rng(count).permutation(np.linspace(0.01, 0.99, count))
    threshold = highest_with_recall(sick, least)
    assert threshold is not None
    found = int((sick >= threshold).sum())
    assert _lower_bound(found, count) >= least
    assert _lower_bound(found - 1, count) < least
    if found < count:  # no film lies on it, where rounding would decide
        assert np.abs(sick - threshold).min() > 1e-4


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
    points = choose(Calibration(), scores, positive)
    assert [point.name for point in points] == ["balanced", "high-sensitivity", "asked-for"]
    balanced_point, sensitive, asked_for = points
    assert asked_for.threshold == 0.7
    assert 0 < sensitive.threshold < balanced_point.threshold < 1
    assert all(point.policy for point in points)


def test_choose_leaves_out_what_the_films_cannot_prove() -> None:
    scores, positive = _scores(60)
    assert [point.name for point in choose(Calibration(), scores, positive)] == ["balanced", "asked-for"]


@pytest.mark.parametrize("label", [True, False])
def test_choose_refuses_one_class_alone(label: bool) -> None:
    with pytest.raises(DataError, match="both classes"):
        choose(Calibration(), np.linspace(0, 1, 10), np.full(10, label))
