import numpy as np
import pytest

from pneumoscope.network.backend import dtype_policy, import_keras
from pneumoscope.training.loop.head import fit_head
from pneumoscope.training.loop.listener import Listener
from pneumoscope.training.radiographs.packing import PackedRadiographs, TrainingSet
from pneumoscope.training.recipe import Phase


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_a_head_is_fitted_on_any_processor(precision: str) -> None:
    """A network trains in bfloat16 where the hardware multiplies it; the head's logits must be numbers all the same."""
    keras = import_keras()
    with dtype_policy(precision):
        inputs = keras.Input((None, None, 1))
        maps = keras.layers.Conv2D(3, 1, name="head_cam", dtype="float32")(keras.layers.Rescaling(1 / 255)(inputs))
        model = keras.Model(inputs, keras.layers.GlobalAveragePooling2D(dtype="float32")(maps))
        normal = np.arange(64) % 2 == 0
        pixels = np.where(normal, 40, 200)[:, None, None] + np.zeros((64, 8, 8))
        targets = np.where(normal[:, None], [1, 0, 0], [0, 1, 0]).astype(np.float32)
        side = PackedRadiographs(pixels.astype(np.uint8), targets, np.ones(64, np.float32), np.full(64, ""))
        phase = Phase("frozen", "head", epochs=60, learning_rate=0.1, size=8)
        history = fit_head(model, phase, TrainingSet(side, side), 0, Listener())
    assert len(history) == 60
    assert history[-1]["val_auc"] == 1
    assert history[-1]["val_balanced_accuracy"] == 1
    said = model.predict_on_batch(pixels[..., None].astype(np.float32))
    assert (np.asarray(said)[:, 0] > np.asarray(said)[:, 1]).tolist() == normal.tolist()
