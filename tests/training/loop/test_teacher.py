from dataclasses import dataclass

import numpy as np
import pytest

from pneumoscope.training.loop.teacher import Teacher
from pneumoscope.training.radiographs.packing import PackedRadiographs
from pneumoscope.training.recipe import Augmentation


@dataclass
class _Saying:
    """A network that says the same of every radiograph, and counts them."""

    logits: tuple[float, float, float]
    seen: int = 0

    def predict_on_batch(self, x: np.ndarray) -> np.ndarray:
        self.seen += len(x)
        return np.tile(np.array(self.logits, np.float32), (len(x), 1))


def test_only_the_source_that_is_taught_gets_other_targets() -> None:
    network = _Saying((0.0, 0.0, 0.0))
    targets = np.array([[1, 0, 0], [0, 1, 0], [0, 1, 1], [1, 0, 0]], np.float32)
    taught = Teacher(network, "home")(
        np.zeros((4, 8, 8, 1), np.float32), targets, np.array(["home", "home", "other", "other"])
    )
    np.testing.assert_allclose(taught[:2], [[4 / 6, 1 / 6, 1 / 6], [1 / 6, 4 / 6, 1 / 6]], rtol=1e-6)
    np.testing.assert_array_equal(taught[2:], targets[2:])
    assert network.seen == 2


def test_an_open_label_is_divided_as_the_teacher_divides_it() -> None:
    said = np.exp([1.0, 0.0, 2.0])
    said /= said.sum()
    taught = Teacher(_Saying((1.0, 0.0, 2.0)), "home")(
        np.zeros((1, 8, 8, 1), np.float32), np.array([[0, 1, 1]], np.float32), np.array(["home"])
    )
    label = np.array([0, said[1], said[2]]) / (said[1] + said[2])
    np.testing.assert_allclose(taught[0], (said + label) / 2, rtol=1e-6)


def test_a_teacher_that_is_sure_of_another_class_leaves_finite_targets() -> None:
    taught = Teacher(_Saying((900.0, 0.0, 0.0)), "home")(
        np.zeros((1, 8, 8, 1), np.float32), np.array([[0, 1, 1]], np.float32), np.array(["home"])
    )
    assert taught[0] == pytest.approx([0.5, 0.25, 0.25])


def test_batches_carry_what_the_teacher_says_of_the_same_crops() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (8, 16, 16)).astype(np.uint8)
    targets = np.tile(np.array([[1, 0, 0], [0, 1, 0]], np.float32), (4, 1))
    sources = np.array(["home"] * 4 + ["other"] * 4)
    radiographs = PackedRadiographs(pixels, targets, np.ones(8, np.float32), sources)
    seen: list[np.ndarray] = []

    def teach(x: np.ndarray, targets: np.ndarray, sources: np.ndarray) -> np.ndarray:
        seen.append(x)
        return targets + (sources == "home")[:, None]

    batches = list(radiographs.augmented(16, 4, Augmentation(), (0,), teach))
    plain = list(radiographs.augmented(16, 4, Augmentation(), (0,)))
    for (x, changed, _), (same, before, _), given in zip(batches, plain, seen, strict=True):
        np.testing.assert_array_equal(x, given)
        np.testing.assert_array_equal(x, same)
        assert set(np.unique(changed - before)) <= {0, 1}
    assert any((changed != before).any() for (_, changed, _), (_, before, _) in zip(batches, plain, strict=True))
