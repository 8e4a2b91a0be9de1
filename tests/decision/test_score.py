import numpy as np
import pytest

from pneumoscope.decision.score import pneumonia_score, viral_share


def _softmax(logits: np.ndarray) -> np.ndarray:
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def test_the_score_is_the_log_odds_of_the_two_pneumonias_together() -> None:
    logits = np.random.default_rng(0).normal(0, 3, (50, 2, 3))
    share = _softmax(logits)
    np.testing.assert_allclose(1 / (1 + np.exp(-pneumonia_score(logits))), share[..., 1] + share[..., 2], rtol=1e-9)
    np.testing.assert_allclose(viral_share(logits), share[..., 2] / (share[..., 1] + share[..., 2]), rtol=1e-9)


def test_neither_depends_on_a_shift_of_all_logits() -> None:
    logits = np.random.default_rng(1).normal(0, 3, (50, 3))
    np.testing.assert_allclose(pneumonia_score(logits + 500), pneumonia_score(logits), atol=1e-9)
    np.testing.assert_allclose(viral_share(logits + 500), viral_share(logits), atol=1e-9)


@pytest.mark.parametrize(
    ("logits", "score", "share"),
    [
        ([0, 1000, -1000], 1000, 0),
        ([0, -1000, 1000], 1000, 1),
        ([1000, 0, 0], np.log(2) - 1000, 0.5),
        ([0, 0, 0], np.log(2), 0.5),
    ],
)
def test_far_out_values_stay_exact(logits: list[float], score: float, share: float) -> None:
    row = np.array([logits], np.float32)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        np.testing.assert_allclose(pneumonia_score(row), [score], rtol=1e-6)
        np.testing.assert_allclose(viral_share(row), [share], atol=1e-30)
