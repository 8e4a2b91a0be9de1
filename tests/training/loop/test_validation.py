import numpy as np
import pytest
from sklearn.metrics import recall_score, roc_auc_score

from pneumoscope.network.backend import import_keras
from pneumoscope.training.loop.objective import allowed_class_loss
from pneumoscope.training.loop.validation import measure_rates, validate
from pneumoscope.training.radiographs.balance import balanced_weights
from pneumoscope.training.radiographs.packing import PackedRadiographs


def test_the_numbers_are_those_of_scikit_learn_and_of_the_training_loss() -> None:
    rng = np.random.default_rng(0)
    targets = np.array([(1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 1, 1)], np.float32)[rng.integers(0, 4, 300)]
    logits = (targets + rng.normal(0, 1, (300, 3))).astype(np.float32)
    radiographs = PackedRadiographs(
        np.zeros((300, 1, 1), np.uint8),
        targets,
        balanced_weights(targets[:, 0] == 0, np.full(len(targets), ""), np.ones(len(targets))),
        np.full(len(targets), ""),
    )
    positive = targets[:, 0] == 0
    score = np.log(np.exp(logits[:, 1]) + np.exp(logits[:, 2])) - logits[:, 0]
    row = validate(logits, radiographs)
    recall, specificity = (recall_score(positive, score > 0, pos_label=label) for label in (True, False))
    ops = import_keras().ops
    loss = np.asarray(allowed_class_loss(ops.convert_to_tensor(targets), ops.convert_to_tensor(logits)))
    assert row == {
        "val_loss": pytest.approx(np.average(loss, weights=radiographs.weights), rel=1e-5),
        "val_auc": pytest.approx(roc_auc_score(positive, score)),
        "val_recall": pytest.approx(recall),
        "val_specificity": pytest.approx(specificity),
        "val_balanced_accuracy": pytest.approx((recall + specificity) / 2),
    }


def test_a_score_of_0_is_no_finding() -> None:
    assert measure_rates(np.array([0.0, 0.0, 1e-9, -1e-9]), np.array([True, False, True, False])) == (0.5, 1.0)


def test_rates_of_several_sources_are_means_over_them_and_never_pooled() -> None:
    # Source a has both classes, ranked wrongly; b has pneumonias alone, all found. Pooled, the AUC would be 0.8.
    targets = np.array([(1, 0, 0), (0, 1, 0), (0, 1, 0), (0, 1, 0), (0, 1, 0), (0, 1, 0)], np.float32)
    logits = np.array([(0, 1, 0), (3, 0, 0), *[(0, 9, 0)] * 4], np.float32)
    sources = np.array(["a", "a", "b", "b", "b", "b"])
    row = validate(logits, PackedRadiographs(np.zeros((6, 1, 1), np.uint8), targets, np.ones(6, np.float32), sources))
    assert (row["val_auc"], row["val_recall"], row["val_specificity"]) == (0.0, 0.5, 0.0)
