import numpy as np
import pytest

from pneumoscope.decision.calibration import Calibration
from pneumoscope.errors import DataError


def test_fit_finds_the_logistic_truth() -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(0.5, 3, 20_000)
    truth = Calibration(slope=0.8, intercept=-1.3)
    positive = rng.random(20_000) < truth.probability(scores)
    fitted = fit(scores, positive)
    assert fitted.slope == pytest.approx(truth.slope, rel=0.05)
    assert fitted.intercept == pytest.approx(truth.intercept, abs=0.08)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_fit_does_not_depend_on_the_unit_of_the_scores(scale: float) -> None:
    rng = np.random.default_rng(1)
    positive = rng.random(2_000) < 0.6
    scores = rng.normal(np.where(positive, 2, -1), 2)
    base, scaled = fit(scores, positive), fit(scores * scale, positive)
    np.testing.assert_allclose(scaled.probability(scores * scale), base.probability(scores), atol=1e-4)


def test_fit_stays_finite_on_separated_scores() -> None:
    positive = np.repeat([False, True], 50)
    fitted = fit(np.where(positive, 10.0, -10.0) + np.linspace(-1, 1, 100), positive)
    assert np.isfinite([fitted.slope, fitted.intercept]).all()
    probability = fitted.probability(np.array([-10.0, 10.0]))
    # Platt's smoothed targets: 1/52 for normals, 51/52 for pneumonias.
    np.testing.assert_allclose(probability, [1 / 52, 51 / 52], atol=0.01)


def test_probability_is_the_sigmoid_and_rises_with_the_score() -> None:
    calibration = Calibration(slope=0.7, intercept=-0.2)
    scores = np.linspace(-30, 30, 601)
    probability = calibration.probability(scores)
    np.testing.assert_allclose(probability, 1 / (1 + np.exp(-(0.7 * scores - 0.2))), rtol=1e-12)
    assert (np.diff(probability) > 0).all()


def test_probability_keeps_the_shape_and_takes_single_precision() -> None:
    scores = np.zeros((2, 3), np.float32)
    assert Calibration().probability(scores).shape == (2, 3)
    np.testing.assert_array_equal(Calibration().probability(scores), 0.5)


def test_probability_is_stable_far_out() -> None:
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        far = Calibration().probability(np.array([-1000.0, -700.0, 700.0, 1000.0]))
    np.testing.assert_allclose(far, [0, np.exp(-700), 1, 1], rtol=1e-12)


@pytest.mark.parametrize("label", [True, False])
def test_one_class_alone_is_refused(label: bool) -> None:
    with pytest.raises(DataError, match="both classes"):
        fit(np.arange(10.0), np.full(10, label))


def test_scores_that_rank_the_wrong_way_round_are_refused() -> None:
    positive = np.repeat([False, True], 20)
    with pytest.raises(DataError, match="rank normal films above pneumonias"):
        fit(-np.arange(40.0), positive)
