import numpy as np
import pytest

from pneumoscope.decision.calibration import Calibration


def test_probability_is_the_sigmoid_and_rises_with_the_score() -> None:
    calibration = Calibration(slope=0.7, intercept=-0.2)
    scores = np.linspace(-30, 30, 601)
    probability = calibration.probability(scores)
    np.testing.assert_allclose(probability, 1 / (1 + np.exp(-(0.7 * scores - 0.2))), rtol=1e-12)
    assert (np.diff(probability) > 0).all()


def test_probability_keeps_the_shape_and_takes_single_precision() -> None:
    scores = np.zeros((2, 3), np.float32)
    assert Calibration(1.0, 0.0).probability(scores).shape == (2, 3)
    np.testing.assert_array_equal(Calibration(1.0, 0.0).probability(scores), 0.5)


def test_probability_is_stable_far_out() -> None:
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        far = Calibration(1.0, 0.0).probability(np.array([-1000.0, -700.0, 700.0, 1000.0]))
    np.testing.assert_allclose(far, [0, np.exp(-700), 1, 1], rtol=1e-12)


@pytest.mark.parametrize(("slope", "intercept"), [(0.0, 0.0), (-1.0, 0.0), (float("nan"), 0.0), (1.0, float("inf"))])
def test_values_that_make_no_probability_are_refused(slope: float, intercept: float) -> None:
    with pytest.raises(ValueError, match="of the calibration is"):
        Calibration(slope, intercept)
