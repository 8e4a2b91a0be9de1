import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from pneumoscope.network.backend import import_keras
from pneumoscope.training.loop.objective import allowed_class_loss, pneumonia_auc_class

LABELS = {"normal": (1, 0, 0), "bacterial": (0, 1, 0), "viral": (0, 0, 1), "unknown subtype": (0, 1, 1)}


def _loss(targets: np.ndarray, logits: np.ndarray) -> np.ndarray:
    ops = import_keras().ops
    return np.asarray(allowed_class_loss(ops.convert_to_tensor(targets), ops.convert_to_tensor(logits)))


@pytest.mark.parametrize("label", LABELS)
def test_the_loss_is_the_negative_log_probability_of_what_the_label_allows(label: str) -> None:
    logits = np.random.default_rng(0).normal(0, 4, (200, 3)).astype(np.float32)
    targets = np.repeat(np.array([LABELS[label]], np.float32), 200, axis=0)
    share = np.exp(logits.astype(np.float64))
    share /= share.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(_loss(targets, logits), -np.log((share * targets).sum(axis=1)), rtol=1e-4, atol=1e-5)


def test_an_unknown_subtype_leaves_the_subtype_open() -> None:
    targets = np.array([LABELS["unknown subtype"]] * 2, np.float32)
    bacterial, viral = _loss(targets, np.array([[0, 5, -3], [0, -3, 5]], np.float32))
    assert bacterial == pytest.approx(viral, rel=1e-6)


def test_the_loss_of_probabilities_is_their_cross_entropy() -> None:
    rng = np.random.default_rng(2)
    logits, targets = rng.normal(0, 4, (200, 3)).astype(np.float32), rng.dirichlet((1, 1, 1), 200).astype(np.float32)
    share = np.exp(logits.astype(np.float64))
    share /= share.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(_loss(targets, logits), -(targets * np.log(share)).sum(axis=1), rtol=1e-4, atol=1e-5)


def test_the_loss_stays_finite_far_out() -> None:
    targets = np.array(list(LABELS.values()), np.float32)
    logits = np.array([[-500, 500, 0], [500, -500, 0], [500, 0, -500], [500, -500, -500]], np.float32)
    np.testing.assert_allclose(_loss(targets, logits), [1000, 1000, 1000, 1000 - np.log(2)], rtol=1e-5)


def test_the_metric_takes_the_likelier_class_of_probabilities() -> None:
    targets = np.array([[0.9, 0.05, 0.05], [0.2, 0.4, 0.4]], np.float32)
    metric = pneumonia_auc_class()(num_thresholds=1000, name="auc")
    metric.update_state(targets, np.array([[3, 0, 0], [0, 3, 0]], np.float32))
    assert float(metric.result()) == pytest.approx(1, abs=2e-3)


def test_the_metric_is_the_area_under_the_curve_of_pneumonia() -> None:
    rng = np.random.default_rng(1)
    targets = np.array(list(LABELS.values()), np.float32)[rng.integers(0, 4, 400)]
    logits = (targets + rng.normal(0, 1.2, (400, 3))).astype(np.float32)
    metric = pneumonia_auc_class()(num_thresholds=1000, name="auc")
    for part in range(4):
        metric.update_state(targets[part::4], logits[part::4], sample_weight=rng.random(100))
    share = np.exp(logits)
    expected = roc_auc_score(targets[:, 0] == 0, 1 - share[:, 0] / share.sum(axis=1))
    assert float(metric.result()) == pytest.approx(expected, abs=2e-3)
