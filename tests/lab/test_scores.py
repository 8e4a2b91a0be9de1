"""What a network is worth on radiographs that it never saw."""

import numpy as np
import pytest

from lab.scores import Scores, measured, rates


@pytest.fixture
def four() -> Scores:
    names = np.array(["a", "b", "c", "d"])
    logits = np.array([[2.0, 0, 0], [0, 2.0, 0], [0, 0, 2.0], [3.0, 0, 0]])
    return Scores(names, names, np.array([0, 1, 2, 1]), logits)


def test_both_classes_weigh_the_same_and_the_score_decides_at_0(four: Scores) -> None:
    found = measured(four)
    score = np.array([np.log(2) - 2, np.log(np.exp(2) + 1), np.log(np.exp(2) + 1), np.log(2) - 3])
    loss = np.log1p(np.exp(np.array([score[0], -score[1], -score[2], -score[3]])))
    assert found["log_loss"] == pytest.approx((loss[0] + loss[1:].mean()) / 2)
    assert found["recall"] == pytest.approx(2 / 3)
    assert found["specificity"] == 1
    assert found["three_classes"] == 0.75
    assert found["auc"] == pytest.approx(2 / 3)


def test_a_score_on_the_threshold_is_a_finding() -> None:
    assert rates(np.array([0.0, 1.0]), np.array([True, False]), 0.0) == (1.0, 0.0)
    assert rates(np.array([0.0, 1.0]), np.array([True, False]), 1.5) == (0.0, 1.0)


def test_scores_are_put_one_after_the_other(four: Scores) -> None:
    both = four + four
    assert len(both) == 8
    np.testing.assert_array_equal(both.logits, np.concatenate([four.logits, four.logits]))
    assert both.names.tolist() == [*"abcdabcd"]
