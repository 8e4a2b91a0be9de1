"""One network from several: the average of their weights, with BatchNormalization's statistics estimated anew."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from pneumoscope.network.backend import import_keras
from pneumoscope.network.resnet import unfreeze_from
from pneumoscope.progress import Progress
from pneumoscope.training.loop.checkpoint import Arrays
from pneumoscope.training.radiographs.packing import PackedRadiographs
from pneumoscope.training.recipe import Recipe


def average_weights(networks: Iterable[Arrays]) -> Arrays:
    """Average the weights of several networks, each in Keras' order, in double precision; the result is float32."""
    first, *others = networks
    totals = [values.astype(np.float64) for values in first]
    for weights in others:
        for total, values in zip(totals, weights, strict=True):
            total += values
    return [(total / (1 + len(others))).astype(np.float32) for total in totals]


def reestimate_batchnorm(
    model: Any, train: PackedRadiographs, recipe: Recipe, seed: tuple[int, ...], progress: Progress
) -> None:
    """Give the BatchNormalization that was trained the mean of the statistics of an epoch's batches.

    The batches are augmented as in the last phase.

    Statistics of activations are no weights: those of an averaged network are not the average of its members'
    (Izmailov et al. 2018, arXiv:1803.05407, section 3.2).

    Args:
        model: as built by pneumoscope.network.resnet.build; its other weights stay as they are.
        train: the training radiographs.
        recipe: of the network.
        seed: of the epoch.
        progress: called after every batch.
    """
    phase, done, batchnorm = recipe.branches[-1][-1], 0, import_keras().layers.BatchNormalization
    unfreeze_from(model, phase.trainable_from, batchnorm=True)
    layers = [layer for layer in model.layers if isinstance(layer, batchnorm) and layer.trainable]
    for number, (x, _, _) in enumerate(train.augmented(phase.size, recipe.batch, recipe.augmentation, seed)):
        for layer in layers:
            layer.momentum = number / (number + 1)
        model(x, training=True)
        done += len(x)
        progress("re-estimating BatchNormalization", done, len(train))


def round_kernels(weights: Arrays) -> Arrays:
    """Round the kernels to half precision, which is how a bundle stores them: what is validated is what ships.

    The small vectors stay whole: the variance of the first BatchNormalization is beyond half precision's range.
    """
    return [w.astype(np.float16).astype(np.float32) if w.ndim == 4 else w for w in weights]
