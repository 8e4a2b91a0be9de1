"""One training step under every setting that was considered, and whether crops are made fast enough for it.

    python -m benchmarks.training_steps [--other-python PYTHON]     (about five minutes; needs pneumoscope[train])

Every candidate trains the network on the same batch of real augmented radiographs in its own process: one step that
compiles, then STEPS that count. Backends that are not installed beside this interpreter are looked for in
``--other-python`` and get an empty row if they are not there either.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks import RESULTS, data_folder
from lab import machine

RECIPE = "hospitals"
"""Of the fine-tuning that is timed; ours and the plain one train every layer but BatchNormalization."""

STEPS = 5
PATIENCE = 120
"""Seconds after which a candidate is given up: bfloat16 is emulated on some processors, and takes minutes."""

MOST = 64
"""Radiographs that are packed: the largest batch."""


@dataclass(frozen=True)
class Candidate:
    """One setting of a step.

    Attributes:
        name: what differs from the row it is to be read beside.
        kept: whether and where the recipe RECIPE uses it.
        trainable_from: first trainable stage.
        size: side of the crops in pixels.
        batch: crops a step.
        backend: of Keras.
        precision: Keras' name of the dtype policy.
        batchnorm: train BatchNormalization too.
        xla: compile the step with XLA; None leaves it to Keras, which does on a GPU.
        adam: plain Adam instead of AdamW with clipping.
        plain: let TensorFlow start as it does by itself, without the library's settings.
        environment: variables to start with.
    """

    name: str
    kept: str
    trainable_from: str = "conv1"
    size: int = 128
    batch: int = 32
    backend: str = "tensorflow"
    precision: str = "float32"
    batchnorm: bool = False
    xla: bool | None = None
    adam: bool = False
    plain: bool = False
    environment: dict[str, str] = field(default_factory=dict)


CANDIDATES = (
    Candidate("plain: as TensorFlow starts, 224 px", "no", size=224, plain=True),
    Candidate("+ oneDNN kernels", "yes", size=224),
    Candidate("192 px", "no", size=192),
    Candidate("128 px", "yes"),
    Candidate("128 px, bfloat16", "where the hardware has it", precision="mixed_bfloat16"),
    Candidate("128 px, bfloat16, BatchNormalization trained", "no", precision="mixed_bfloat16", batchnorm=True),
    Candidate("128 px, conv1 to conv3 frozen", "no", "conv4"),
    Candidate("128 px, batch 16", "no", batch=16),
    Candidate("128 px, batch 64", "no", batch=64),
    Candidate("128 px, XLA", "on a GPU", xla=True),
    Candidate("128 px, one thread", "no", environment={"TF_NUM_INTRAOP_THREADS": "1"}),
    Candidate("128 px, plain Adam", "no", adam=True),
    Candidate("128 px, JAX", "if asked for", backend="jax"),
    Candidate("128 px, PyTorch", "if asked for", backend="torch"),
)


def measure(candidate: Candidate, weights: str, batch: Path) -> dict[str, float]:
    """In a process of its own: seconds of a step."""
    os.environ["KERAS_BACKEND"] = candidate.backend
    if candidate.plain:
        import keras  # before the library sets anything
    from pneumoscope.network.backend import import_keras
    from pneumoscope.network.resnet import build, unfreeze_from
    from pneumoscope.training.loop.objective import build_optimizer, objective
    from pneumoscope.training.recipes import RECIPES

    keras = import_keras()
    keras.config.set_dtype_policy(candidate.precision)
    model, chosen = build(weights), RECIPES[RECIPE]
    unfreeze_from(model, candidate.trainable_from, batchnorm=candidate.batchnorm)
    optimizer = keras.optimizers.Adam(1e-5) if candidate.adam else build_optimizer(chosen, chosen.finetuning[-1], 1000)
    model.compile(optimizer, jit_compile="auto" if candidate.xla is None else candidate.xla, **objective())
    with np.load(batch) as radiographs:
        x, targets, weight = radiographs["x"], radiographs["targets"], radiographs["weights"]
    seconds = []
    for _ in range(1 + STEPS):
        started = time.monotonic()
        loss = float(model.train_on_batch(x, targets, weight)[0])
        seconds.append(time.monotonic() - started)
    if not np.isfinite(loss):
        raise SystemExit(f"{candidate.name}: the loss is {loss}")
    step = median(seconds[1:])
    return {
        "images_per_second": len(x) / step,
        "step_seconds": step,
        "first_step_seconds": seconds[0],
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def interpreter(backend: str, others: list[str]) -> str | None:
    """The first Python that has a backend installed."""
    probe = f"import importlib.util as u, sys; sys.exit(u.find_spec({backend!r}) is None)"
    for python in (sys.executable, *others):
        if subprocess.run([python, "-c", probe], check=False).returncode == 0:
            return python
    return None


def row(number: int, weights: Path, batch: Path, others: list[str]) -> dict[str, Any]:
    """One candidate, measured; without numbers if its backend is not installed or it cannot run."""
    candidate = CANDIDATES[number]
    told = asdict(candidate)
    python = interpreter(candidate.backend, others)
    if python is None:
        return told | {"failed": "not installed"}
    try:
        ended = subprocess.run(
            [
                python,
                "-m",
                "benchmarks.training_steps",
                "--measure",
                str(number),
                "--weights",
                weights,
                "--batch",
                batch,
            ],
            env=os.environ | candidate.environment,
            cwd=machine.ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired:
        return told | {"failed": f"not done in {PATIENCE} s"}
    if ended.returncode:
        return told | {"failed": (ended.stderr.strip().splitlines() or ["no message"])[-1]}
    measured: dict[str, Any] = json.loads(ended.stdout.strip().splitlines()[-1])
    return told | measured


def prepared(folder: Path) -> tuple[dict[tuple[int, int], Path], list[dict[str, float]]]:
    """Pack real radiographs; write one augmented batch per size and count, and time the thread that augments."""
    from benchmarks.training import chosen
    from pneumoscope.data.layout import distinct
    from pneumoscope.training.radiographs.packing import pack
    from pneumoscope.training.recipes import RECIPES

    radiographs = distinct(
        radiograph for radiograph in chosen(data_folder("chest_xray"), MOST) if radiograph.split == "train"
    )
    recipe = RECIPES[RECIPE]
    packed, how = pack(radiographs, folder, lambda *_: None, recipe.crop_source_size), recipe.augmentation
    batches, rates = {}, []
    for size, count in {(candidate.size, candidate.batch) for candidate in CANDIDATES}:
        x, targets, weights = next(packed.augmented(size, count, how, (0,)))
        batches[size, count] = folder / f"{size}-{count}.npz"
        np.savez(batches[size, count], x=x, targets=targets, weights=weights)
    for size in (128, 192):
        started = time.monotonic()
        made = sum(len(x) for epoch in range(5) for x, _, _ in packed.augmented(size, 32, how, (1, epoch)))
        rates.append({"size": size, "images_per_second": made / (time.monotonic() - started)})
    return batches, rates


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, default=machine.WEIGHTS, help="ImageNet weights (default: %(default)s)")
    parser.add_argument("--other-python", action="append", default=[], help="an interpreter with other backends")
    parser.add_argument("--json", type=Path, help="the record (default: that of benchmarks/results)")
    parser.add_argument("--only", help="measure anew what has this in its name; keep the record's other rows")
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--batch", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure is not None:
        print(json.dumps(measure(CANDIDATES[options.measure], str(options.weights), options.batch)))
        return

    rows: list[dict[str, Any]] = []
    earlier = json.loads((RESULTS / "training_steps.json").read_text())["rows"] if options.only else []
    with TemporaryDirectory() as name:
        batches, augmentation = prepared(Path(name))
        for number, candidate in enumerate(CANDIDATES):
            if options.only and options.only not in candidate.name:
                rows.append(earlier[number])
                continue
            rows.append(row(number, options.weights, batches[candidate.size, candidate.batch], options.other_python))
            if "failed" in rows[-1]:
                print(f"{candidate.name:40} {rows[-1]['failed']}", flush=True)
                continue
            rows[-1]["ratio"] = rows[-1]["images_per_second"] / rows[0]["images_per_second"]
            print(
                f"{candidate.name:40} {rows[-1]['images_per_second']:6.1f} images/s {rows[-1]['ratio']:5.2f}x "
                f"{rows[-1]['peak_rss_mb']:6.0f} MB  kept: {candidate.kept}",
                flush=True,
            )
    for rate in augmentation:
        need = max(r.get("images_per_second", 0) for r in rows if r["size"] == rate["size"])
        rate |= {"step_needs": need, "times_the_need": rate["images_per_second"] / need}
        print(
            f"augmentation, one thread, {rate['size']} px: {rate['images_per_second']:.0f} images/s, "
            f"{rate['times_the_need']:.0f} times what the step needs"
        )
    record = {"steps": STEPS, "rows": rows, "augmentation": augmentation}
    machine.write_record(options.json or RESULTS / "training_steps.json", record)


if __name__ == "__main__":
    main()
