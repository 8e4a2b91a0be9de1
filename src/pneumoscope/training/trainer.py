"""The two phases: a head on frozen features, then the opened network at a very low rate."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pneumoscope.decision.score import pneumonia_score
from pneumoscope.network.backend import import_keras
from pneumoscope.network.resnet import feature_extractor, open_from
from pneumoscope.training.checkpoint import Checkpoint
from pneumoscope.training.guard import check_loss, check_predictions
from pneumoscope.training.objective import objective
from pneumoscope.training.packing import PackedFilms, Progress
from pneumoscope.training.recipe import Phase, Recipe

Row = dict[str, Any]
Weights = list[NDArray[np.float32]]

HEAD_BATCH = 64
"""Films per step of the head alone."""


@dataclass
class Trainer:
    """Runs a recipe on a model, saving after every epoch.

    Attributes:
        model: as built by pneumoscope.network.resnet.build; trained in place.
        recipe: what to do.
        films: "train" and "val".
        seed: all randomness follows from it.
        folder: where the checkpoint is kept.
        progress: shown while an epoch runs.
        on_epoch: called with the history so far after every epoch.
    """

    model: Any
    recipe: Recipe
    films: dict[str, PackedFilms]
    seed: int
    folder: Path
    progress: Progress
    on_epoch: Callable[[list[Row]], None]

    def run(self) -> list[Row]:
        """Train to the end, going on from the checkpoint if the folder holds one.

        The model is left with the weights to keep: the moving average, :func:`as_shipped`.

        Returns:
            The history, one row per epoch.

        Raises:
            CollapseError: predictions fell into one class or the loss is not finite.
        """
        path = self.folder / "checkpoint.npz"
        if path.exists():
            state = Checkpoint.load(path)
            self.model.set_weights(state.weights)
        else:
            state = Checkpoint(history=self._fit_head(), weights=self.model.get_weights())
            self.on_epoch(state.history)
            state.save(path)
        kept = self.model.get_weights()
        for number, phase in enumerate(self.recipe.finetune):
            if number >= state.phase:
                kept = self._finetune(number, phase, state, path)
        self.model.set_weights(as_shipped(kept))
        return state.history

    def predict(self, split: str, size: int | None = None) -> NDArray[np.float32]:
        """Logits (N, 3) of the plain films of a split, at ``size`` pixels or as the recipe's network reads them."""
        films, logits = self.films[split], []
        for x in films.plain(size or self.recipe.scored_at, self.recipe.batch, cover=self.recipe.covered):
            logits.append(np.asarray(self._answers.predict_on_batch(x)))
            self.progress("validating", sum(map(len, logits)), len(films.pixels))
        return np.concatenate(logits)

    @cached_property
    def _answers(self) -> Any:
        """The model again, sharing its weights: every phase compiles the model anew, and this one need not be."""
        return import_keras().Model(self.model.input, self.model.output)

    def _fit_head(self) -> list[Row]:
        """Phase 1: features once, then the head alone on them."""
        phase = self.recipe.head
        if not phase.epochs:
            return []
        keras = import_keras()
        features = {split: self._features(split, phase.size) for split in self.films}
        head = keras.Sequential([keras.Input((features["train"].shape[1],)), keras.layers.Dense(3, name="head")])
        steps = phase.epochs * -(-len(features["train"]) // HEAD_BATCH)
        head.compile(
            keras.optimizers.AdamW(
                keras.optimizers.schedules.CosineDecay(phase.learning_rate, steps), weight_decay=1e-3
            ),
            **objective(),
        )
        history: list[Row] = []
        train, ended = self.films["train"], [time.monotonic()]

        def batches() -> Iterator[tuple[NDArray[np.float32], ...]]:
            for epoch in range(1, phase.epochs + 1):
                order = np.random.default_rng((self.seed, 0, epoch)).permutation(len(features["train"]))
                for chosen in np.split(order, range(HEAD_BATCH, len(order), HEAD_BATCH)):
                    yield features["train"][chosen], train.targets[chosen], train.weights[chosen]

        def after_epoch(epoch: int, logs: Row) -> None:
            row = self._row(phase, epoch + 1, logs, np.asarray(head.predict_on_batch(features["val"])))
            ended.append(time.monotonic())
            history.append(row | {"seconds": round(ended[-1] - ended[-2], 1)})

        # All epochs in one call: on features this small, setting up for an epoch takes longer than the epoch.
        watch = keras.callbacks.LambdaCallback(on_epoch_end=after_epoch)
        setting = {"epochs": phase.epochs, "steps_per_epoch": steps // phase.epochs, "shuffle": False, "verbose": 0}
        head.fit(batches(), callbacks=[watch], **setting)
        kernel, bias = head.get_layer("head").get_weights()
        self.model.get_layer("head_cam").set_weights([kernel[None, None], bias])
        return history

    def _features(self, split: str, size: int) -> NDArray[np.float32]:
        """Features (N, 2048) of the plain films of a split; those of a pack are computed once for all runs."""
        films = self.films[split]
        if films.pack is None:
            return self._compute_features(split, films, size)
        model = sha256(import_keras().config.dtype_policy().name.encode())
        for weights in self.model.get_weights()[:-2]:
            model.update(weights.tobytes())
        cover = "-covered" if self.recipe.covered else ""
        kept = films.pack.with_name(f"{films.pack.stem}-features-{size}{cover}-{model.hexdigest()[:16]}.npy")
        if not kept.exists():
            whole = replace(films, pixels=np.load(films.pack, mmap_mode="r"))
            computed = self._compute_features(split, whole, size)
            partial = kept.with_suffix(f".{os.getpid()}.partial")
            with partial.open("wb") as stream:
                np.save(stream, computed)
            partial.replace(kept)
        features: NDArray[np.float32] = np.load(kept)
        return features if films.rows is None else features[films.rows]

    def _compute_features(self, split: str, films: PackedFilms, size: int) -> NDArray[np.float32]:
        extractor, features = feature_extractor(self.model), []
        for x in films.plain(size, self.recipe.batch, cover=self.recipe.covered):
            features.append(np.asarray(extractor.predict_on_batch(x), dtype=np.float32))
            self.progress(f"features of {split}", sum(map(len, features)), len(films.pixels))
        return np.concatenate(features)

    def _finetune(self, number: int, phase: Phase, state: Checkpoint, path: Path) -> Weights:
        """Phase 2: one phase from where ``state`` stands; returns the weights to keep."""
        open_from(self.model, phase.opened, batchnorm=self.recipe.batchnorm)
        steps = max(1, len(self.films["train"].pixels) // self.recipe.batch)
        optimizer = optimizer_of(self.recipe, phase, steps * phase.epochs)
        self.model.compile(optimizer, **objective())
        optimizer.build(self.model.trainable_variables)
        for variable, value in zip(optimizer.variables, state.optimizer, strict=False):
            variable.assign(value)
        kept = self._averaged(optimizer)
        for epoch in range(state.epoch + 1, phase.epochs + 1):
            row = self._epoch(number, phase, epoch, steps)
            raw, kept = self.model.get_weights(), self._averaged(optimizer)
            self.model.set_weights(kept)
            logits = self.predict("val", phase.size)
            state.history.append(self._row(phase, epoch, row, logits) | {"seconds": row["seconds"]})
            self.on_epoch(state.history)
            check_predictions(pneumonia_score(logits), self.films["val"].positive, phase.learning_rate)
            self.model.set_weights(raw)
            state.phase, state.epoch, state.weights = number, epoch, raw
            state.optimizer = [np.asarray(variable) for variable in optimizer.variables]
            state.save(path)
        state.phase, state.epoch, state.optimizer = number + 1, 0, []
        return kept

    def _epoch(self, number: int, phase: Phase, epoch: int, steps: int) -> Row:
        keras = import_keras()
        started = time.monotonic()

        def after_step(step: int, logs: Row) -> None:
            check_loss(logs["loss"], phase.learning_rate)
            what = f"{phase.name} {epoch}/{phase.epochs}  loss {logs['loss']:.3f}  AUC {logs['auc']:.4f}"
            self.progress(what, step + 1, steps)

        batches = self.films["train"].augmented(
            phase.size, self.recipe.batch, self.recipe.augmentation, (self.seed, 1 + number, epoch)
        )
        watch = keras.callbacks.LambdaCallback(on_train_batch_end=after_step)
        logs = self.model.fit(batches, steps_per_epoch=steps, shuffle=False, verbose=0, callbacks=[watch]).history
        return {name: values[0] for name, values in logs.items()} | {"seconds": round(time.monotonic() - started, 1)}

    def _averaged(self, optimizer: Any) -> Weights:
        """The model's weights with the trainable ones replaced by their moving average, if there is one yet."""
        raw: list[NDArray[np.float32]] = self.model.get_weights()
        if not self.recipe.ema or int(optimizer.iterations) == 0:
            return raw
        optimizer.finalize_variable_values(self.model.trainable_variables)
        averaged: list[NDArray[np.float32]] = self.model.get_weights()
        self.model.set_weights(raw)
        return averaged

    def _row(self, phase: Phase, epoch: int, logs: Row, logits: NDArray[np.float32]) -> Row:
        """A row of the history; recall and specificity are at the score 0, on films of the phase's size."""
        from sklearn.metrics import roc_auc_score

        val, scores = self.films["val"], pneumonia_score(logits).astype(np.float64)
        allowed = np.where(val.targets > 0, logits, -np.inf)
        loss = np.logaddexp.reduce(logits, axis=1) - np.logaddexp.reduce(allowed, axis=1)
        recall, specificity = (scores > 0)[val.positive].mean(), (scores <= 0)[~val.positive].mean()
        return {
            "phase": phase.name,
            "epoch": epoch,
            "loss": float(logs["loss"]),
            "auc": float(logs["auc"]),
            "val_loss": float(np.average(loss, weights=val.weights)),
            "val_auc": float(roc_auc_score(val.positive, np.nan_to_num(scores))),
            "val_recall": float(recall),
            "val_specificity": float(specificity),
            "val_balanced_accuracy": float((recall + specificity) / 2),
        }


def as_shipped(weights: Weights) -> Weights:
    """Round the kernels to half precision, which is how a bundle stores them: what is validated is what ships.

    The small vectors stay whole: the variance of the first BatchNormalization is beyond half precision's range.
    """
    return [w.astype(np.float16).astype(np.float32) if w.ndim == 4 else w for w in weights]


def optimizer_of(recipe: Recipe, phase: Phase, steps: int) -> Any:
    """AdamW with a warm-up and a cosine schedule over the ``steps`` of a phase of fine-tuning."""
    keras = import_keras()
    warmup = steps // 10
    schedule = keras.optimizers.schedules.CosineDecay(
        phase.learning_rate / 10, steps - warmup, alpha=0.01, warmup_target=phase.learning_rate, warmup_steps=warmup
    )
    ema = {"use_ema": True, "ema_momentum": recipe.ema} if recipe.ema else {}
    return keras.optimizers.AdamW(schedule, weight_decay=recipe.weight_decay, clipnorm=1.0, **ema)
