"""The training loop: the phases of a recipe and the members of its average, with a checkpoint after every epoch."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from pneumoscope.network.backend import import_keras
from pneumoscope.network.resnet import unfreeze_from
from pneumoscope.training.loop.averaging import average_weights, reestimate_batchnorm, round_kernels
from pneumoscope.training.loop.checkpoint import Checkpoint, Row, load_weights, save_weights
from pneumoscope.training.loop.guard import check_finite, check_loss, check_predictions
from pneumoscope.training.loop.head import fit_head
from pneumoscope.training.loop.listener import Listener
from pneumoscope.training.loop.objective import build_optimizer, objective
from pneumoscope.training.loop.pace import Pace, Work, remaining_work
from pneumoscope.training.loop.teacher import Teacher
from pneumoscope.training.loop.validation import PREDICTED, predict, validate
from pneumoscope.training.radiographs.packing import TrainingSet
from pneumoscope.training.recipe import Phase, Recipe

CHECKPOINT = "checkpoint.npz"
MEASURED_STEPS = 4
"""Steps that are timed to say how long a run will take; the first of them compiles and is left out."""


@dataclass
class Trainer:
    """Runs a recipe on a model, saving after every epoch.

    Attributes:
        model: as built by pneumoscope.network.resnet.build; trained in place.
        recipe: what to do.
        radiographs: both sides of the split.
        seed: all randomness follows from it.
        folder: where the checkpoint and the weights of finished members are kept.
        listener: hears how it goes.
        teacher: of the source that the recipe names.
    """

    model: Any
    recipe: Recipe
    radiographs: TrainingSet
    seed: int
    folder: Path
    listener: Listener
    teacher: Teacher | None = None

    def __post_init__(self) -> None:
        self._compiled: Phase | None = None
        self._optimizer: Any = None
        self._pace: Pace | None = None

    def run(self) -> list[Row]:
        """Train to the end, going on from the checkpoint if the folder holds one.

        The model is left with the weights to keep, rounded by :func:`round_kernels`.

        Returns:
            The history, one row per epoch.

        Raises:
            CollapseError: predictions fell into one class, or a value is not finite.
            TrainingError: what was saved is damaged.
        """
        path = self.folder / CHECKPOINT
        state = Checkpoint.load(path) if path.exists() else Checkpoint(weights=self.model.get_weights())
        self.model.set_weights(state.weights)
        self._estimate(state)
        if self.recipe.head and not state.history:
            state.history = fit_head(self.model, self.recipe.head, self.radiographs, self.seed, self.listener)
            state.weights = self.model.get_weights()
            state.save(path)
        for member, phases in enumerate(self.recipe.branches):
            if member >= state.member:
                self._train_member(member, phases, state)
        if self.recipe.averaging:
            members = range(1, len(self.recipe.branches))
            self.model.set_weights(average_weights(load_weights(self._kept(member)) for member in members))
        self.model.set_weights(round_kernels(self.model.get_weights()))
        if self.recipe.averaging and self.recipe.batchnorm:
            seed, progress = (self.seed, 0, 0), self.listener.progress
            reestimate_batchnorm(self.model, self.radiographs.train, self.recipe, seed, progress)
        return state.history

    def _estimate(self, state: Checkpoint) -> None:
        """Tell the listener how long the rest will take."""
        work = self._remaining(state)
        if self.listener.estimated and any(part.trained for part in work):
            self._pace = self._measure_pace(self.recipe.branches[state.member][state.phase])
            self.listener.estimated(self._pace.seconds(work))

    def _estimate_again(self, state: Checkpoint, phase: Phase, epoch: int, took: float) -> None:
        """Tell the listener how long the rest will take, now that an epoch of a phase took ``took`` seconds."""
        if self.listener.estimated and self._pace:
            done = Work(phase.size, len(self.radiographs.train), len(self.radiographs.val))
            self._pace = self._pace.corrected([done], took)
            self.listener.estimated(self._pace.seconds(self._remaining(replace(state, epoch=epoch))))

    def _remaining(self, state: Checkpoint) -> list[Work]:
        return remaining_work(self.recipe, state, len(self.radiographs.train), len(self.radiographs.val))

    def _measure_pace(self, phase: Phase) -> Pace:
        """Time a few real steps of a phase; the weights are afterwards what they were."""
        self._compile(phase)
        before, ended = self.model.get_weights(), []
        steps = min(MEASURED_STEPS, self._steps)
        self._fit(phase, (self.seed, 1, 0), steps, lambda step, logs: ended.append(time.monotonic()))
        self.model.set_weights(before)
        batch = next(self.radiographs.val.plain(phase.size, PREDICTED))
        for _ in range(2):  # the first compiles
            began = time.monotonic()
            self._predictor.predict_on_batch(batch)
            prediction = (time.monotonic() - began) / len(batch)
        training = median(np.diff(ended)) / self.recipe.batch if steps > 1 else 3 * prediction
        return Pace(phase.size, training, prediction)

    def _train_member(self, member: int, phases: tuple[Phase, ...], state: Checkpoint) -> None:
        """Run the phases of a member, or of the shared network, from where ``state`` stands."""
        if member > state.member:
            self.model.set_weights(load_weights(self._kept(0)))
            state.move_on(member, 0)
        for number, phase in enumerate(phases):
            if number < state.phase:
                continue
            if number > state.phase:
                state.move_on(member, number)
            self._finetune(phase, state)
        if self.recipe.averaging:
            save_weights(self._kept(member), self.model.get_weights())

    def _finetune(self, phase: Phase, state: Checkpoint) -> None:
        """Run one phase from where ``state`` stands."""
        self._compile(phase)
        for variable, value in zip(self._optimizer.variables, state.optimizer, strict=False):
            variable.assign(value)
        for epoch in range(state.epoch + 1, phase.epochs + 1):
            started = time.monotonic()
            row = self._train_epoch(phase, state, epoch)
            logits = predict(self._predictor, self.radiographs.val, phase.size, self.listener.progress)
            check_finite(logits, phase.learning_rate)
            state.history.append(
                {"member": state.member, "phase": phase.name, "epoch": epoch}
                | {"loss": float(row["loss"]), "auc": float(row["auc"])}
                | validate(logits, self.radiographs.val)
                | {"seconds": row["seconds"]}
            )
            self._estimate_again(state, phase, epoch, time.monotonic() - started)
            self.listener.epoch_ended(state.history)
            check_predictions(logits, self.radiographs.val.positive, phase.learning_rate)
            state.epoch, state.weights = epoch, self.model.get_weights()
            state.optimizer = [np.asarray(variable) for variable in self._optimizer.variables]
            state.save(self.folder / CHECKPOINT)

    def _train_epoch(self, phase: Phase, state: Checkpoint, epoch: int) -> Row:
        started, who = time.monotonic(), f"member {state.member}, " if state.member else ""

        def after_step(step: int, logs: Row) -> None:
            check_loss(logs["loss"], phase.learning_rate)
            what = f"{who}{phase.name} {epoch}/{phase.epochs}  loss {logs['loss']:.3f}  AUC {logs['auc']:.4f}"
            self.listener.progress(what, step + 1, self._steps)

        logs = self._fit(phase, (self.seed, 1 + state.phase, epoch, state.member), self._steps, after_step)
        return logs | {"seconds": round(time.monotonic() - started, 1)}

    def _fit(self, phase: Phase, seed: tuple[int, ...], steps: int, after_step: Callable[[int, Row], None]) -> Row:
        """Train for some steps of one epoch; gives the epoch's loss and AUC."""
        train, recipe = self.radiographs.train, self.recipe
        batches = train.augmented(phase.size, recipe.batch, recipe.augmentation, seed, self.teacher)
        watch = import_keras().callbacks.LambdaCallback(on_train_batch_end=after_step)
        told = self.model.fit(batches, steps_per_epoch=steps, shuffle=False, verbose=0, callbacks=[watch])
        return {name: values[0] for name, values in told.history.items()}

    def _compile(self, phase: Phase) -> None:
        """Make the model ready for the begin of a phase. Compiling is slow, so the same phase again is only reset."""
        if phase != self._compiled:
            unfreeze_from(self.model, phase.trainable_from, batchnorm=self.recipe.batchnorm)
            self._optimizer = build_optimizer(self.recipe, phase, self._steps * phase.epochs)
            self.model.compile(self._optimizer, **objective())
            self._optimizer.build(self.model.trainable_variables)
            self._compiled = phase
        for variable in self._optimizer.variables:
            variable.assign(np.zeros(variable.shape, dtype=variable.dtype))

    @property
    def _steps(self) -> int:
        """Of one epoch."""
        return max(1, len(self.radiographs.train) // self.recipe.batch)

    @cached_property
    def _predictor(self) -> Any:
        """The model again, sharing its weights: every phase compiles the model anew, and this one need not be."""
        return import_keras().Model(self.model.input, self.model.output)

    def _kept(self, member: int) -> Path:
        """Where the weights of a finished member lie; of the shared network for 0."""
        return self.folder / f"member-{member}.npz"
