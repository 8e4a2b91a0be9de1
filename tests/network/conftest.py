"""One network with random weights, as a bundle would store them."""

from typing import Any

import numpy as np
import pytest

from pneumoscope.network.backend import import_keras
from pneumoscope.network.resnet import build


@pytest.fixture(scope="session")
def network() -> Any:
    """Random kernels in half precision's values, and BatchNormalization that has seen something.

    Its learned vectors and statistics are drawn around their initial values, so that mixing two of them up shows.
    """
    keras = import_keras()
    keras.utils.set_random_seed(7)
    rng = np.random.default_rng(7)
    model = build(None)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            gamma, beta, mean, variance = (w * rng.uniform(0.8, 1.2, w.shape) for w in layer.get_weights())
            shift = rng.normal(0, 0.1, (2, *beta.shape))
            layer.set_weights([gamma, beta + shift[0], mean + shift[1], variance])
        elif layer.weights:
            kernel, bias = layer.get_weights()
            layer.set_weights([kernel.astype(np.float16).astype(np.float32), bias + rng.normal(0, 0.1, bias.shape)])
    return model


@pytest.fixture(scope="session")
def films() -> np.ndarray:
    """uint8 (4, 224, 224, 1): a black and a white film, noise, and a soft gradient."""
    rng = np.random.default_rng(8)
    gradient = np.add.outer(np.arange(224), np.arange(224)) * 255 // 446
    rows = [np.zeros((224, 224)), np.full((224, 224), 255), rng.integers(0, 256, (224, 224)), gradient]
    return np.stack(rows).astype(np.uint8)[..., None]
