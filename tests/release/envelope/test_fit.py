"""The fit, on features whose truth is known."""

import numpy as np
import pytest

from pneumoscope.decision.envelope import KINDS
from pneumoscope.errors import DataError
from pneumoscope.release.envelope.fit import (
    FRONTAL_WEIGHT,
    Scores,
    balanced_weights,
    choose_limits,
    divide,
    fit_head,
    fit_novelty,
    score,
)


def test_kinds_weigh_alike_and_sources_by_the_root_of_their_size() -> None:
    kinds = np.array([0] * 400 + [1] * 110)
    sources = np.array(["a"] * 300 + ["b"] * 100 + ["c"] * 100 + ["d"] * 10)
    weights = balanced_weights(kinds, sources)
    assert weights.mean() == pytest.approx(1)
    assert weights[:400].sum() == pytest.approx(FRONTAL_WEIGHT * weights[400:].sum())
    assert weights[kinds == 1][:100].sum() / weights[-10:].sum() == pytest.approx(np.sqrt(10))


def test_kinds_that_differ_are_told_apart_and_a_kind_never_shown_is_never_named() -> None:
    rng = np.random.default_rng(0)
    kinds = np.repeat([0, 1, 5], 200)
    centres = {0: 0.0, 1: 2.0, 5: -2.0}
    features = rng.normal(0, 0.5, (600, 40)).astype(np.float32) + np.array([centres[kind] for kind in kinds])[:, None]
    head = fit_head(features.astype(np.float32), kinds, np.full(600, "one"))
    found = score(head, features.astype(np.float32))
    assert (found.content.argmax(1) == kinds).mean() == 1
    assert found.novelty[kinds == 0].mean() < found.novelty[kinds != 0].min()


def test_novelty_is_the_distance_under_probabilistic_pca() -> None:
    """Against the full covariance of the model: W W^T + s I (Tipping & Bishop 1999)."""
    rng = np.random.default_rng(1)
    data = (rng.normal(size=(500, 12)) @ rng.normal(size=(12, 12))).astype(np.float32)
    data -= data.mean(0)
    fitted = fit_novelty(data, axes=4)
    variance, noise = 1 / fitted.precision, 1 / fitted.residual_precision
    covariance = fitted.axes @ np.diag(variance - noise) @ fitted.axes.T + noise * np.eye(12)
    expected = np.einsum("ni,ij,nj->n", data, np.linalg.inv(covariance), data)
    along = np.square(data @ fitted.axes) @ (fitted.precision - fitted.residual_precision)
    np.testing.assert_allclose(along + np.square(data).sum(1) * fitted.residual_precision, expected, rtol=1e-3)
    assert expected.mean() == pytest.approx(12, rel=0.02)


def test_groups_are_never_divided_nor_are_other_hospitals() -> None:
    groups = np.array([str(index // 2) for index in range(200)])
    sources = np.array(["home"] * 100 + ["a", "b", "c", "d"] * 25)
    folds = divide(groups, sources, sources != "home", same=("b", "d"))
    assert (folds[:100:2] == folds[1:100:2]).all()
    assert set(folds[:100]) == {0, 1, 2, 3}
    of = {name: set(folds[sources == name]) for name in "abcd"}
    assert all(len(one) == 1 for one in of.values())
    assert of["b"] == of["d"]
    assert len(set.union(*of.values())) == 3


def test_limits_are_set_on_the_worst_large_source() -> None:
    rng = np.random.default_rng(2)
    sources = np.array(["good"] * 1000 + ["worse"] * 1000 + ["tiny"] * 20)
    lead = np.concatenate([rng.normal(6, 1, 1000), rng.normal(3, 1, 1000), np.full(20, -9.0)])
    content = np.zeros((2020, len(KINDS)), np.float32)
    content[:, 0] = lead
    novelty = np.where(sources == "worse", 2.0, 1.0) + rng.random(2020).astype(np.float32)
    limits = choose_limits(Scores(content, novelty), sources, 0.1)
    worse = sources == "worse"
    assert (lead[worse] < limits.least_margin).mean() == pytest.approx(0.015, abs=0.001)
    assert (novelty[worse] > limits.most_novelty).mean() == pytest.approx(0.005, abs=0.001)
    with pytest.raises(DataError, match="at least 100"):
        choose_limits(Scores(content[-20:], novelty[-20:]), sources[-20:], 0.1)
