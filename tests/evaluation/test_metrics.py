"""Metrics against values worked out by hand, and against scikit-learn on weighted, tied scores."""

import numpy as np
import pytest
from sklearn import metrics as sk

from pneumoscope.evaluation import metrics

# Six films: label, probability. At .5: TP 2, FN 1, FP 1, TN 2.
POSITIVE = np.array([True, True, True, False, False, False])
PROBABILITY = np.array([0.9, 0.8, 0.3, 0.6, 0.2, 0.1])
ONCE = np.ones((1, 6))


def value(statistic):
    return statistic(ONCE)[0]


def test_decisions_by_hand():
    found = {name: value(s) for name, s in metrics.decisions(POSITIVE, PROBABILITY >= 0.5).items()}
    assert found == pytest.approx(dict.fromkeys(found, 2 / 3))
    one_more = {name: value(s) for name, s in metrics.decisions(POSITIVE, PROBABILITY >= 0.3).items()}
    expected = {"accuracy": 5 / 6, "recall": 1, "specificity": 2 / 3, "precision": 3 / 4, "balanced_accuracy": 5 / 6}
    assert one_more == pytest.approx(expected)


def test_ranking_by_hand():
    # Of nine pairs, eight are in order. Precision at the three hits: 1, 1, 3/4.
    assert value(metrics.auc(PROBABILITY, POSITIVE, ~POSITIVE)) == pytest.approx(8 / 9)
    assert value(metrics.average_precision(PROBABILITY, POSITIVE)) == pytest.approx((1 + 1 + 3 / 4) / 3)


def test_calibration_by_hand():
    assert value(metrics.brier(PROBABILITY, POSITIVE)) == pytest.approx((0.01 + 0.04 + 0.49 + 0.36 + 0.04 + 0.01) / 6)
    # Every film has a bin of its own but none shares one, so the error is the mean distance to the label.
    expected = (0.1 + 0.2 + 0.7 + 0.6 + 0.2 + 0.1) / 6
    assert value(metrics.calibration_error(PROBABILITY, POSITIVE)) == pytest.approx(expected)
    pair = metrics.calibration_error(np.array([0.75, 0.75]), np.array([True, False]))
    assert pair(np.ones((1, 2)))[0] == pytest.approx(0.25), "two films in one bin: half are positive, .75 was said"


def test_a_certain_film_has_a_bin():
    assert metrics.bins(np.array([0.0, 0.0999, 0.5, 1.0])).tolist() == [0, 0, 5, 9]


def test_confusion_counts_truth_by_row():
    matrix = metrics.confusion(np.array([0, 0, 1, 1, 1]), np.array([0, 1, 1, 1, 0]), 2)
    assert matrix.tolist() == [[1, 1], [1, 2]]


@pytest.fixture(scope="module")
def weighted():
    """200 films with many tied scores, in 20 resamples that leave some out and repeat others."""
    generator = np.random.default_rng(7)
    positive = generator.random(200) < 0.6
    scores = np.clip(np.round(generator.normal(0.35 + 0.3 * positive, 0.25), 1), 0, 1)
    return positive, scores, generator.integers(0, 4, (20, 200)).astype(float)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (lambda y, s: metrics.auc(s, y, ~y), sk.roc_auc_score),
        (lambda y, s: metrics.average_precision(s, y), sk.average_precision_score),
        (lambda y, s: metrics.brier(s, y), sk.brier_score_loss),
    ],
)
def test_scores_agree_with_scikit_learn(weighted, ours, theirs):
    positive, scores, weights = weighted
    expected = [theirs(positive, scores, sample_weight=row) for row in weights]
    np.testing.assert_allclose(ours(positive, scores)(weights), expected, rtol=1e-12)


def test_decisions_agree_with_scikit_learn(weighted):
    positive, scores, weights = weighted
    called = scores >= 0.5
    theirs = {
        "accuracy": sk.accuracy_score,
        "recall": sk.recall_score,
        "specificity": lambda y, c, sample_weight: sk.recall_score(~y, ~c, sample_weight=sample_weight),
        "precision": sk.precision_score,
        "balanced_accuracy": sk.balanced_accuracy_score,
    }
    ours = metrics.decisions(positive, called)
    assert set(ours) == set(theirs)
    for name, reference in theirs.items():
        expected = [reference(positive, called, sample_weight=row) for row in weights]
        np.testing.assert_allclose(ours[name](weights), expected, rtol=1e-12, err_msg=name)


def test_films_in_neither_group_do_not_count():
    among = np.array([True, True, False, True, False, True])
    ours = value(metrics.auc(PROBABILITY, POSITIVE & among, ~POSITIVE & among))
    assert ours == pytest.approx(sk.roc_auc_score(POSITIVE[among], PROBABILITY[among]))


@pytest.mark.parametrize("label", [True, False])
def test_one_class_defines_no_ranking(label):
    positive = np.full(6, label)
    for statistic in (metrics.auc(PROBABILITY, positive, ~positive), metrics.average_precision(PROBABILITY, positive)):
        assert np.isnan(value(statistic))
    assert np.isnan(value(metrics.decisions(positive, PROBABILITY >= 0.5)["balanced_accuracy"]))
    assert np.isfinite(value(metrics.brier(PROBABILITY, positive)))


def test_nothing_called_defines_no_precision():
    assert np.isnan(value(metrics.decisions(POSITIVE, np.zeros(6, bool))["precision"]))
