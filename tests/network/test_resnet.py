from typing import Any

import numpy as np
import pytest

from pneumoscope.network.backend import import_keras
from pneumoscope.network.resnet import STAGES, feature_extractor, unfreeze_from


@pytest.fixture
def unfrozen(network: Any) -> Any:
    """The network; what a test unfroze is frozen again."""
    before = [layer.trainable for layer in network.layers]
    yield network
    for layer, trainable in zip(network.layers, before, strict=True):
        layer.trainable = trainable


def test_each_logit_is_the_mean_of_its_map(network: Any, films: np.ndarray) -> None:
    keras = import_keras()
    both = keras.Model(network.input, [network.get_layer("head_cam").output, network.output])
    maps, logits = both.predict_on_batch(films.astype(np.float32))
    assert maps.shape == (4, 7, 7, 3)
    np.testing.assert_allclose(np.asarray(maps).mean(axis=(1, 2)), logits, rtol=1e-4, atol=1e-5)
    assert np.ptp(np.asarray(maps), axis=(1, 2)).max() > 1e-3


def test_the_network_takes_any_size(network: Any) -> None:
    assert network.predict_on_batch(np.zeros((2, 96, 64, 1), np.float32)).shape == (2, 3)


def test_random_activations_stay_of_an_ordinary_size(network: Any, films: np.ndarray) -> None:
    features = np.asarray(feature_extractor(network).predict_on_batch(films.astype(np.float32)))
    assert features.shape == (4, 2048)
    assert np.isfinite(features).all()
    assert np.abs(features).max() < 1000


def test_the_head_reads_the_pooled_features(network: Any, films: np.ndarray) -> None:
    x = films.astype(np.float32)
    kernel, bias = network.get_layer("head_cam").get_weights()
    features = np.asarray(feature_extractor(network).predict_on_batch(x))
    np.testing.assert_allclose(features @ kernel[0, 0] + bias, network.predict_on_batch(x), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("stage", STAGES)
def test_unfreezing_a_stage_unfreezes_all_that_follow_and_freezes_the_rest(unfrozen: Any, stage: str) -> None:
    unfreeze_from(unfrozen, stage)
    trainable = {variable.path.split("_")[0] for variable in unfrozen.trainable_variables}
    assert trainable == set(STAGES[STAGES.index(stage) :])
    assert not any("_bn/" in variable.path for variable in unfrozen.trainable_variables)


@pytest.mark.parametrize("batchnorm", [False, True])
def test_batchnorm_uses_the_statistics_of_the_batch_only_when_trained(
    unfrozen: Any, films: np.ndarray, batchnorm: bool
) -> None:
    unfreeze_from(unfrozen, "conv1", batchnorm=batchnorm)
    x, before = films[:, :64, :64].astype(np.float32), [w.copy() for w in unfrozen.get_weights()]
    training, inference = (np.asarray(unfrozen(x, training=training)) for training in (True, False))
    moved = any((a != b).any() for a, b in zip(before, unfrozen.get_weights(), strict=True))
    unfrozen.set_weights(before)
    assert any("_bn/gamma" in variable.path for variable in unfrozen.trainable_variables) == batchnorm
    assert np.allclose(training, inference, rtol=1e-4, atol=1e-4) != batchnorm
    assert moved == batchnorm


def test_an_epochs_batches_replace_the_statistics_for_prediction(unfrozen: Any) -> None:
    unfreeze_from(unfrozen, "conv1", batchnorm=True)
    layer = unfrozen.get_layer("conv1_bn")
    before = layer.get_weights()
    batch = np.random.default_rng(0).normal(50.0, 4.0, (8, 8, 8, 64)).astype(np.float32)
    for _ in range(140):
        layer(batch, training=True)
    _, _, mean, variance = layer.get_weights()
    layer.set_weights(before)
    np.testing.assert_allclose(mean, batch.mean(axis=(0, 1, 2)), rtol=0.02)
    assert (abs(variance - batch.var(axis=(0, 1, 2))) <= 0.02 * before[3] + 0.1).all()
