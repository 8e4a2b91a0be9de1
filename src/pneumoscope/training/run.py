"""A training run, from radiographs to kept weights."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pneumoscope.files import write_json
from pneumoscope.network.backend import dtype_policy, import_keras, training_precision
from pneumoscope.network.resnet import build, rebuild_in_float32
from pneumoscope.training.config import RunConfig, Setting, build_config
from pneumoscope.training.loop.checkpoint import Row
from pneumoscope.training.loop.guard import CollapseError
from pneumoscope.training.loop.listener import Listener
from pneumoscope.training.loop.teacher import Teacher
from pneumoscope.training.loop.trainer import Trainer
from pneumoscope.training.loop.validation import predict, validate
from pneumoscope.training.radiographs.packing import TrainingSet, pack_sides
from pneumoscope.training.radiographs.table import load_training_table, narrow
from pneumoscope.training.run_folder import HISTORY, begun, finish, write_config

RESULT = "result"
"""What the last row of a history has for its phase: the weights that are kept, validated as a bundle computes them."""


def train(setting: Setting, folder: Path, listener: Listener | None = None) -> None:
    """Run a recipe from radiographs to kept weights; called again on the same folder, go on where it was stopped.

    Args:
        setting: what to do.
        folder: of the run.
        listener: hears how it goes.

    Raises:
        DataError: the radiographs cannot be used as asked, or the folder holds another run, or one that has ended, or
            one that another process is at work on.
        CollapseError: see pneumoscope.training.loop.guard; the folder then says "collapsed".
        TrainingError: what was saved of the run is damaged.
        OSError: a file cannot be written; what was saved before is still there.
    """
    listener = listener or Listener()
    precision = training_precision()
    whole = load_training_table(setting.source, setting.seed, setting.form)
    config, table = build_config(setting, whole, precision), narrow(whole, setting.recipe)
    with begun(folder, config):
        radiographs = pack_sides(table, setting.cache, listener.progress, setting.recipe.crop_source_size)
        model, logits = _run(setting, config, radiographs, folder, listener)
        finish(folder, config, table, model, logits)


def _run(
    setting: Setting, config: RunConfig, radiographs: TrainingSet, folder: Path, listener: Listener
) -> tuple[Any, NDArray[np.float32]]:
    """Train; give the network with the weights to keep, in float32, and its logits of the validation radiographs."""

    def keep_history(history: list[Row]) -> None:
        write_json(folder / HISTORY, history)
        heard(history)

    heard, listener = listener.epoch_ended, replace(listener, epoch_ended=keep_history)
    with dtype_policy(config.precision):
        import_keras().utils.set_random_seed(setting.seed)
        start, recipe = str(setting.imagenet) if setting.imagenet else None, setting.recipe
        model = build(start)
        teacher = Teacher(build(start), recipe.distilled) if recipe.distilled else None
        try:
            history = Trainer(model, recipe, radiographs, setting.seed, folder, listener, teacher).run()
        except CollapseError as error:
            write_config(folder, replace(config, state="collapsed", explanation=str(error)))
            raise
    # Calibration and thresholds are fitted to these logits, so they are computed as the bundle will compute them.
    exact, size = rebuild_in_float32(model), setting.recipe.inference_size
    logits = predict(exact, radiographs.val, size, listener.progress)
    last = {"member": 0, "phase": RESULT, "epoch": 1} | validate(logits, radiographs.val)
    keep_history([*history, last])
    return exact, logits
