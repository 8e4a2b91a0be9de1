"""The peer: the two-phase baseline, as its user would write it in plain Keras.

    python -m benchmarks.plain_keras --data FOLDER --weights WEIGHTS.h5 --out RESULT.json

FOLDER holds train/ and val/, each with NORMAL/ and PNEUMONIA/. Nothing of Pneumoscope is imported, and no setting is
made that a tutorial would not make: TensorFlow starts as it starts by itself. Written after Keras' own guide "Transfer
learning and fine-tuning": frozen ResNet50 with a new head first, then every layer at a very low rate with
BatchNormalization left in inference mode. Radiographs are decoded once and kept in memory (``cache``), and batches are
made ahead (``prefetch``).

RESULT.json holds seconds since the first line for every stage and epoch, and every epoch's validation probabilities.
"""

import time

STARTED = time.monotonic()

import argparse  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import resource  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras  # noqa: E402
import numpy as np  # noqa: E402

SIZE = (224, 224)
BATCH = 32


def radiographs(folder: Path, *, shuffle: bool) -> Any:
    """The labelled radiographs of one side as batches, decoded once and kept."""
    found = keras.utils.image_dataset_from_directory(
        folder,
        label_mode="binary",
        class_names=["NORMAL", "PNEUMONIA"],
        image_size=SIZE,
        batch_size=None,
        shuffle=False,
    )
    found = found.cache()
    if shuffle:
        found = found.shuffle(found.cardinality())
    return found.batch(BATCH).prefetch(2)


def network(weights: str) -> tuple[Any, Any]:
    """The model, and its backbone, frozen."""
    backbone = keras.applications.ResNet50(include_top=False, weights=weights, input_shape=(*SIZE, 3))
    backbone.trainable = False
    augmentation = keras.Sequential(
        [
            keras.layers.RandomFlip("horizontal"),
            keras.layers.RandomRotation(0.03),
            keras.layers.RandomZoom(0.1),
        ]
    )
    inputs = keras.Input((*SIZE, 3))
    x = keras.applications.resnet50.preprocess_input(augmentation(inputs))
    x = backbone(x, training=False)
    x = keras.layers.GlobalAveragePooling2D()(x)
    x = keras.layers.Dropout(0.2)(x)
    return keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(x)), backbone


class Validation(keras.callbacks.Callback):  # type: ignore[misc]
    """One pass over the validation radiographs after every epoch, in the place of ``validation_data``."""

    def __init__(self, val: Any, phase: str, rows: list[dict[str, Any]]) -> None:
        super().__init__()
        self.val, self.phase, self.rows = val, phase, rows

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Keep the probabilities: the same code scores both systems, outside."""
        trained = time.monotonic() - STARTED
        probabilities = self.model.predict(self.val, verbose=0)[:, 0].tolist()
        row = {"phase": self.phase, "epoch": epoch + 1, "trained_at": trained, "validated_at": now()}
        self.rows.append(row | {"loss": (logs or {})["loss"], "val_probabilities": probabilities})
        print(f"  peer  {self.phase} epoch {epoch + 1}: loss {(logs or {})['loss']:.3f}, {now():.0f} s", flush=True)


def now() -> float:
    """Seconds since the first line of this file."""
    return time.monotonic() - STARTED


def main() -> None:
    """Train in two phases and write what happened when."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--weights", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--head-epochs", type=int, default=10)
    parser.add_argument("--finetune-epochs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    imported = now()
    keras.utils.set_random_seed(options.seed)
    train, val = radiographs(options.data / "train", shuffle=True), radiographs(options.data / "val", shuffle=False)
    positive = np.concatenate([labels[:, 0] for _, labels in radiographs(options.data / "train", shuffle=False)])
    share = float(positive.mean())
    balance = {0: 0.5 / (1 - share), 1: 0.5 / share}
    model, backbone = network(options.weights)
    rows: list[dict[str, Any]] = []

    model.compile(keras.optimizers.Adam(1e-3), loss="binary_crossentropy")
    watch = Validation(val, "head", rows)
    model.fit(train, epochs=options.head_epochs, class_weight=balance, callbacks=[watch], verbose=0)
    head_done = now()

    backbone.trainable = True
    model.compile(keras.optimizers.Adam(1e-5), loss="binary_crossentropy")
    watch = Validation(val, "all layers", rows)
    model.fit(train, epochs=options.finetune_epochs, class_weight=balance, callbacks=[watch], verbose=0)

    labels = np.concatenate([labels[:, 0] for _, labels in val]).astype(int).tolist()
    result = {
        "imported_at": imported,
        "head_done_at": head_done,
        "finished_at": now(),
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "train_films": len(positive),
        "val_labels": labels,
        "epochs": rows,
    }
    options.out.write_text(json.dumps(result))


if __name__ == "__main__":
    main()
