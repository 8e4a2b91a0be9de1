from dataclasses import replace

import numpy as np
import pytest

from pneumoscope.network.backend import import_keras
from pneumoscope.network.resnet import build
from pneumoscope.progress import silent
from pneumoscope.training.loop.averaging import average_weights, reestimate_batchnorm, round_kernels
from pneumoscope.training.radiographs.balance import balanced_weights
from pneumoscope.training.radiographs.packing import PackedRadiographs
from pneumoscope.training.recipe import Augmentation, Averaging, Phase
from pneumoscope.training.recipes import RECIPES


def test_the_average_is_that_of_every_weight() -> None:
    rng = np.random.default_rng(0)
    networks = [[rng.normal(size=shape).astype(np.float32) for shape in ((3, 2), (5,))] for _ in range(4)]
    averaged = average_weights(iter(networks))
    assert {values.dtype for values in averaged} == {np.dtype(np.float32)}
    for number, values in enumerate(averaged):
        np.testing.assert_allclose(values, np.mean([network[number] for network in networks], axis=0), rtol=1e-6)


def test_kernels_are_rounded_to_half_precision_and_vectors_are_not() -> None:
    kernel, vector = np.full((1, 1, 1, 1), 1 / 3, np.float32), np.full(1, 70_000.25, np.float32)
    rounded = round_kernels([kernel, vector])
    assert rounded[0] == np.float32(np.float16(1 / 3)) != kernel
    assert rounded[1] == vector


@pytest.mark.slow
@pytest.mark.parametrize(("stage", "layers"), [("conv1", 53), ("conv5", 10)])
def test_the_statistics_are_those_of_the_batches_and_nothing_else_changes(stage: str, layers: int) -> None:
    model, size = build(None), 64
    pixels = np.random.default_rng(0).integers(0, 255, (16, size, size)).astype(np.uint8)
    targets = np.eye(3, dtype=np.float32)[[0, 1] * 8]
    radiographs = PackedRadiographs(
        pixels,
        targets,
        balanced_weights(targets[:, 0] == 0, np.full(len(targets), ""), np.ones(len(targets))),
        np.full(len(targets), ""),
    )
    phase = Phase("last", stage, 1, 1e-4, size)
    plain = Augmentation((1.0, 1.0), sharpness=0.0)
    recipe = replace(RECIPES["smoke"], averaging=Averaging(2, (phase,)), augmentation=plain)
    before = {weight.path: np.asarray(weight) for weight in model.weights}
    reestimate_batchnorm(model, radiographs, recipe, (0,), silent)
    changed = [weight.path for weight in model.weights if (before[weight.path] != np.asarray(weight)).any()]
    assert {path.rsplit("/")[-1] for path in changed} == {"moving_mean", "moving_variance"}
    assert len({path.split("/")[0] for path in changed}) == layers
    if stage == "conv1":
        found = import_keras().Model(model.input, model.get_layer("conv1_bn").input)
        batches = [x for x, _, _ in radiographs.augmented(size, recipe.batch, plain, (0,))]
        assert len(batches) == 2
        seen = np.mean([np.asarray(found.predict_on_batch(x)).mean(axis=(0, 1, 2)) for x in batches], axis=0)
        assert np.asarray(model.get_layer("conv1_bn").moving_mean) == pytest.approx(seen, rel=1e-3, abs=1e-2)
