from itertools import product

import numpy as np
import pytest

from pneumoscope.training.radiographs.balance import balanced_weights


def _kinds(*groups: tuple[str, bool, int]) -> tuple[np.ndarray, np.ndarray]:
    """Sources and labels of groups of radiographs: source, label, count."""
    sources = np.repeat([source for source, _, _ in groups], [count for *_, count in groups])
    return np.repeat([label for _, label, _ in groups], [count for *_, count in groups]), sources


@pytest.mark.parametrize("normals", [10, 3])
def test_both_classes_of_one_source_weigh_the_same_and_1_on_average(normals: int) -> None:
    positive, sources = _kinds(("", False, normals), ("", True, 10))
    weights = balanced_weights(positive, sources, np.ones(len(positive)))
    assert weights.dtype == np.float32
    assert weights[positive].sum() == pytest.approx(weights[~positive].sum(), rel=1e-5)
    assert weights.mean() == pytest.approx(1, rel=1e-5)


def test_a_source_says_nothing_about_the_class() -> None:
    positive, sources = _kinds(("a", False, 900), ("a", True, 100), ("b", False, 4), ("b", True, 21))
    weights = balanced_weights(positive, sources, np.ones(len(positive)))
    shares = {(s, p): weights[(sources == s) & (positive == p)].sum() for s, p in product("ab", (False, True))}
    for source in "ab":
        assert shares[source, True] == pytest.approx(shares[source, False], rel=1e-5)
    # Roots of 1,000 and 25.
    assert shares["a", True] / shares["b", True] == pytest.approx(np.sqrt(40), rel=1e-5)


def test_sources_with_one_class_give_equal_parts_of_both() -> None:
    positive, sources = _kinds(("a", False, 50), ("a", True, 50), ("b", False, 100), ("c", True, 9), ("d", True, 16))
    weights = balanced_weights(positive, sources, np.ones(len(positive)))
    shares = {source: weights[sources == source].sum() for source in "abcd"}
    assert shares["b"] == pytest.approx(shares["c"] + shares["d"], rel=1e-5)
    assert shares["d"] / shares["c"] == pytest.approx(4 / 3, rel=1e-5)
    assert weights[positive].sum() == pytest.approx(weights[~positive].sum(), rel=1e-5)


def test_where_no_source_has_the_other_class_alone_the_classes_still_weigh_the_same() -> None:
    positive, sources = _kinds(("a", False, 50), ("a", True, 50), ("b", False, 100))
    weights = balanced_weights(positive, sources, np.ones(200))
    assert weights[sources == "b"].min() > 0
    assert weights[positive].sum() == pytest.approx(weights[~positive].sum(), rel=1e-5)


def test_a_label_that_is_trusted_half_weighs_half_within_its_source_and_class() -> None:
    positive, sources = _kinds(("a", False, 4), ("a", True, 4))
    trust = np.array([1, 1, 1, 1, 1, 0.5, 0.5, 0.5])
    weights = balanced_weights(positive, sources, trust)
    np.testing.assert_allclose(weights[5:] / weights[4], 0.5, rtol=1e-6)
    assert weights[positive].sum() == pytest.approx(weights[~positive].sum(), rel=1e-5)
