"""The frozen phase: the backbone's features once, then the head alone on them."""

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pneumoscope.network.backend import import_keras
from pneumoscope.network.resnet import feature_extractor
from pneumoscope.progress import Progress
from pneumoscope.training.loop.checkpoint import Row
from pneumoscope.training.loop.listener import Listener
from pneumoscope.training.loop.objective import objective
from pneumoscope.training.loop.validation import PREDICTED, validate
from pneumoscope.training.radiographs.packing import PackedRadiographs, TrainingSet
from pneumoscope.training.recipe import Phase

BATCH = 64
"""Radiographs per step of the head alone."""

Features = NDArray[np.float32]
"""Of N radiographs: (N, 2048)."""


def fit_head(model: Any, phase: Phase, radiographs: TrainingSet, seed: int, listener: Listener) -> list[Row]:
    """Fit the head of a network to the features of plain radiographs.

    Args:
        model: as built by pneumoscope.network.resnet.build; only its head changes.
        phase: with the epochs, the rate, and the size at which radiographs are read.
        radiographs: both sides of the split.
        seed: of the order of the radiographs.
        listener: hears of every batch of features and of every epoch.

    Returns:
        A history row for every epoch.
    """
    keras, extractor = import_keras(), feature_extractor(model)
    train = _compute_features(extractor, radiographs.train, phase.size, listener.progress)
    val = _compute_features(extractor, radiographs.val, phase.size, listener.progress)
    head = keras.Sequential([keras.Input((train.shape[1],)), keras.layers.Dense(3, name="head", dtype="float32")])
    steps = -(-len(train) // BATCH)
    rate = keras.optimizers.schedules.CosineDecay(phase.learning_rate, phase.epochs * steps)
    head.compile(keras.optimizers.AdamW(rate, weight_decay=1e-3), **objective())
    history: list[Row] = []
    ended = [time.monotonic()]

    def batches() -> Iterator[tuple[NDArray[np.float32], ...]]:
        for epoch in range(1, phase.epochs + 1):
            order = np.random.default_rng((seed, 0, epoch)).permutation(len(train))
            for chosen in np.split(order, range(BATCH, len(order), BATCH)):
                yield train[chosen], radiographs.train.targets[chosen], radiographs.train.weights[chosen]

    def after_epoch(epoch: int, logs: Row) -> None:
        logits = np.asarray(head.predict_on_batch(val))
        ended.append(time.monotonic())
        history.append(
            {"member": 0, "phase": phase.name, "epoch": epoch + 1}
            | {"loss": float(logs["loss"]), "auc": float(logs["auc"])}
            | validate(logits, radiographs.val)
            | {"seconds": round(ended[-1] - ended[-2], 1)}
        )
        listener.epoch_ended(history)

    # All epochs in one call: on features this small, setting up for an epoch takes longer than the epoch.
    watch = keras.callbacks.LambdaCallback(on_epoch_end=after_epoch)
    head.fit(batches(), epochs=phase.epochs, steps_per_epoch=steps, shuffle=False, verbose=0, callbacks=[watch])
    kernel, bias = head.get_layer("head").get_weights()
    model.get_layer("head_cam").set_weights([kernel[None, None], bias])
    return history


def _compute_features(extractor: Any, radiographs: PackedRadiographs, size: int, progress: Progress) -> Features:
    """Features of plain radiographs, which are read at ``size`` pixels."""
    features: list[Features] = []
    for x in radiographs.plain(size, PREDICTED):
        features.append(np.asarray(extractor.predict_on_batch(x), dtype=np.float32))
        progress("computing features", sum(map(len, features)), len(radiographs))
    return np.concatenate(features)
