"""A training run, from radiographs to kept weights."""

from dataclasses import replace
from pathlib import Path

from pneumoscope.files import write_json
from pneumoscope.network.backend import dtype_policy, import_keras, training_precision
from pneumoscope.network.resnet import build, rebuild_in_float32
from pneumoscope.training.config import Setting, build_config
from pneumoscope.training.loop.checkpoint import Row
from pneumoscope.training.loop.guard import CollapseError
from pneumoscope.training.loop.listener import Listener
from pneumoscope.training.loop.trainer import Trainer
from pneumoscope.training.loop.validation import predict, validate
from pneumoscope.training.radiographs.packing import TrainingSet, pack
from pneumoscope.training.radiographs.table import load_training_table, take_side
from pneumoscope.training.run_folder import HISTORY, begin, finish, write_config

RESULT = "result"
"""What the last row of a history has for its phase: the weights that are kept, validated as a bundle computes them."""


def train(setting: Setting, folder: Path, listener: Listener | None = None) -> None:
    """Run a recipe from radiographs to kept weights; called again on the same folder, go on where it was stopped.

    Args:
        setting: what to do.
        folder: of the run.
        listener: hears how it goes.

    Raises:
        DataError: the radiographs cannot be used as asked, or the folder holds another run, or one that has ended.
        CollapseError: see pneumoscope.training.loop.guard; the folder then says "collapsed".
        TrainingError: what was saved of the run is damaged.
    """
    listener = listener or Listener()
    precision = training_precision()
    table = load_training_table(setting.source, setting.recipe, setting.seed, setting.form)
    config = build_config(setting, table, precision)
    begin(folder, config)
    radiographs = TrainingSet(
        train=pack(take_side(table, "train"), setting.cache, listener.progress, setting.recipe.crop_source_size),
        val=pack(take_side(table, "val"), setting.cache, listener.progress),
    )

    def keep_history(history: list[Row]) -> None:
        write_json(folder / HISTORY, history)
        heard(history)

    heard, listener = listener.epoch_ended, replace(listener, epoch_ended=keep_history)
    with dtype_policy(precision):
        import_keras().utils.set_random_seed(setting.seed)
        model = build(str(setting.imagenet) if setting.imagenet else None)
        try:
            history = Trainer(model, setting.recipe, radiographs, setting.seed, folder, listener).run()
        except CollapseError as error:
            write_config(folder, replace(config, state="collapsed", explanation=str(error)))
            raise
    # Calibration and thresholds are fitted to these logits, so they are computed as the bundle will compute them.
    exact, size = rebuild_in_float32(model), setting.recipe.inference_size
    logits = predict(exact, radiographs.val, size, listener.progress)
    last = {"member": 0, "phase": RESULT, "epoch": 1} | validate(logits, radiographs.val)
    keep_history([*history, last])
    finish(folder, config, table, exact, logits)
